"""Puts a backup in the place of the database, and never an older token over a newer one."""

import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from sqlalchemy import Connection, func, insert, select, update

from analytics_sync.errors import WrongUsage
from analytics_sync.ownership import ONLY_OWNER, open_or_make
from analytics_sync.store.backup import FACTS, ROWS_AT_ONCE
from analytics_sync.store.database import BUSY_SECONDS, Database
from analytics_sync.store.migrate import refuse_unknown, upgrade
from analytics_sync.store.quick import sqlite_revision
from analytics_sync.store.statements import follow_sequence
from analytics_sync.store.tables import account, app, credential, metadata, sync_run
from analytics_sync.store.trouble import sqlite_unusable

# What goes along with a secret: all that is known of the consent now.
OF_THE_SECRET: Final = (
    "version",
    "scopes",
    "expires_at",
    "refused_at",
    "refused_reason",
    "renews",
    "renew_until",
    "foretold",
    "tried_at",
)


class Present(NamedTuple):
    """A credential or app of the database that is restored over. `app`: how to find its app again."""

    row: Mapping[str, Any]
    app: tuple[str, str] | None


SCRATCH: Final = ".restore-"
# Seals a secret for another row: `move(table, from id, to id, ciphertext)`; None where it can't.
Move = Callable[[str, int, int, str], str | None]


def inspect(file: Path) -> dict[str, Any]:
    """What a backup tells of itself; {} for a plain copy of a database.

    :raises WrongUsage: there is no such file, or no database of ours in it.
    :raises StoreUnusable: a newer release wrote it, or it is damaged.
    """
    if not file.is_file():
        raise WrongUsage(f"There is no file {file}.", hint="Name a file that `db backup` wrote.")
    try:
        found = sqlite_revision(file)
        if found is None:
            raise WrongUsage(f"{file} is empty.", hint="Name a file that `db backup` wrote.")
        refuse_unknown(found)
        address = f"file:{quote(str(file))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("malformed")
            known = f"SELECT count(*) FROM sqlite_master WHERE name = '{FACTS}'"  # noqa: S608
            if not connection.execute(known).fetchone()[0]:
                return {}
            rows = connection.execute(f"SELECT name, value FROM {FACTS}").fetchall()  # noqa: S608
            return {name: json.loads(value) for name, value in rows}
    except sqlite3.Error as error:
        raise sqlite_unusable(str(file), error) from error


@contextmanager
def draft_of(file: Path, folder: Path) -> Iterator[Database]:
    """A copy of the backup with this release's schema, in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=folder) as scratch:
        copy = Path(scratch, "draft.db")
        shutil.copyfile(file, copy)
        wal = file.with_name(f"{file.name}-wal")
        if wal.exists():
            shutil.copyfile(wal, copy.with_name("draft.db-wal"))
        database = Database(f"sqlite:///{copy}")
        try:
            upgrade(database)
            with database.write() as connection:
                connection.exec_driver_sql(f"DROP TABLE IF EXISTS {FACTS}")
            yield database
        finally:
            database.close()


def sweep(folder: Path) -> None:
    """Remove what restores left that were killed; while nobody else restores."""
    for scratch in folder.glob(f"{SCRATCH}*"):
        shutil.rmtree(scratch, ignore_errors=True)


def anything(database: Database) -> bool:
    """Whether there is something in a database that a restore would replace."""
    with database.read() as connection:
        return any(
            connection.execute(select(table).limit(1)).first() is not None
            for table in metadata.sorted_tables
            if table.name not in {"installation", "alembic_version"}
        )


def unended(connection: Connection) -> list[int]:
    """Runs without an outcome: they go on, or were killed."""
    query = select(sync_run.c.id).where(sync_run.c.outcome.is_(None))
    return list(connection.execute(query).scalars())


def accounts_and_credentials(connection: Connection) -> tuple[list[int], list[int]]:
    return (
        list(connection.execute(select(account.c.id)).scalars()),
        list(connection.execute(select(credential.c.id)).scalars()),
    )


def secrets_in(connection: Connection) -> dict[str, list[Present]]:
    """All credentials and apps with what tells them from others."""
    apps = {row["id"]: dict(row) for row in connection.execute(select(app)).mappings()}
    names = {id: (row["platform"], row["client_id"]) for id, row in apps.items()}
    return {
        "app": [Present(row, names[id]) for id, row in apps.items()],
        "credential": [
            Present(dict(row), names.get(row["app_id"]))
            for row in connection.execute(select(credential)).mappings()
        ],
    }


def keep_newer(draft: Connection, present: Mapping[str, list[Present]], move: Move) -> list[int]:
    """Keep every secret of the present database that is newer; returns of which credentials.

    A credential is the same if it is of the same person through the same app, or has the same id
    and the same birth.
    """
    restored = secrets_in(draft)
    for one in restored["app"]:
        there = next((it for it in present["app"] if it.app == one.app), None)
        if there is not None and there.row["ciphertext"]:
            text = move("app", there.row["id"], one.row["id"], there.row["ciphertext"])
            if text is not None:
                _set(draft, "app", one.row["id"], {"ciphertext": text})
    return [
        one.row["id"] for one in restored["credential"] if _kept_newer(draft, one, present, move)
    ]


def _kept_newer(
    draft: Connection, one: Present, present: Mapping[str, list[Present]], move: Move
) -> bool:
    there = _newest([it for it in present["credential"] if _is_same(it, one)])
    if there is None or not there.row["ciphertext"]:
        return False
    if one.row["ciphertext"] and there.row["version"] < one.row["version"]:
        return False
    text = move("credential", there.row["id"], one.row["id"], there.row["ciphertext"])
    if text is None:
        return False
    values = {name: there.row[name] for name in OF_THE_SECRET}
    values["version"] = max(values["version"], one.row["version"])
    _set(draft, "credential", one.row["id"], {**values, "ciphertext": text})
    return True


def reseal_draft(draft: Connection, reseal: Callable[[str], str | None]) -> None:
    """Seal what the backup's own key opens with the one of this installation."""
    for name, rows in secrets_in(draft).items():
        for one in rows:
            text = reseal(one.row["ciphertext"]) if one.row["ciphertext"] else None
            if text is not None:
                _set(draft, name, one.row["id"], {"ciphertext": text})


def _set(draft: Connection, name: str, id: int, values: Mapping[str, Any]) -> None:
    table = metadata.tables[name]
    draft.execute(update(table).where(table.c.id == id).values(dict(values)))


def _is_same(one: Present, other: Present) -> bool:
    if one.row["platform"] != other.row["platform"]:
        return False
    person = one.row["subject_id"]
    if person is not None and person == other.row["subject_id"] and one.app == other.app:
        return True
    return all(one.row[name] == other.row[name] for name in ("id", "created_at"))


def _newest(found: list[Present]) -> Present | None:
    return max(found, key=lambda one: int(one.row["version"]), default=None)


def replace_sqlite(draft: Path, path: Path, now: datetime, *, sound: bool) -> Path | None:
    """Put a draft's content in the place of a file's; returns where that one is kept.

    In one transaction of the file itself, so that programs which have it open go on with it, and a
    kill leaves what was there. One that is not `sound` is moved aside instead.

    :raises StoreUnusable: it can't be written; what was there is as it was.
    """
    if not path.exists():
        _put(draft, path)
        return None
    kept = _kept(path, now)
    if not sound:
        _move_aside(path, kept)
        _put(draft, path)
        return kept
    target = Database(f"sqlite:///{path}")
    try:
        with target.alone() as raw, closing(_reading(draft)) as source:
            os.close(open_or_make(kept, os.O_RDWR))
            with closing(sqlite3.connect(kept)) as copy:
                raw.backup(copy)
            source.backup(raw)
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except BaseException:
        kept.unlink(missing_ok=True)
        raise
    finally:
        target.close()
    return kept


def _kept(path: Path, now: datetime) -> Path:
    """A name that is free; it is no `.db`."""
    for number in count(1):
        more = f"-{number}" if number > 1 else ""
        name = f"{path.name}.before-restore-{now:%Y%m%dT%H%M%SZ}{more}.bak"
        if not path.with_name(name).exists():
            return path.with_name(name)
    raise AssertionError


def _put(draft: Path, path: Path) -> None:
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.chown(draft, folder.st_uid, folder.st_gid)
    draft.chmod(ONLY_OWNER)
    draft.replace(path)


def _move_aside(path: Path, kept: Path) -> None:
    path.replace(kept)
    for ending in ("-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + ending).replace(kept.with_name(kept.name + ending))


def replace_postgresql(draft: Database, target: Connection) -> None:
    """The same within a transaction of the target; every table is emptied first."""
    tables = metadata.sorted_tables
    names = ", ".join(f'"{table.name}"' for table in tables)
    target.exec_driver_sql(f"TRUNCATE {names}")
    with draft.read() as source:
        for table in _parents_first():
            found = source.execution_options(yield_per=ROWS_AT_ONCE).execute(select(table))
            for page in found.mappings().partitions():
                target.execute(insert(table), [dict(row) for row in page])
            if "id" in table.c and table.name != "installation":
                rows = target.execute(select(func.count()).select_from(table)).scalar_one()
                if rows:
                    follow_sequence(target, table)


def _parents_first() -> list[Any]:
    """The schema knows which table points to which; those of the queries don't."""
    from sqlmodel import SQLModel

    import analytics_sync.store.schema  # noqa: F401 - fills the metadata

    return [metadata.tables[table.name] for table in SQLModel.metadata.sorted_tables]


def _reading(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=BUSY_SECONDS)
