"""Seals secrets for one owner and opens them again."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from analytics_sync.errors import CredentialRefused
from analytics_sync.vault.keys import Keys
from analytics_sync.vault.source import Identity, KeySource

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

Owner = Mapping[str, int | str]


class Box(NamedTuple):
    """Keys with what encrypts by them, and the identity of their file as it was when read."""

    keys: Keys
    fernet: "MultiFernet"
    identity: Identity | None


class Vault:
    """Encrypts with the newest key, decrypts with any. Its `repr` shows no key.

    The owner (table and id, as in `{"credential": 5}`) is sealed inside, because Fernet binds a
    ciphertext to nothing: copied into another row it must not open.

    With a `source` it follows rotations by other processes. So that no ciphertext outlives its key,
    seal where the rotation waits: inside the writing transaction that stores the row, or under the
    credential's lock.
    """

    def __init__(self, keys: Keys, source: KeySource | None = None) -> None:
        self._source = source
        self._found = keys
        self._made: Box | None = None

    @property
    def keys(self) -> Keys:
        """The keys as they were last found."""
        return self._found if self._made is None else self._made.keys

    def seal(self, owner: Owner, secret: Mapping[str, Any]) -> str:
        """The ciphertext, ASCII text, of a secret with JSON values."""
        plain = json.dumps({"owner": dict(owner), "secret": dict(secret)}, separators=(",", ":"))
        return self._newest().fernet.encrypt(plain.encode()).decode("ascii")

    def open(self, owner: Owner, ciphertext: str) -> dict[str, Any]:
        """The secret that was sealed for this owner.

        :raises CredentialRefused: sealed with another key, for another owner, or altered.
        """
        whose = " ".join(f"{table} {number}" for table, number in owner.items())
        try:
            sealed = json.loads(self._opened(ciphertext))
        except ValueError:
            raise self._refusal(whose, ciphertext) from None
        if not isinstance(sealed, dict) or sealed.get("owner") != dict(owner):
            raise CredentialRefused(
                f"The secret stored for {whose} belongs to another row.",
                hint="The database was edited or merged by hand; connect the account again.",
            )
        return dict(sealed["secret"])

    def reseal(self, ciphertext: str) -> str | None:
        """The same secret under the newest key; None when it is so already, or nobody can open it."""
        from cryptography.fernet import InvalidToken

        box = self._newest()
        if opens(box.keys.texts[0], ciphertext):
            return None
        try:
            return box.fernet.rotate(ciphertext.encode()).decode("ascii")
        except (InvalidToken, ValueError):
            return None

    def can_open(self, ciphertext: str) -> bool:
        """Whether one of the keys opens it, whoever owns it."""
        return any(opens(key, ciphertext) for key in self.keys.texts)

    def _opened(self, ciphertext: str) -> bytes:
        """:raises ValueError: no key opens it."""
        from cryptography.fernet import InvalidToken

        text, box = ciphertext.encode("utf-8"), self._box()
        try:
            return box.fernet.decrypt(text)
        except InvalidToken:
            rotated = self._source.rotated(box.keys) if self._source is not None else None
            if rotated is None:
                raise ValueError from None
        self._made = _box(rotated, None)
        try:
            return self._made.fernet.decrypt(text)
        except InvalidToken:
            raise ValueError from None

    def _newest(self) -> Box:
        """With the keys that stand in the file now."""
        box = self._box()
        # Before the file is read: if it changes meanwhile, it is read again.
        identity = None if self._source is None else self._source.identity(box.keys)
        if self._source is None or identity == box.identity:
            return box
        # A file that is away, or damaged, must not cost a token that was just given.
        keys = self._source.rotated(box.keys)
        self._made = box._replace(identity=identity) if keys is None else _box(keys, identity)
        return self._made

    def _box(self) -> Box:
        if self._made is None:
            self._made = _box(self._found, None)
        return self._made

    def _refusal(self, whose: str, ciphertext: str) -> CredentialRefused:
        if not ciphertext:
            return CredentialRefused(
                f"There is no secret of {whose}: it was restored from a backup without secrets.",
                hint="Connect the account again; its history is kept.",
            )
        return CredentialRefused(
            f"The secret of {whose} can't be decrypted with the key from {self.keys.where}.",
            hint="Put the key that it was encrypted with back, as a further line of the key "
            "file, or connect the account again.",
        )


def opens(key: str, ciphertext: str) -> bool:
    """Whether this key alone opens it."""
    from cryptography.fernet import Fernet, InvalidToken

    try:
        Fernet(key).decrypt(ciphertext.encode("utf-8"))
    except (InvalidToken, ValueError):
        return False
    return True


def _box(keys: Keys, identity: Identity | None) -> Box:
    from cryptography.fernet import Fernet, MultiFernet

    return Box(keys, MultiFernet([Fernet(key) for key in keys.texts]), identity)
