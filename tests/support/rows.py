"""Writes into a home's database behind the program's back."""

import sqlite3
from contextlib import closing
from pathlib import Path


def changed(home: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(home / "analytics-sync.db")) as connection:
        connection.execute(statement, values)
        connection.commit()
