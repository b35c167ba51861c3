"""Opens the database: one way to write, one to read, the same for SQLite and PostgreSQL."""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from analytics_sync.errors import Busy, ConfigurationInvalid, StoreUnusable
from analytics_sync.locks import WriteLock
from analytics_sync.settings.database import sqlite_file
from analytics_sync.store.quick import write_lock_file
from analytics_sync.store.trouble import changed_meanwhile, sqlite_unusable

BUSY_SECONDS = 30
# PostgreSQL's codes for a row that is gone or there already, and for what gave way to another.
RACES = {"23503", "23505", "40001", "40P01", "55P03"}


class Database:
    """A database by its URL.

    SQLite has two engines. The writing one takes a file lock and `BEGIN IMMEDIATE`: without the
    lock, versions up to 3.51.2 can corrupt a WAL that two processes write and reset at the same
    instant, and without IMMEDIATE a read-then-write loses updates. The reading one opens the file
    read-only, so that closing it never checkpoints outside of the lock.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        file = sqlite_file(url)
        self.path = file.absolute() if file is not None else None
        if self.path is None:
            self._writer = self._reader = _postgresql_engine(url)
            self._lock: AbstractContextManager[object] = nullcontext()
        else:
            self._writer = _sqlite_engine(self.path, writing=True)
            self._reader = _sqlite_engine(self.path, writing=False)
            self._lock = WriteLock(write_lock_file(self.path))

    @property
    def dialect(self) -> str:
        return self._writer.dialect.name

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Connection]:
        """A transaction that may write; committed at the end, undone by an exception.

        Never keep one open over an HTTP call. `durable`: once committed, it outlives a power cut
        too (else a power cut may take the last ones with it, whole).

        :raises StoreUnusable: the database can't be opened or written; says why and what to do.
        :raises Busy: another process holds it, or changed meanwhile what this is about.
        """
        with (
            self.in_words(),
            self._lock,
            self._writer.connect() as connection,
            self._synced(connection) if durable else nullcontext(),
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def _synced(self, connection: Connection) -> Iterator[None]:
        """Let a commit of this connection wait for the disk."""
        if self.path is None:
            # PostgreSQL does so unless its owner has switched it off.
            with connection.begin():
                connection.exec_driver_sql("SET SESSION synchronous_commit TO on")
            yield
            return
        # Not within a transaction, where SQLite refuses it.
        cursor = connection.connection.cursor()
        cursor.execute("PRAGMA synchronous = FULL")
        try:
            yield
        finally:
            cursor.execute("PRAGMA synchronous = NORMAL")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, and blocks no writer.

        :raises StoreUnusable: the database can't be opened or read.
        """
        with self.in_words(), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """As `read`, all of one moment, however many statements: PostgreSQL must be told so."""
        with self.in_words(), self._reader.connect() as connection:
            if self.path is None:
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    def session(self) -> Connection:
        """A connection that commits each statement, for what outlives transactions (locks)."""
        with self.in_words():
            return self._writer.connect().execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def alone(self) -> Iterator[sqlite3.Connection]:
        """SQLite's own connection outside of transactions, with every other writer kept out.

        :raises StoreUnusable: as `write`.
        :raises Busy: another process writes.
        """
        assert self.path is not None
        address = f"file:{quote(str(self.path))}?mode=rw"
        with (
            self.in_words(),
            self._lock,
            closing(
                sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
            ) as connection,
        ):
            connection.execute("PRAGMA synchronous = FULL")
            yield connection

    @contextmanager
    def in_words(self) -> Iterator[None]:
        """Say what the driver can't do in this block.

        :raises StoreUnusable: somebody must mend the database.
        :raises Busy: another process is in the way.
        """
        try:
            yield
        except DBAPIError as error:
            raise self._unusable(error.orig or error) from error
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _unusable(self, error: BaseException) -> StoreUnusable | Busy:
        if self.path is not None:
            return sqlite_unusable(str(self.path), error)
        if getattr(error, "sqlstate", None) in RACES:
            return changed_meanwhile()
        text = next(iter(str(error).strip().splitlines()), type(error).__name__)
        if "relation" in text and "does not exist" in text:
            return StoreUnusable(
                "The PostgreSQL database has none of this program's tables.",
                hint="Run `analytics-sync db upgrade`.",
            )
        return StoreUnusable(
            f"PostgreSQL refused: {text}",
            hint="Check database_url, and that the server runs and takes this user.",
        )

    def close(self) -> None:
        """Give up all connections. SQLite's last writer checkpoints here, so under the lock.

        Where that is not to be had, the end of the process closes them, which writes nothing.
        """
        self._reader.dispose()
        if self._writer.pool.checkedin():  # type: ignore[attr-defined]
            with suppress(Busy, StoreUnusable), self.in_words(), self._lock:
                self._writer.dispose()


def _sqlite_engine(path: Path, *, writing: bool) -> Engine:
    address = f"file:{quote(str(path))}?mode={'rwc' if writing else 'ro'}"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, check_same_thread=False)

    engine = create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool, pool_size=4, hide_parameters=True
    )

    def prepare(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        if writing:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")

    def begin(connection: Connection) -> None:
        connection.connection.cursor().execute("BEGIN IMMEDIATE" if writing else "BEGIN")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin)
    return engine


def _postgresql_engine(url: str) -> Engine:
    parsed = make_url(url).set(drivername="postgresql+psycopg")
    try:
        return create_engine(parsed, hide_parameters=True, connect_args={"connect_timeout": 10})
    except ModuleNotFoundError as error:
        raise ConfigurationInvalid(
            ["database_url names PostgreSQL, but its driver is not installed"],
            hint="pip install 'analytics-sync[postgres]'",
        ) from error
