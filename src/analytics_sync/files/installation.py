"""Imports a whole installation: businesses, accounts with tokens, posts and past readings."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from analytics_sync.errors import WrongUsage
from analytics_sync.files import values
from analytics_sync.files.directory import Directory
from analytics_sync.files.history import History
from analytics_sync.files.lines import Lines, Stream
from analytics_sync.files.outcome import Outcome, Refusal, Refused, shown
from analytics_sync.files.owners import Owners
from analytics_sync.files.posts import BATCH, LONGEST_BATCH, EditedPosts
from analytics_sync.files.records import Record, json_records
from analytics_sync.store import businesses
from analytics_sync.store.database import Database
from analytics_sync.vault import Vault


def import_installation(
    database: Database,
    open_vault: Callable[[], Vault],
    stream: Stream,
    *,
    now: datetime,
    keep: int | None = None,
) -> Outcome:
    """Take in what an old installation held, line by line; ids of the old system are kept.

    A line may refer to an earlier one only. What is known stays as it is, so that importing
    twice changes nothing. The vault is opened at the first token. `keep`: as in `Outcome`.
    """
    outcome = Outcome(keep)
    directory = Directory.of(database)
    owners = Owners(directory, open_vault, now)
    history = History(owners, EditedPosts(database), outcome, now)
    for batch in _batches(json_records(Lines(stream)), outcome):
        with database.write() as connection:
            for record in batch:
                _take(connection, record, directory, owners, history, outcome, now)
            history.flush(connection)
    return outcome


def _batches(found: Iterable[Record | Refusal], outcome: Outcome) -> Iterator[list[Record]]:
    """Portions that are stored in one transaction."""
    batch: list[Record] = []
    size = 0
    for record in found:
        if isinstance(record, Refusal):
            outcome.refuse(record.line, record.field, record.message)
            continue
        batch.append(record)
        size += sum(len(value) for value in record.fields.values() if isinstance(value, str))
        if len(batch) >= BATCH or size >= LONGEST_BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _take(
    connection: Connection,
    record: Record,
    directory: Directory,
    owners: Owners,
    history: History,
    outcome: Outcome,
    now: datetime,
) -> None:
    try:
        match _type(record.fields):
            case "business":
                outcome.take(1, _business(connection, record.fields, directory, now))
            case "account":
                outcome.take(1, owners.account_line(connection, record.fields))
            case "post":
                history.post_line(record)
            case _:
                history.snapshot_line(connection, record)
    except Refused as refused:
        outcome.refuse(record.line, refused.field, refused.message)


def _type(fields: Mapping[str, Any]) -> str:
    """What a line is. The lines of an export say no type: they are snapshots."""
    said = values.word(fields, "type")
    if said is None and "captured_at" in fields:
        return "snapshot"
    if said is None:
        raise Refused("type", "type is missing: business, account, post or snapshot.")
    if said not in {"business", "account", "post", "snapshot"}:
        raise Refused("type", f"type {shown(said)} is not business, account, post or snapshot.")
    return said


def _business(
    connection: Connection, fields: Mapping[str, Any], directory: Directory, now: datetime
) -> bool:
    """Make a business; whether there was none yet."""
    id, name = values.id_of(fields, "id"), values.needed(fields, "name")
    zone = values.zone(fields) or "UTC"
    known = directory.known_business(id, name)
    if known is not None and known.name != name:
        raise Refused("id", f"The id {id} belongs to the business {shown(known.name)}.")
    if known is not None:
        return False
    try:
        made = businesses.add(connection, name, timezone=zone, now=now, id=id)
    except WrongUsage as error:
        field = "id" if error.message.startswith("The id") else "name"
        raise Refused(field, f"{error.message} {error.hint}") from None
    directory.add_businesses([made])
    return True
