"""Sets up logging for one command: what standard error shows, and the log file."""

import logging
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, TextIO

from analytics_sync.logs.file import LOG_NAME, SharedFile
from analytics_sync.logs.formats import FileFormat, JournalFormat, PlainFormat

OURS: Final = "analytics_sync"
# They write whole addresses, tokens included, at INFO, and headers at DEBUG.
TALKATIVE: Final = ("httpx", "httpcore")

_installed: list[logging.Handler] = []


class StandardError(logging.Handler):
    """Writes to what `sys.stderr` is at that moment, so that progress bars can step aside."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__()
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        stream = self._stream or sys.stderr
        # Nobody listens at a closed pipe; the file has the record.
        with suppress(OSError, ValueError, AttributeError):
            stream.write(self.format(record) + "\n")
            stream.flush()


def set_up(
    folder: Path | None,
    environ: Mapping[str, str],
    *,
    level: int | None = None,
    stream: TextIO | None = None,
) -> None:
    """Send records of `level` on to standard error, and all of them to the file in `folder`.

    Without a `level`: INFO on a terminal and under journald, WARNING elsewhere, so that cron
    sends no mail on success. Called again, it replaces what it had set up. `stream` stands in for
    standard error.
    """
    shown = stream or sys.stderr
    console = StandardError(stream)
    console.setLevel(usual_level(shown, environ) if level is None else level)
    trace = console.level <= logging.DEBUG
    journal = is_journal(shown, environ)
    console.setFormatter(JournalFormat(trace=trace) if journal else PlainFormat(trace=trace))
    handlers: list[logging.Handler] = [console]
    if folder is not None:
        handlers.append(_file(folder, console))
    _install(handlers)


def usual_level(stream: TextIO | None, environ: Mapping[str, str]) -> int:
    """What standard error shows when nobody says otherwise."""
    terminal = stream is not None and not stream.closed and stream.isatty()
    return logging.INFO if terminal or is_journal(stream, environ) else logging.WARNING


def is_journal(stream: TextIO | None, environ: Mapping[str, str]) -> bool:
    """Whether a stream goes to journald: it is the one that `JOURNAL_STREAM` names.

    The variable alone proves nothing: programs started by a service inherit it.
    """
    try:
        status = os.fstat(stream.fileno()) if stream else None
    except (OSError, ValueError):
        return False
    named = environ.get("JOURNAL_STREAM")
    return status is not None and named == f"{status.st_dev}:{status.st_ino}"


def _file(folder: Path, console: logging.Handler) -> SharedFile:
    def warn(message: str) -> None:
        record = logging.LogRecord(OURS, logging.WARNING, "", 0, message, None, None)
        if record.levelno >= console.level:
            console.handle(record)

    handler = SharedFile(folder / LOG_NAME, warn)
    handler.setFormatter(FileFormat())
    return handler


def _install(handlers: list[logging.Handler]) -> None:
    root = logging.getLogger()
    while _installed:
        root.removeHandler(_installed.pop())
    for handler in handlers:
        root.addHandler(handler)
        _installed.append(handler)
    logging.getLogger(OURS).setLevel(logging.DEBUG)
    # Where somebody asks for Python's warnings, they go through the same filter.
    logging.captureWarnings(capture=True)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
