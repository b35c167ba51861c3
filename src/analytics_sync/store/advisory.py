"""PostgreSQL's advisory locks on accounts: held by a session, free as soon as it dies."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock

from sqlalchemy import Connection, text

from analytics_sync.errors import StoreUnusable
from analytics_sync.store.database import Database

# The first key of each pair, so that other programs' locks in the same database don't meet ours.
SPACE = 0x414E5359


class AdvisoryLocks:
    """Locks of one process, all on one connection that is kept for the run."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None
        self._one_at_a_time = Lock()

    @contextmanager
    def hold(self, account_id: int) -> Iterator[bool]:
        """Try to take the account for the block; gives whether it worked."""
        free = self._ask("SELECT pg_try_advisory_lock(:space, :id)", account_id)
        try:
            yield free
        finally:
            if free:
                # A session that broke off holds nothing any more.
                with suppress(StoreUnusable):
                    self._ask("SELECT pg_advisory_unlock(:space, :id)", account_id)

    def close(self) -> None:
        if self._connection is not None:
            with suppress(StoreUnusable), self._database.in_words():
                self._connection.close()
            self._connection = None

    def _ask(self, query: str, account_id: int) -> bool:
        with self._one_at_a_time, self._database.in_words():
            if self._connection is None:
                self._connection = self._database.session()
            found = self._connection.execute(text(query), {"space": SPACE, "id": account_id})
            return bool(found.scalar())
