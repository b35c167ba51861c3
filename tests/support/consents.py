"""Credentials with accounts, written into a database behind the program's back."""

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from analytics_sync.clock import to_milliseconds


def put_credential(home: Path, id: int, *, accounts: int = 1, **values: Any) -> None:
    """A credential of Ada's that can't be opened, for pages of business 1, which is made too."""
    row = {
        "id": id,
        "platform": "linkedin",
        "ciphertext": "sealed",
        "version": 1,
        "created_at": 0,
        "renews": 0,
        "subject": "Ada",
        **values,
    }
    page = (
        "INSERT INTO account (business_id, platform, platform_account_id, name, credential_id,"
        " discovered, created_at) VALUES (1, ?, ?, ?, ?, '{}', 0)"
    )
    with closing(sqlite3.connect(home / "analytics-sync.db")) as connection, connection:
        connection.execute(
            "INSERT OR IGNORE INTO business (id, name, timezone, created_at)"
            " VALUES (1, 'Acme', 'UTC', 0)"
        )
        connection.execute(
            f"INSERT INTO credential ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
            [to_milliseconds(v) if isinstance(v, datetime) else v for v in row.values()],
        )
        for number in range(accounts):
            place = f"urn:li:organization:{id}{number:02}"
            connection.execute(page, (row["platform"], place, f"Page {number + 1}", id))
