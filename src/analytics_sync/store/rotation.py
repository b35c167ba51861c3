"""Seals every stored secret anew, and proves that nothing is left which an old key must open."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from sqlalchemy import Connection, select, text, update

from analytics_sync.errors import Busy, StoreUnusable
from analytics_sync.store.database import Database
from analytics_sync.store.light import Rows, over
from analytics_sync.store.statements import pieces
from analytics_sync.store.tables import app, credential

log = logging.getLogger(__name__)

# Gives the text under the newest key; None where it is so already, or nobody can open it.
Reseal = Callable[[str], str | None]
TABLES: Final = {"credential": credential, "app": app}
SEALED: Final = """
    SELECT 'credential', id, ciphertext FROM credential WHERE ciphertext <> ''
    UNION ALL SELECT 'app', id, ciphertext FROM app WHERE ciphertext <> ''
"""


class Sealed(NamedTuple):
    """A row with a secret."""

    table: str
    id: int
    ciphertext: str

    @property
    def name(self) -> str:
        return f"{self.table} {self.id}"


def sealed(rows: Rows) -> list[Sealed]:
    """All rows with a secret."""
    return [Sealed(*row) for row in rows(SEALED)]


def any_sealed(connection: Connection) -> bool:
    """Whether there is a ciphertext that only the key of its time opens."""
    return bool(over(connection)(f"{SEALED} LIMIT 1"))


def credential_ids(connection: Connection) -> list[int]:
    return list(connection.execute(select(credential.c.id).order_by(credential.c.id)).scalars())


def ciphertext(connection: Connection, id: int) -> str | None:
    """The secret of a credential; None: there is no such credential any more."""
    query = select(credential.c.ciphertext).where(credential.c.id == id)
    found = connection.execute(query).scalar()
    return None if found is None else str(found)


def reseal(connection: Connection, reseal: Reseal, *, table: str, ids: list[int]) -> int:
    """Seal the secrets of some rows anew, if they still are what was read; returns how many."""
    it, changed = TABLES[table], 0
    for some in pieces(ids):
        query = select(it.c.id, it.c.ciphertext).where(it.c.id.in_(some))
        for id, before in connection.execute(query).all():
            after = reseal(before) if before else None
            if after is not None:
                statement = update(it).where(it.c.id == id, it.c.ciphertext == before)
                changed += connection.execute(statement.values(ciphertext=after)).rowcount
    return changed


def reseal_all(database: Database, reseal_one: Reseal) -> int:
    """What is still under another key than the newest."""
    with database.write(durable=True) as connection:
        left = [one for one in sealed(over(connection)) if reseal_one(one.ciphertext) is not None]
        return sum(
            reseal(
                connection,
                reseal_one,
                table=name,
                ids=[one.id for one in left if one.table == name],
            )
            for name in TABLES
        )


@contextmanager
def kept_still(database: Database) -> Iterator[Rows]:
    """Nobody stores a secret during the block, and what was replaced before is gone from the file.

    SQLite's file is written anew and its WAL emptied, which also brings to the disk all that was
    committed; PostgreSQL's tables are locked.

    :raises Busy: a reader keeps the WAL from being emptied; or another process holds the tables.
    """
    if database.path is None:
        with database.write() as connection:
            connection.execute(text("SET LOCAL lock_timeout = '30s'"))
            connection.execute(text("LOCK TABLE credential, app IN SHARE ROW EXCLUSIVE MODE"))
            yield over(connection)
        return
    with database.alone() as raw:
        raw.execute("VACUUM")
        if raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            raise Busy(
                f"Another program reads {database.path} and keeps old content in its WAL.",
                hint="Close database tools, then run the command again.",
            )
        yield lambda query, *values: raw.execute(query, values).fetchall()


def clean_postgresql(database: Database) -> None:
    """The same for the tables of secrets in PostgreSQL; not for its WAL, which is its owner's.

    Where others keep the tables, the server does it by itself in time.
    """
    try:
        with database.session() as connection, database.in_words():
            connection.exec_driver_sql("SET lock_timeout = '10s'")
            for name in TABLES:
                connection.exec_driver_sql(f"VACUUM FULL {name}")
            connection.exec_driver_sql("RESET lock_timeout")
    except (Busy, StoreUnusable) as error:
        log.warning("old rows stay in PostgreSQL's files for a while: %s", error.message)
