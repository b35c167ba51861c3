"""Seals secrets for one owner and opens them again."""

import json
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from analytics_sync.errors import CredentialRefused
from analytics_sync.vault.keys import Keys

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

Owner = Mapping[str, int | str]


class Vault:
    """Encrypts with the newest key, decrypts with any. Its `repr` shows no key.

    The owner (table and id, as in `{"credential": 5}`) is sealed inside, because Fernet binds a
    ciphertext to nothing: copied into another row it must not open.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def seal(self, owner: Owner, secret: Mapping[str, Any]) -> str:
        """The ciphertext, ASCII text, of a secret with JSON values."""
        plain = json.dumps({"owner": dict(owner), "secret": dict(secret)}, separators=(",", ":"))
        return self._fernet.encrypt(plain.encode()).decode("ascii")

    def open(self, owner: Owner, ciphertext: str) -> dict[str, Any]:
        """The secret that was sealed for this owner.

        :raises CredentialRefused: sealed with another key, for another owner, or altered.
        """
        from cryptography.fernet import InvalidToken

        whose = " ".join(f"{table} {number}" for table, number in owner.items())
        try:
            sealed = json.loads(self._fernet.decrypt(ciphertext.encode("utf-8")))
        except (InvalidToken, ValueError):
            raise CredentialRefused(
                f"The secret of {whose} can't be decrypted with the key from {self._keys.where}.",
                hint="Put the key that it was encrypted with back, as a further line of the key "
                "file, or connect the account again.",
            ) from None
        if not isinstance(sealed, dict) or sealed.get("owner") != dict(owner):
            raise CredentialRefused(
                f"The secret stored for {whose} belongs to another row.",
                hint="The database was edited or merged by hand; connect the account again.",
            )
        return dict(sealed["secret"])

    @cached_property
    def _fernet(self) -> "MultiFernet":
        from cryptography.fernet import Fernet, MultiFernet

        return MultiFernet([Fernet(key) for key in self._keys.texts])
