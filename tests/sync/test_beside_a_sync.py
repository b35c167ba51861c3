"""Syncs, removals, purges and additions at the same time: no fault, and a consistent database."""

import asyncio
import io
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from analytics_sync.errors import Busy, CredentialRefused, WrongUsage
from analytics_sync.files.installation import import_installation
from analytics_sync.store import accounts, businesses, migrate
from analytics_sync.sync.results import RunRecord
from analytics_sync.transport.client import Counts
from support.house import House

# Rows that must have their owner.
OWNED = {
    "snapshot": ("post_id", "post"),
    "latest": ("post_id", "post"),
    "post": ("account_id", "account"),
    "account_snapshot": ("account_id", "account"),
    "account": ("business_id", "business"),
    "sync_error": ("run_id", "sync_run"),
}
CLIENTS = range(1, 5)


def crowded_house(folder: Path, database_url: str) -> House:
    house = House.of_today(folder, database_url=database_url)
    with house.opened() as opened:
        migrate.upgrade(opened.raw_database)
    for number in CLIENTS:
        house.add_business(f"Client {number}")
        house.populate("x", "linkedin", business=number, posts=5)
    return house


def repeated(act: Callable[[int], object], faults: list[BaseException], until: float) -> None:
    number = 0
    while time.monotonic() < until:
        number += 1
        try:
            act(number)
        except (Busy, WrongUsage, CredentialRefused):
            time.sleep(0.002)
        except BaseException as error:  # noqa: BLE001 - told by the test
            faults.append(error)
            return


@pytest.mark.parametrize("seconds", [2.5, pytest.param(60, marks=pytest.mark.slow)])
def test_commands_beside_two_syncs(tmp_path: Path, database_url: str, seconds: float) -> None:
    house = crowded_house(tmp_path, database_url)
    records: list[RunRecord] = []

    def sync(_: int) -> None:
        records.append(house.sync(discover_now=True))

    def purge(number: int) -> None:
        """Take a client away with all it has, and bring it back."""
        client = 1 + number % len(CLIENTS)
        with house.opened() as opened:
            with opened.database.write() as connection:
                businesses.purge(connection, client)
            with opened.database.write() as connection:
                businesses.add(
                    connection, f"Client {client}", timezone="UTC", now=house.clock.now(), id=client
                )
        for business, handle in house.simulator.handles:
            if business == client:
                house.add_account(handle, client, check=False)

    def remove(_: int) -> None:
        with house.opened() as opened, opened.database.write() as connection:
            found = accounts.listed(connection)
            if found:
                accounts.remove(connection, found[0].id, house.clock.now())

    def add(number: int) -> None:
        business, handle = house.simulator.handles[number % len(house.simulator.handles)]
        house.add_account(handle, business, check=number % 3 == 0)

    def take_in(_: int) -> None:
        with house.opened() as opened:
            import_installation(
                opened.database,
                lambda: opened.vault,
                io.BytesIO(an_installation(house)),
                now=house.clock.now(),
            )

    faults: list[BaseException] = []
    until = time.monotonic() + seconds
    threads = [
        threading.Thread(target=repeated, args=(act, faults, until))
        for act in (sync, sync, purge, remove, add, take_in)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, repr(faults)
    codes = {f.code for record in records for a in record.accounts for f in a.failures}
    assert not codes & {"internal", "unknown_credential"}
    assert records
    assert {record.outcome for record in records} <= {
        "complete",
        "partial",
        "failed",
        "nothing_due",
    }
    check_owners(house)


def an_installation(house: House) -> bytes:
    """Every client with its account on X, one post and a reading, as lines of `import`."""
    lines: list[dict[str, object]] = []
    for client, handle in house.simulator.handles:
        if handle.platform != "x":
            continue
        account = {"platform": "x", "platform_account_id": handle.platform_account_id}
        post = {"business_id": client, **account, "platform_post_id": f"199{client}"}
        published = "2026-11-20T10:00:00Z"
        lines += [
            {"type": "business", "id": client, "name": f"Client {client}"},
            {"type": "account", "business_id": client, **account, "token": handle.token},
            {"type": "post", **post, "published_at": published},
            {"type": "snapshot", **post, "captured_at": "2026-11-21T10:00:00Z", "likes": 5},
        ]
    return "\n".join(map(json.dumps, lines)).encode()


def check_owners(house: House) -> None:
    with house.opened() as opened, opened.database.read() as connection:
        for table, (column, owner) in OWNED.items():
            orphans = f"SELECT count(*) FROM {table} WHERE {column} NOT IN (SELECT id FROM {owner})"
            assert connection.execute(text(orphans)).scalar() == 0, table
        unused = (
            "SELECT count(*) FROM credential WHERE id NOT IN"
            " (SELECT credential_id FROM account WHERE credential_id IS NOT NULL)"
        )
        assert connection.execute(text(unused)).scalar() == 0


def test_a_token_that_is_replaced_after_its_account_was_chosen(tmp_path: Path) -> None:
    house = House.of_today(tmp_path)
    house.add_business()
    house.populate("x", posts=3)
    with house.opened() as opened:
        parts = opened.parts()
        with opened.database.read() as connection:
            before = accounts.listed(connection)[0]
        house.add_account(house.simulator.handles[0][1], 1)
        with pytest.raises(Busy, match="changed or removed"):
            asyncio.run(parts.tokens.access(before, Counts()))
