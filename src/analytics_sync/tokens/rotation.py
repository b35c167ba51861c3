"""Seals everything anew after a new key was put first: rows, and journals of killed renewals."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from analytics_sync.errors import Busy, StoreUnusable
from analytics_sync.locks import Locks, waited_for
from analytics_sync.ownership import ONLY_OWNER
from analytics_sync.store import rotation
from analytics_sync.store.database import Database
from analytics_sync.vault import Vault

# Longer than the one request of a renewal, which holds its credential for so long.
PATIENCE: Final = 60.0
JOURNAL: Final = re.compile(r"credential-([0-9]{1,9})\.(journal|draft|unreadable)(\.rotating)?")
KEPT: Final = (".journal", ".unreadable")
# Somebody seals with the old key again and again: that can't be, so it is not waited for.
MOST_ROUNDS: Final = 5


class Resealed(NamedTuple):
    """How many rows and journals were sealed anew, and what no key opens."""

    rows: int
    journals: int
    unreadable: tuple[str, ...]


class Rotation:
    """One rotation of one installation's secrets."""

    def __init__(self, database: Database, vault: Vault, locks: Locks, folder: Path) -> None:
        self._database = database
        self._vault = vault
        self._locks = locks
        self._folder = folder
        self._rows = self._journals = 0

    def reseal(self) -> None:
        """Every secret under the newest key, in small transactions.

        Each credential's lock is taken once, also where there is nothing to do: whoever held it
        before may have sealed with an older key, and whoever takes it now sees the new one.

        :raises Busy: another process holds a credential for too long; what was done stays.
        """
        with self._database.read() as connection:
            ids = rotation.credential_ids(connection)
        for id in sorted({*ids, *self._lying()}):
            with waited_for(self._locks, "credential", id, PATIENCE):
                self._reseal_journals(id)
                self._reseal_row(id)
        self._rows += rotation.reseal_all(self._database, self._vault.reseal)

    @contextmanager
    def proven(self) -> Iterator[Resealed]:
        """Nobody can store a secret during the block, and the newest key opens all that any does.

        :raises Busy: another process keeps the database.
        """
        for _ in range(MOST_ROUNDS):
            with rotation.kept_still(self._database) as rows:
                found = rotation.sealed(rows)
                texts = [one.ciphertext for one in found] + [words[-1] for _, words in self._kept()]
                if not any(map(self._vault.reseal, texts)):
                    yield Resealed(self._rows, self._journals, tuple(self._unreadable(found)))
                    return
            self.reseal()
        raise Busy(
            "Another process goes on storing secrets under the old key.",
            hint="Run the command again when it has ended.",
        )

    def _reseal_row(self, id: int) -> None:
        with self._database.read() as connection:
            found = rotation.ciphertext(connection, id)
        if found and self._vault.reseal(found) is not None:
            with self._database.write() as connection:
                self._rows += rotation.reseal(
                    connection, self._vault.reseal, table="credential", ids=[id]
                )

    def _reseal_journals(self, id: int) -> None:
        """Under the lock: a draft that lies here was left by a process that died."""
        for path in self._files(id):
            if not path.name.endswith(KEPT):
                path.unlink(missing_ok=True)
                continue
            before = _text(path)
            after = " ".join(self._vault.reseal(word) or word for word in before.split())
            if after != " ".join(before.split()):
                _replace(path, f"{after}\n")
                self._journals += 1

    def _unreadable(self, found: list[rotation.Sealed]) -> Iterator[str]:
        opens = self._vault.can_open
        yield from (one.name for one in found if not opens(one.ciphertext))
        yield from (path.name for path, words in self._kept() if not opens(words[-1]))

    def _kept(self) -> Iterator[tuple[Path, list[str]]]:
        """The journals that lie there, with their words, of which the last one is the secret."""
        for _, path in self._named():
            if path.name.endswith(KEPT) and (words := _text(path).split()):
                yield path, words

    def _lying(self) -> set[int]:
        return {id for id, _ in self._named()}

    def _files(self, id: int) -> list[Path]:
        return [path for found, path in self._named() if found == id]

    def _named(self) -> Iterator[tuple[int, Path]]:
        if not self._folder.is_dir():
            return
        for path in sorted(self._folder.iterdir()):
            match = JOURNAL.fullmatch(path.name)
            if match is not None:
                yield int(match[1]), path


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii", errors="replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise _unusable(path, error) from error


def _replace(path: Path, text: str) -> None:
    """Whole and durable, for the same user alone."""
    draft = path.with_name(f"{path.name}.rotating")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    try:
        was = path.stat()
        with os.fdopen(os.open(draft, flags, ONLY_OWNER), "w", encoding="ascii") as file:
            if os.geteuid() == 0:
                os.fchown(file.fileno(), was.st_uid, was.st_gid)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: OSError) -> StoreUnusable:
    return StoreUnusable(
        f"The journal {path} can't be sealed anew: {error.strerror}.",
        hint="Run the command as the user who owns it, then again; nothing was dropped.",
    )
