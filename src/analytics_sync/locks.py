"""Locks between processes, by `flock`: they end with their holder, however it ends.

A lock file is never removed (who opened it before and who opens it after must meet), but for that
of a run, whose id nobody ever takes again. It holds the number of its last holder's process, for
people only. One file has one holder: another thread of the same process is refused like another
process. A program that the holder starts does not hold it.
"""

import errno
import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Protocol, Self

from analytics_sync.clock import Clock
from analytics_sync.errors import Busy, StoreUnusable
from analytics_sync.ownership import open_or_make

SHORTEST_PAUSE: Final = 0.002
LONGEST_PAUSE: Final = 0.25
# Where many wait, nobody may wait much longer than those who came after.
QUEUE_PAUSE: Final = 0.03
WRITE_SECONDS: Final = 30.0
ENDS: Final = "Try again when it is done; a lock ends with its process."
# Characters of a process number, filled up with spaces.
SIGNATURE: Final = 10

# What a lock is on: an account, a credential, the slots of a job, a run, or the schedule of the
# installation (id 0).
Kind = Literal["account", "credential", "slot", "run", "schedule"]


class Locks(Protocol):
    """One holder for each account, job and schedule among all processes of an installation."""

    def hold(self, kind: Kind, id: int) -> AbstractContextManager[bool]:
        """Try to take it for the block, without waiting; gives whether it worked."""

    def held(self, kind: Kind, id: int) -> bool:
        """Whether somebody holds it now."""

    def forget(self, kind: Kind, id: int) -> None:
        """Remove what a holder that was killed left; for ids that are never taken again."""


class Lock:
    """A lock that is held, until `release` or the end of a `with` block."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Let others have it; a second call does nothing."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def try_lock(path: Path) -> Lock | None:
    """The lock, or None when somebody holds it. Never waits.

    :raises StoreUnusable: the file can't be made or locked where it lies.
    """
    try:
        descriptor = open_or_make(path, os.O_RDWR)
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _sign(descriptor)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException as error:
        os.close(descriptor)
        if isinstance(error, OSError):
            raise _unusable(path, error) from error
        raise
    return Lock(path, descriptor)


async def lock(path: Path, timeout: float, clock: Clock) -> Lock:  # noqa: ASYNC109 - of the run's clock
    """The lock, waited for up to `timeout` seconds of the clock without blocking other tasks.

    :raises Busy: still held by somebody else.
    :raises StoreUnusable: as `try_lock`.
    """
    end = clock.monotonic() + timeout
    pause = SHORTEST_PAUSE
    while (held := try_lock(path)) is None:
        left = end - clock.monotonic()
        if left <= 0:
            raise _busy(path, timeout)
        await clock.sleep(min(pause, left))
        pause = min(2 * pause, LONGEST_PAUSE)
    return held


def holder(path: Path) -> int | None:
    """The process that holds the lock, or held it last; None when that is not known. For people."""
    try:
        return int(path.read_bytes()[:SIGNATURE])
    except (OSError, ValueError):
        return None


class WriteLock:
    """The lock around each write to an SQLite database; `path` is `<database>.write.lock`.

    It keeps the program's processes from writing and checkpointing at the same instant, which
    SQLite's WAL mode does not survive before 3.51.3. May be shared by threads and entered again
    and again, but not twice by the thread that is inside. Waiting is done in real time, whatever
    clock the run lives by, because the holder is a real process.

    :raises Busy: on entering, after `seconds` of waiting.
    :raises StoreUnusable: on entering, as `try_lock`.
    """

    def __init__(
        self,
        path: Path,
        seconds: float = WRITE_SECONDS,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.path = path
        self._seconds = seconds
        self._monotonic = monotonic
        self._sleep = sleep
        # The threads of one process queue here, so that only processes have to look again and again.
        self._thread = threading.Lock()
        self._held: Lock | None = None

    def __enter__(self) -> Self:
        if not self._thread.acquire(timeout=self._seconds):
            raise _busy(self.path, self._seconds)
        try:
            self._held = self._wait()
        except BaseException:
            self._thread.release()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.release()
        self._thread.release()

    def _wait(self) -> Lock:
        end = self._monotonic() + self._seconds
        while (held := try_lock(self.path)) is None:
            if self._monotonic() >= end:
                raise _busy(self.path, self._seconds)
            self._sleep(SHORTEST_PAUSE)
        return held


class FileLocks:
    """`Locks` as files in a folder beside the database that they are about."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def hold(self, kind: Kind, id: int) -> Iterator[bool]:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        held = try_lock(self._path(kind, id))
        try:
            yield held is not None
        finally:
            if held is not None:
                if kind == "run":
                    self.forget(kind, id)
                held.release()

    def held(self, kind: Kind, id: int) -> bool:
        """Makes no file. Whoever tries to take the lock at this very instant is refused."""
        try:
            descriptor = os.open(self._path(kind, id), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        finally:
            os.close(descriptor)
        return False

    def forget(self, kind: Kind, id: int) -> None:
        with suppress(OSError):
            self._path(kind, id).unlink()

    def _path(self, kind: Kind, id: int) -> Path:
        return self.folder / f"{kind}-{id}.lock"


@contextmanager
def waited_for(
    locks: Locks,
    kind: Kind,
    id: int,
    seconds: float,
    *,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Take the lock for the block, waiting for it in real time.

    :raises Busy: somebody else still holds it after `seconds`.
    """
    end = monotonic() + seconds
    pause = SHORTEST_PAUSE
    while True:
        with locks.hold(kind, id) as free:
            if free:
                yield
                return
        if monotonic() >= end:
            what = f"The {kind}" if kind == "schedule" else f"The {kind} {id}"
            raise Busy(f"{what} is held by another command, still after {seconds:g} s.", hint=ENDS)
        sleep(pause)
        pause = min(2 * pause, QUEUE_PAUSE)


def _sign(descriptor: int) -> None:
    # Always as long, written over the last one: to cut the file first would make ext4 flush it at
    # each close. Nobody relies on it, so a full disk must not keep a lock from being taken.
    with suppress(OSError):
        os.pwrite(descriptor, f"{os.getpid():<{SIGNATURE}}\n".encode(), 0)


def _busy(path: Path, seconds: float) -> Busy:
    process = holder(path)
    who = f"process {process}" if process else "another process"
    return Busy(
        f"{path} is held by {who}, still after {seconds:g} s.",
        hint=ENDS,
    )


def _unusable(path: Path, error: OSError) -> StoreUnusable:
    hints = {
        errno.ENOENT: "`analytics-sync init` makes the home and the folders in it.",
        errno.EROFS: "Move the home or the database to a place that can be written.",
        errno.EACCES: "Run the command as the user who owns the file and its folder.",
        errno.EPERM: "Run the command as the user who owns the file and its folder.",
    }
    elsewhere = "Move it to a local disk: this file system may not know locks."
    return StoreUnusable(
        f"The lock {path} can't be used: {error.strerror}.",
        hint=hints.get(error.errno or 0, elsewhere),
    )
