"""One writer at a time for what a user has only one of, whatever installations the user has."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from analytics_sync.errors import SchedulerUnusable

SECONDS: Final = 60.0
PAUSE: Final = 0.005


@contextmanager
def locked(
    *folders: Path,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Hold the first of these folders that can be locked. The lock leaves nothing in it.

    Waiting is done in real time, because the holder is a real process.

    :raises SchedulerUnusable: none can be locked, or another process holds it for a minute.
    """
    descriptor = _open(folders)
    try:
        end = monotonic() + SECONDS
        while not _taken(descriptor):
            if monotonic() >= end:
                raise SchedulerUnusable(
                    "Another process has been writing schedules for a minute.",
                    hint="Try again when it is done; the lock ends with that process.",
                    code="schedule_busy",
                )
            sleep(PAUSE)
        yield
    finally:
        os.close(descriptor)


def user_folder(number: int) -> Path | None:
    """The home folder of a user; None when the system does not know the user."""
    import pwd

    try:
        return Path(pwd.getpwuid(number).pw_dir)
    except KeyError:
        return None


def user_name(number: int) -> str:
    """What a user is called; the number when the system does not know it."""
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _open(folders: tuple[Path, ...]) -> int:
    for folder in folders:
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                # NFS locks nothing that is open for reading only.
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return descriptor
            except OSError:
                os.close(descriptor)
                raise
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            return descriptor
    named = " or ".join(map(str, folders))
    raise SchedulerUnusable(
        f"The folder {named} can't be locked, which keeps two writers apart.",
        hint="It must be there, readable for the user who schedules, and better on a local disk.",
    )


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
