"""One log file that several processes write and rotate at once, without losing or tearing lines.

The standard library's rotating handler renames the file under the feet of other processes. Here
each record opens the file, locks it, makes sure that it still is the current one, rotates it if
it is full, and appends with one write. That costs some 20 µs, and nothing is kept open.
"""

import errno
import fcntl
import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from analytics_sync.ownership import open_or_make

LOG_NAME: Final = "analytics-sync.log"
MAX_BYTES: Final = 2 * 1024 * 1024
KEPT: Final = 4

# Someone suspended in the middle of a write must not stop all others for good.
LOCK_TRIES: Final = 100
LOCK_PAUSE: Final = 0.001


class SharedFile(logging.Handler):
    """Appends each record to `path`; older text is in `path.1` to `path.<kept>`.

    When that is impossible (disk full, folder read-only), `warn` is told once, and the program
    goes on. Where not even the home exists, nothing is written and nobody is told.
    """

    def __init__(
        self,
        path: Path,
        warn: Callable[[str], None],
        *,
        max_bytes: int = MAX_BYTES,
        kept: int = KEPT,
    ) -> None:
        super().__init__()
        self.path = path
        self._warn = warn
        self._warned = False
        self._max_bytes = max_bytes
        self._kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        line = (self.format(record) + "\n").encode("utf-8", "backslashreplace")
        try:
            while not self._append(line):
                pass
        except OSError as error:
            self._tell_once(error)

    def _append(self, line: bytes) -> bool:
        """Write the line; False when the file was rotated away first, to be tried again."""
        descriptor = self._open()
        try:
            locked = _lock(descriptor)
            if locked and not self._is_current(descriptor):
                return False
            size = os.fstat(descriptor).st_size
            if locked and size and size + len(line) > self._max_bytes and self._rotate():
                return False
            _write(descriptor, line, size if locked else None)
            return True
        finally:
            os.close(descriptor)

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND
        try:
            return open_or_make(self.path, flags)
        except FileNotFoundError:
            self.path.parent.mkdir(0o700)
            return open_or_make(self.path, flags)

    def _is_current(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self.path.stat())
        except FileNotFoundError:
            return False

    def _rotate(self) -> bool:
        """Under the lock of the full file, so that nobody else rotates it too."""
        try:
            for number in range(self._kept - 1, 0, -1):
                with suppress(FileNotFoundError):
                    self._old(number).replace(self._old(number + 1))
            self.path.replace(self._old(1))
        except OSError:
            # A file too large is better than a line lost.
            return False
        return True

    def _old(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")

    def _tell_once(self, error: OSError) -> None:
        if self._warned or not self.path.parent.parent.exists():
            return
        self._warned = True
        self._warn(f"The log file {self.path} can't be written: {error.strerror}. Going on.")


def _lock(descriptor: int) -> bool:
    """Whether the lock was got in a tenth of a second; an append without it does no harm."""
    for _ in range(LOCK_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOCK_PAUSE)
        except OSError:
            return False
        else:
            return True
    return False


def _write(descriptor: int, line: bytes, size: int | None) -> None:
    """One write; a part of a line, as a full disk takes it, is cut off again."""
    if os.write(descriptor, line) < len(line):
        if size is not None:
            os.ftruncate(descriptor, size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
