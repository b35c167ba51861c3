"""Reads the end of the log for `logs`, from the last line back, into the rotated files."""

import logging
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

from analytics_sync.errors import ConfigurationInvalid
from analytics_sync.logs.file import KEPT, LOG_NAME
from analytics_sync.logs.formats import INDENT

BLOCK: Final = 65_536
HEAD: Final = r"(\d{4}-\d\d-\d\dT[\d:.]+Z) ([A-Z]+) (\d+) (.*)"


class Entry(NamedTuple):
    """One record: when (ISO 8601, UTC), how grave, which process, and what it said."""

    at: str
    level: str
    process: int
    message: str

    def __str__(self) -> str:
        text = self.message.replace("\n", f"\n{INDENT}")
        return f"{self.at} {self.level} {self.process} {text}"


def read_log(folder: Path, lines: int, level: int = logging.DEBUG) -> list[Entry]:
    """The newest `lines` records of at least this level, oldest first.

    A record with a traceback counts as one. No log yet gives [].

    :raises ConfigurationInvalid: the log can't be read.
    """
    names = logging.getLevelNamesMapping()
    found: list[Entry] = []
    try:
        for entry in _entries_backwards(folder / LOG_NAME):
            if len(found) >= lines:
                break
            if names.get(entry.level, logging.CRITICAL) >= level:
                found.append(entry)
    except OSError as error:
        raise ConfigurationInvalid(
            [f"The log in {folder} can't be read: {error.strerror}."],
            hint="Run the command as the user who owns the home.",
        ) from error
    return found[::-1]


def _entries_backwards(path: Path) -> Iterator[Entry]:
    further: list[str] = []
    for line in _lines_backwards(path):
        match = re.fullmatch(HEAD, line)
        if match is None:
            further.append(line.removeprefix(INDENT))
            continue
        at, level, process, first = match.groups()
        yield Entry(at, level, int(process), "\n".join([first, *reversed(further)]))
        further.clear()


def _lines_backwards(path: Path) -> Iterator[str]:
    with ExitStack() as stack:
        for descriptor in _open_all(path, stack):
            for line in _raw_lines_backwards(descriptor):
                yield line.decode("utf-8", "replace")


def _open_all(path: Path, stack: ExitStack) -> list[int]:
    """The log and its rotated files, newest first; all opened before any is read.

    Newest first, because a rotation in between then shows one file twice, which is seen by its
    inode, and hides none.
    """
    descriptors: dict[tuple[int, int], int] = {}
    for name in (path.name, *(f"{path.name}.{number}" for number in range(1, KEPT + 1))):
        try:
            descriptor = os.open(path.with_name(name), os.O_RDONLY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            continue
        stack.callback(os.close, descriptor)
        status = os.fstat(descriptor)
        descriptors.setdefault((status.st_dev, status.st_ino), descriptor)
    return list(descriptors.values())


def _raw_lines_backwards(descriptor: int) -> Iterator[bytes]:
    position = os.fstat(descriptor).st_size
    rest = b""
    while position > 0:
        step = min(BLOCK, position)
        position -= step
        first, *lines = (os.pread(descriptor, step, position) + rest).split(b"\n")
        yield from (line for line in reversed(lines) if line)
        rest = first
    if rest:
        yield rest
