"""Rotates the keys of a key file: a new one is put first, and at the end the old ones are dropped.

Each step replaces the file as a whole, so that a kill leaves what was before or what comes after.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from analytics_sync.domain.key_mark import ROTATING
from analytics_sync.errors import ConfigurationInvalid
from analytics_sync.vault.keys import Keys, keys_of_file, make_durable, new_key

ONLY_OWNER: Final = 0o600


def is_rotating(key_file: Path) -> bool:
    """Whether a rotation was begun and not finished.

    :raises ConfigurationInvalid: the file can't be read.
    """
    try:
        return ROTATING in key_file.read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return False
    except (OSError, UnicodeDecodeError) as error:
        raise _unwritable(key_file, error) from error


def begin(key_file: Path) -> Keys:
    """Put a new key before the others, unless a rotation that was broken off has done so.

    :raises ConfigurationInvalid: there is no file, or it can't be read or replaced.
    """
    keys = _present(key_file)
    if is_rotating(key_file):
        return keys
    _replace(key_file, [new_key(), *keys.texts, ROTATING])
    return _present(key_file)


def finish(key_file: Path, newest: str) -> None:
    """Keep the newest key alone. Only when nothing is left that the others must open.

    :raises ConfigurationInvalid: the file can't be replaced, or somebody else has changed it.
    """
    if _present(key_file).texts[0] != newest:
        raise ConfigurationInvalid(
            [f"The key file {key_file} was changed by something else while its key was rotated."],
            hint="Nothing was dropped. Look at it, then run `analytics-sync key rotate` again.",
        )
    _replace(key_file, [newest])


def _present(key_file: Path) -> Keys:
    keys = keys_of_file(key_file)
    if keys is None:
        raise ConfigurationInvalid(
            [f"There is no key file {key_file}."], hint="`analytics-sync init` makes one."
        )
    return keys


def _replace(key_file: Path, lines: list[str]) -> None:
    """Put another file in its place, which belongs to the same user and only that user reads."""
    real = key_file.resolve()
    # Always the same name: what a kill leaves is replaced by the next rotation.
    draft = real.with_name(f"{real.name}.rotating")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, flags, ONLY_OWNER), "w", encoding="ascii") as file:
            if os.geteuid() == 0:
                was = real.stat()
                os.fchown(file.fileno(), was.st_uid, was.st_gid)
            file.write("".join(f"{line}\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(real)
        make_durable(real.parent)
    except OSError as error:
        raise _unwritable(key_file, error) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _unwritable(key_file: Path, error: Exception) -> ConfigurationInvalid:
    why = error.strerror if isinstance(error, OSError) else "it holds other characters than a key"
    return ConfigurationInvalid(
        [f"The key file {key_file} can't be replaced: {why}."],
        hint="Run the command as the user who owns it, and make sure that its folder can be"
        " written. The keys in it are as they were.",
    )
