"""Finds the keys that encrypt secrets, and makes the key file where there is none."""

import base64
import binascii
import os
import selectors
import shlex
import stat
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from analytics_sync.errors import ConfigurationInvalid

if TYPE_CHECKING:
    import subprocess

KEY_VARIABLE: Final = "ANALYTICS_SYNC_KEY"
CREDENTIAL_NAME: Final = "analytics-sync.key"
COMMAND_SECONDS: Final = 30
# Of what a command may print.
LARGEST: Final = 65_536
# systemd's credential, `key_command`, the environment, the key file of the home.
Place = Literal["credential", "command", "environment", "file"]
FORM: Final = "one key a line, newest first, each 44 characters of URL-safe base64"


@dataclass(frozen=True)
class Keys:
    """Fernet keys, newest first, and where they came from, for the words of an error."""

    texts: tuple[str, ...] = field(repr=False)
    where: str
    place: Place = "file"

    @property
    def names(self) -> list[str]:
        """What each key can be called where it must not be shown."""
        from hashlib import sha256

        return [sha256(key.encode()).hexdigest()[:8] for key in self.texts]


def find_keys(
    key_file: Path, environ: Mapping[str, str], key_command: Sequence[str] = ()
) -> Keys | None:
    """The keys of the first place that has some; None when no place does.

    In this order: the file `analytics-sync.key` in systemd's `$CREDENTIALS_DIRECTORY`, what
    `key_command` prints, `ANALYTICS_SYNC_KEY`, the key file of the home.

    :raises ConfigurationInvalid: a place has keys that can't be read or used; the next place is
        not tried then, as it could hold other keys.
    """
    credential = credential_file(environ)
    if credential and (text := _read(credential)) is not None:
        return _parsed(text, str(credential), "credential")
    if key_command:
        printed = _printed_by(key_command, environ)
        return _parsed(printed, f"key_command ({key_command[0]})", "command")
    if text := environ.get(KEY_VARIABLE):
        return _parsed(text, KEY_VARIABLE, "environment")
    return keys_of_file(key_file)


def credential_file(environ: Mapping[str, str]) -> Path | None:
    """Where systemd puts the key for a unit with `LoadCredential=`; a copy of its start."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    return Path(folder, CREDENTIAL_NAME) if folder else None


def keys_of_file(key_file: Path) -> Keys | None:
    """The keys of the home's key file; None when there is none.

    :raises ConfigurationInvalid: it can't be read or used, or others could read it too.
    """
    text = _read(key_file, only_owner=True)
    return None if text is None else _parsed(text, str(key_file))


def new_key() -> str:
    """A Fernet key: 32 random bytes in URL-safe base64."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def create_key_file(key_file: Path) -> Keys:
    """The keys of the key file; a missing one is made, whole at once and only for its owner.

    An existing file is never changed, also when another process makes it at the same moment.

    :raises ConfigurationInvalid: the file can't be written, or the one that exists is unusable.
    """
    try:
        _place(key_file, new_key() + "\n")
    except OSError as error:
        raise ConfigurationInvalid(
            [f"The key file {key_file} can't be made: {error.strerror}."],
            hint=f"`analytics-sync init` makes its folder; or give a key in {KEY_VARIABLE}.",
        ) from error
    return _parsed(_read(key_file, only_owner=True) or "", str(key_file))


def _place(path: Path, text: str) -> None:
    """Write a file that appears whole or not at all, and leave one that is already there.

    Durable before and after it gets its name: a power cut must not take the key from the tokens.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(draft, flags, 0o600), "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink(missing_ok=True)
    make_durable(path.parent)


def make_durable(folder: Path) -> None:
    """Let names in a folder outlast a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path, *, only_owner: bool = False) -> str | None:
    """The text of a key file; None when there is none.

    :raises ConfigurationInvalid: it can't be read, or others could read it too.
    """
    try:
        with path.open(encoding="ascii") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if only_owner and mode & 0o077:
                raise ConfigurationInvalid(
                    [f"The key file {path} is open to others (mode {mode:04o})."],
                    hint=f"Type: chmod 600 {shlex.quote(str(path))}",
                )
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationInvalid(
            [f"The key in {path} can't be read: {error.strerror}."],
            hint="Run the command as the user who owns the file.",
        ) from error
    except UnicodeDecodeError:
        raise _unusable(str(path), "it holds other characters than a key has") from None


def _parsed(text: str, where: str, place: Place = "file") -> Keys:
    lines = (line.partition("#")[0].strip() for line in text.replace(",", "\n").splitlines())
    keys = tuple(key for line in lines for key in line.split())
    if not keys:
        raise _unusable(where, "it is empty")
    for number, key in enumerate(keys, 1):
        if not _is_key(key):
            raise _unusable(where, f"key {number} of {len(keys)} is not one")
    return Keys(keys, where, place)


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, altchars=b"-_", validate=True)) == 32
    except (binascii.Error, ValueError):
        return False


def _unusable(where: str, problem: str) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        [f"The key from {where} can't be used: {problem}."],
        hint=f"Wanted: {FORM}. Put back the key that the stored tokens were encrypted with; "
        "without it every account has to be connected again.",
    )


def _printed_by(command: Sequence[str], environ: Mapping[str, str]) -> str:
    """What the command prints. Never shown, whatever it is."""
    import subprocess

    try:
        process = subprocess.Popen(  # noqa: S603 - the user's own command, split without a shell
            list(command),
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        raise _command_failed(command, f"can't be started: {error.strerror}") from error
    with process:
        try:
            printed, said = _heard(process, COMMAND_SECONDS)
        except (TimeoutError, subprocess.TimeoutExpired):
            raise _command_failed(command, f"took longer than {COMMAND_SECONDS} s") from None
        finally:
            process.kill()
    if len(printed) > LARGEST:
        raise _command_failed(command, f"printed more than {LARGEST // 1024} KiB")
    if process.returncode != 0:
        lines = said.decode(errors="replace").strip().splitlines()
        last = f": {lines[-1][:200]}" if lines else ""
        raise _command_failed(command, f"ended with {process.returncode}{last}")
    return printed.decode("ascii", errors="replace")


def _heard(process: "subprocess.Popen[bytes]", seconds: float) -> tuple[bytes, bytes]:
    """All that a command prints, and the end of what it complains of, until it ends.

    It is not heard out when it prints more than keys need.

    :raises TimeoutError: it goes on for too long.
    """
    end = time.monotonic() + seconds
    heard = {"stdout": b"", "stderr": b""}
    with selectors.DefaultSelector() as selector:
        for name in heard:
            selector.register(getattr(process, name), selectors.EVENT_READ, name)
        while selector.get_map():
            if time.monotonic() >= end:
                raise TimeoutError
            for key, _ in selector.select(end - time.monotonic()):
                some = os.read(key.fd, LARGEST)
                heard[key.data] += some
                if not some:
                    selector.unregister(key.fileobj)
            heard["stderr"] = heard["stderr"][-LARGEST:]
            if len(heard["stdout"]) > LARGEST:
                return heard["stdout"], b""
    process.wait(max(0.0, end - time.monotonic()))
    return heard["stdout"], heard["stderr"]


def _command_failed(command: Sequence[str], problem: str) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        [f"key_command ({command[0]}) {problem}."],
        hint="Run it by hand; it has to print the key and end with 0.",
    )
