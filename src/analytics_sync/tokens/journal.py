"""A renewed token on disk before anything else is done with it, so that no kill can lose it.

One file a credential, `credential-N.journal`: the version of the row that it was renewed from, a
space, and the sealed token. It is there only between the platform's answer and the commit; one that
is found was left by a process that died in between.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from analytics_sync.domain.credentials import Token
from analytics_sync.errors import ConfigurationInvalid, CredentialRefused
from analytics_sync.ownership import make_folder, open_or_make
from analytics_sync.tokens.sealing import opened, sealed
from analytics_sync.vault import Vault

ENDING: Final = ".journal"
NAME: Final = re.compile(r"credential-([0-9]{1,9})\.")
# Taken on the disk before a token is spent: more than any sealed token needs.
ROOM: Final = 65_536


class Entry(NamedTuple):
    """A renewed token, with what tells the one that it replaces."""

    token: Token
    replaces: str


class Journal:
    """The journals of one installation. Whoever uses one holds the lock of its credential."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        self.folder = folder
        self._vault = vault

    def path(self, credential_id: int) -> Path:
        return self.folder / f"credential-{credential_id}{ENDING}"

    @contextmanager
    def draft(self, credential_id: int) -> Iterator["Draft"]:
        """A file with room for a token, to be opened before a token is spent.

        :raises ConfigurationInvalid: nothing can be written here.
        """
        path = self.path(credential_id).with_suffix(".draft")
        try:
            make_folder(self.folder)
            descriptor = open_or_make(path, os.O_RDWR | os.O_TRUNC)
        except OSError as error:
            raise _unusable(path, error) from error
        try:
            _take_room(path, descriptor)
            yield Draft(self, credential_id, path, descriptor, self._vault)
        finally:
            os.close(descriptor)
            path.unlink(missing_ok=True)

    def read(self, credential_id: int, version: int) -> Entry | None:
        """What a process left that died; None: nothing, or only what is of no use any more.

        `version`: of the row as it is now.

        :raises CredentialRefused: it may hold the only good token, and can't be decrypted.
        """
        path = self.path(credential_id)
        try:
            text = path.read_text("ascii")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            text = ""
        told, _, ciphertext = text.strip().partition(" ")
        if not told.isdecimal():
            self._set_aside(path)
            return None
        try:
            secret = self._vault.open(_owner(credential_id, int(told)), ciphertext)
            return Entry(opened(secret["token"]), str(secret["replaces"]))
        except (CredentialRefused, KeyError, TypeError, ValueError):
            if int(told) < version:
                # The row was replaced since, so that nobody needs it.
                self._set_aside(path)
                return None
        raise CredentialRefused(
            f"The renewed token in {path} can't be decrypted with the key in use.",
            hint="Put the key that it was encrypted with back, as a further line of the key file, "
            "or connect the account again.",
        )

    def remove(self, credential_id: int) -> None:
        """The token is in the database, or of no use. One that cannot be removed does no harm."""
        with suppress(OSError):
            self.path(credential_id).unlink()

    def lies(self, credential_id: int) -> bool:
        """Whether there is one."""
        return self.path(credential_id).exists()

    def known(self) -> set[int]:
        """The credentials of which anything lies here."""
        if not self.folder.is_dir():
            return set()
        names = (NAME.match(path.name) for path in self.folder.iterdir())
        return {int(name[1]) for name in names if name is not None}

    def forget(self, credential_id: int) -> None:
        """Remove all that lies here of a credential that is gone."""
        for path in self.folder.glob(f"credential-{credential_id}.*"):
            with suppress(OSError):
                path.unlink()

    def _set_aside(self, path: Path) -> None:
        with suppress(OSError):
            path.rename(path.with_suffix(".unreadable"))


class Draft(NamedTuple):
    """An open file that becomes the journal when the token is in it, whole and durable."""

    journal: Journal
    credential_id: int
    path: Path
    descriptor: int
    vault: Vault

    def put(self, version: int, token: Token, replaced: Token) -> None:
        """Seal the successor of the row's token and let no power cut take it.

        :raises OSError: the disk refuses it.
        """
        secret = {"token": sealed(token), "replaces": fingerprint(replaced)}
        ciphertext = self.vault.seal(_owner(self.credential_id, version), secret)
        line = f"{version} {ciphertext}\n".encode("ascii")
        os.pwrite(self.descriptor, line, 0)
        os.ftruncate(self.descriptor, len(line))
        os.fsync(self.descriptor)
        self.path.rename(self.journal.path(self.credential_id))
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def fingerprint(token: Token) -> str:
    """Tells one token from another; kept only within a sealed text."""
    both = f"{token.access_token}\n{token.refresh_token or ''}"
    return hashlib.sha256(both.encode()).hexdigest()


def _owner(credential_id: int, version: int) -> dict[str, int | str]:
    return {"credential": credential_id, "journal": version}


def _take_room(path: Path, descriptor: int) -> None:
    """Let a full disk be met before a token is spent, and not after."""
    try:
        os.pwrite(descriptor, bytes(ROOM), 0)
    except OSError as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: OSError) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        [f"No token is renewed, because its journal {path} can't be written: {error.strerror}."],
        hint="Make room, and run the command as the user who owns the folder.",
    )
