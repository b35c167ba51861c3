"""Where an SQLite installation lives, so that a copy of it notices that it is one."""

import os
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from analytics_sync.errors import StoreUnusable, WrongUsage
from analytics_sync.settings.database import sqlite_file
from analytics_sync.store.light import Rows, over

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from analytics_sync.store.database import Database

# Of systemd; elsewhere D-Bus has one. Containers and other systems often have neither.
MACHINE_IDS: Final = ("/etc/machine-id", "/var/lib/dbus/machine-id")
UNKNOWN: Final = "-"


class Residence(NamedTuple):
    """A place of a database. `machine`: a digest of the machine's id, "-" where it has none.

    `file`: device and inode of the database, "-" where it is not there; they stay when a folder is
    renamed or shown elsewhere by a bind mount, and no copy has those of its original. `folder`:
    with links followed.
    """

    machine: str
    file: str
    folder: str

    @classmethod
    def of(cls, database: Path) -> Self:
        real = os.path.realpath(database)
        try:
            found = os.stat(real)  # noqa: PTH116 - the path is a text here
            file = f"{found.st_dev}:{found.st_ino}"
        except OSError:
            file = UNKNOWN
        # A name that is no text must not keep it from being written down.
        folder = os.fsencode(os.path.dirname(real)).decode(errors="backslashreplace")  # noqa: PTH120
        return cls(_machine(), file, folder)

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """None for what nobody of us wrote."""
        parts = text.split(" ", 2)
        return cls(*parts) if len(parts) == 3 else None

    def __str__(self) -> str:
        return " ".join(self)

    def is_at(self, here: "Residence") -> bool:
        """Whether this is the database that was found `here`, and no copy.

        The same machine, and the same folder or the same file. Of a machine without an id only the
        latter is asked.
        """
        if UNKNOWN not in {self.machine, here.machine} and self.machine != here.machine:
            return False
        return self.folder == here.folder or (self.file == here.file != UNKNOWN)

    def in_words(self, here: "Residence") -> str:
        """Where this is, as seen from `here`."""
        if UNKNOWN in {self.machine, here.machine}:
            return self.folder
        where = "this machine" if self.machine == here.machine else "another machine"
        return f"{self.folder} on {where}"


def stored(rows: Rows) -> Residence | None:
    """Where the database was last used; None: nowhere yet."""
    found = rows("SELECT lives_at FROM installation")
    return Residence.parse(found[0][0]) if found and found[0][0] else None


def other_home(rows: Rows, url: str) -> str | None:
    """Where the original of this database lives, in words; None when this is the original."""
    file = sqlite_file(url)
    if file is None:
        return None
    known, here = stored(rows), Residence.of(file)
    return None if known is None or known.is_at(here) else known.in_words(here)


def check(database: "Database") -> None:
    """Refuse a copy: to be asked before platforms are.

    PostgreSQL is used by many machines, and lives in one place.

    :raises StoreUnusable: the database is a copy of one that lives elsewhere.
    """
    if database.path is None:
        return
    with database.read() as connection:
        known = stored(over(connection))
    if known is not None and not known.is_at(here := Residence.of(database.path)):
        raise StoreUnusable(
            f"The database {database.path} is a copy: its original is in {known.in_words(here)}."
            " If both ran, they would use up each other's tokens.",
            hint="Stop the other one for good (`analytics-sync unschedule --all` there), then"
            " type `analytics-sync db takeover` here.",
            code="copied",
        )


def settle(database: "Database", name: str) -> None:
    """Note that the database is used where it lies, after `check`.

    `name`: of an installation that was never scheduled. One of an older release, or that was
    renamed or is mounted elsewhere, is taken as it is.
    """
    if database.path is None:
        return
    here = Residence.of(database.path)
    with database.read() as connection:
        known = stored(over(connection))
    if known != here:
        with database.write() as connection:
            put(connection, here, name)


def take_over(database: "Database", name: str) -> tuple[str | None, str]:
    """Let the database live where it lies; returns where it lived, in words, and where it is.

    :raises WrongUsage: it is not a file.
    """
    if database.path is None:
        raise WrongUsage(
            "A PostgreSQL database is used by all its machines; there is nothing to take over.",
            hint="Only SQLite files can be copied by mistake.",
        )
    here = Residence.of(database.path)
    with database.write() as connection:
        known = stored(over(connection))
        put(connection, here, name)
    before = None if known is None or known.is_at(here) else known.in_words(here)
    return before, here.folder


def put(connection: "Connection", here: Residence | None, name: str) -> None:
    """Write where it lives; None: nowhere yet."""
    from sqlalchemy import update

    from analytics_sync.store.schedules import installed
    from analytics_sync.store.tables import installation

    installed(connection, name)
    text = None if here is None else str(here)
    connection.execute(update(installation).values(lives_at=text))


def _machine() -> str:
    """Not the id itself, which is meant to stay on the machine."""
    for place in MACHINE_IDS:
        with suppress(OSError):
            text = Path(place).read_text(encoding="utf-8", errors="replace").strip()
            if text and text != "uninitialized":
                return _digest(f"analytics-sync {text}".encode())[:16]
    return UNKNOWN


def _digest(data: bytes) -> str:
    """SHA-256 in hexadecimal, without OpenSSL where Python has it built in.

    To load OpenSSL for it, as `hashlib` does, takes longer than all else that `status` asks of the
    database. The built-in one is called `_sha256` up to 3.11.
    """
    for name in ("_sha2", "_sha256"):
        with suppress(ImportError):
            return str(import_module(name).sha256(data).hexdigest())
    import hashlib

    return hashlib.sha256(data).hexdigest()
