"""How a record is written: for a person at a terminal, for journald, and for the log file."""

import logging
from datetime import UTC, datetime
from typing import Final

from analytics_sync.logs.redaction import redacted

# A platform's text may hold terminal commands; shown, they must do nothing.
_CONTROLS: Final = {
    code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"
}
INDENT: Final = "    "


def words(record: logging.LogRecord, *, trace: bool) -> str:
    """The record's message, and its traceback if wanted, without secrets and control characters."""
    parts = [_message(record)]
    if trace and record.exc_info:
        parts.append(logging.Formatter().formatException(record.exc_info))
    elif trace and record.exc_text:
        parts.append(record.exc_text)
    if trace and record.stack_info:
        parts.append(record.stack_info)
    return redacted("\n".join(parts)).translate(_CONTROLS)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - a mistake in a log call must not end a run
        return f"{record.msg} {record.args!r}"


class FileFormat(logging.Formatter):
    """`2026-11-23T14:00:00.123Z INFO 4711 message`; further lines are indented.

    So whatever a message holds, only a record begins at the beginning of a line.
    """

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        head = f"{at.removesuffix('+00:00')}Z {record.levelname} {record.process or 0}"
        return f"{head} " + words(record, trace=True).replace("\n", f"\n{INDENT}")


class PlainFormat(logging.Formatter):
    """The bare message; from WARNING on, the level goes before it. Tracebacks only if wanted."""

    def __init__(self, *, trace: bool) -> None:
        super().__init__()
        self._trace = trace

    def format(self, record: logging.LogRecord) -> str:
        text = words(record, trace=self._trace)
        return f"{record.levelname}: {text}" if record.levelno >= logging.WARNING else text


class JournalFormat(logging.Formatter):
    """Each line with the priority that journald reads: `<6>message` (sd-daemon(3))."""

    def __init__(self, *, trace: bool) -> None:
        super().__init__()
        self._trace = trace

    def format(self, record: logging.LogRecord) -> str:
        start = f"<{_priority(record.levelno)}>"
        return start + words(record, trace=self._trace).replace("\n", f"\n{start}")


def _priority(level: int) -> int:
    floors = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
    return next((priority for floor, priority in floors if level >= floor), 7)
