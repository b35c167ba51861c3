"""PostgreSQL's advisory locks: held by a session, free as soon as it dies."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import PendingRollbackError

from analytics_sync.errors import StoreUnusable
from analytics_sync.locks import Kind
from analytics_sync.store.database import Database

# The first key of each pair, so that other programs' locks in the same database don't meet ours.
SPACE: Final = 0x414E5359
SPACES: Final[dict[Kind, int]] = {
    "account": SPACE,
    "slot": SPACE + 1,
    "schedule": SPACE + 2,
    "credential": SPACE + 3,
    "run": SPACE + 4,
}
HELD: Final = """
    SELECT EXISTS (
        SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
        WHERE locktype = 'advisory' AND granted AND datname = current_database()
        AND classid::bigint = :space AND objid::bigint = :id AND objsubid = 2
    )
"""


class AdvisoryLocks:
    """`Locks` of one process, all on one connection that is kept."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None
        self._one_at_a_time = Lock()
        # A session may take the same lock twice; two threads of it must not.
        self._ours: set[tuple[Kind, int]] = set()

    @contextmanager
    def hold(self, kind: Kind, id: int) -> Iterator[bool]:
        free = self._take(kind, id)
        try:
            yield free
        finally:
            if free:
                self._release(kind, id)

    def held(self, kind: Kind, id: int) -> bool:
        with self._one_at_a_time:
            return self._ask(HELD, kind, id)

    def forget(self, kind: Kind, id: int) -> None:
        """A session that ended left nothing."""

    def close(self) -> None:
        if self._connection is not None:
            with suppress(StoreUnusable), self._database.in_words():
                self._connection.close()
            self._connection = None

    def _take(self, kind: Kind, id: int) -> bool:
        with self._one_at_a_time:
            if (kind, id) in self._ours:
                return False
            free = self._ask("SELECT pg_try_advisory_lock(:space, :id)", kind, id)
            if free:
                self._ours.add((kind, id))
            return free

    def _release(self, kind: Kind, id: int) -> None:
        # A session that broke off holds nothing any more.
        with self._one_at_a_time, suppress(StoreUnusable, PendingRollbackError):
            self._ours.discard((kind, id))
            self._ask("SELECT pg_advisory_unlock(:space, :id)", kind, id)

    def _ask(self, query: str, kind: Kind, id: int) -> bool:
        with self._database.in_words():
            if self._connection is None:
                self._connection = self._database.session()
            found = self._connection.execute(text(query), {"space": SPACES[kind], "id": id})
            return bool(found.scalar())
