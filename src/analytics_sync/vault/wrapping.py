"""Keys encrypted with a passphrase, for a backup that is to be of use on its own."""

import base64
import hashlib
import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

from analytics_sync.errors import WrongUsage

# scrypt as OWASP's password storage cheat sheet has it: 128 MiB and some tenths of a second.
COST: Final = 2**17
BLOCK: Final = 8
PARALLEL: Final = 1
# Of a file that somebody else may have written.
MOST_MEMORY: Final = 2**30


def wrap(keys: Sequence[str], passphrase: str) -> dict[str, Any]:
    """The keys as JSON values that only the passphrase opens."""
    from cryptography.fernet import Fernet

    made = {
        "kdf": "scrypt",
        "n": COST,
        "r": BLOCK,
        "p": PARALLEL,
        "salt": base64.b64encode(os.urandom(16)).decode(),
    }
    sealed = Fernet(_derived(made, passphrase)).encrypt("\n".join(keys).encode())
    return {**made, "keys": sealed.decode("ascii")}


def unwrap(wrapped: Mapping[str, Any], passphrase: str, where: str) -> tuple[str, ...]:
    """The keys. `where`: what they were wrapped in, for the words of an error.

    :raises WrongUsage: the passphrase is another one, or the values were altered.
    """
    from cryptography.fernet import Fernet, InvalidToken

    try:
        text = Fernet(_derived(wrapped, passphrase)).decrypt(str(wrapped["keys"]).encode())
    except InvalidToken:
        raise WrongUsage(
            f"The passphrase does not open the key in {where}.",
            hint="Give the one that the backup was made with; a space or a line break counts too.",
            code="passphrase_wrong",
        ) from None
    except (KeyError, TypeError, ValueError) as error:
        raise WrongUsage(
            f"The key in {where} is damaged: {error}.",
            hint="Take another backup, or restore without a passphrase and put the key file back.",
            code="passphrase_wrong",
        ) from None
    return tuple(text.decode("ascii").split())


def _derived(wrapped: Mapping[str, Any], passphrase: str) -> bytes:
    """:raises ValueError: parameters that nobody of us wrote."""
    if wrapped["kdf"] != "scrypt":
        raise ValueError(f"{wrapped['kdf']!r} is unknown")
    derived = hashlib.scrypt(
        passphrase.encode(),
        salt=base64.b64decode(wrapped["salt"]),
        n=wrapped["n"],
        r=wrapped["r"],
        p=wrapped["p"],
        maxmem=MOST_MEMORY,
        dklen=32,
    )
    return base64.urlsafe_b64encode(derived)
