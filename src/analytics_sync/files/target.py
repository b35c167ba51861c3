"""Where an export goes: standard output, or a file that appears whole or not at all."""

import errno
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from analytics_sync.errors import AnalyticsSyncError, WrongUsage

STANDARD_OUTPUT: Final = "-"


@contextmanager
def opened(name: str) -> Iterator[BinaryIO]:
    """A sink of bytes for a file's name, or for `-`.

    A file is written beside its name and moved there at the end of the block; after a failure
    nothing is left, and what was there before stays. Devices and pipes are written directly.

    :raises WrongUsage: there can be no file of that name.
    :raises AnalyticsSyncError: it can't be written to the end: the disk is full.
    """
    if name == STANDARD_OUTPUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    file = _plain_file(Path(name))
    with _in_words(name), _beside(file) if file else _direct(Path(name)) as sink:
        yield sink


def is_terminal(name: str) -> bool:
    return name == STANDARD_OUTPUT and sys.stdout.isatty()


def _plain_file(path: Path) -> Path | None:
    """Where the file lies, or will, with links followed; None for a device, a pipe, a folder."""
    try:
        return path.resolve() if path.is_file() or not path.exists() else None
    except OSError as error:
        raise _unusable(path, error.errno, error.strerror) from None
    except RuntimeError:
        # What Python before 3.13 makes of a circle of links.
        raise _unusable(path, errno.ELOOP, os.strerror(errno.ELOOP)) from None


@contextmanager
def _direct(path: Path) -> Iterator[BinaryIO]:
    try:
        sink = path.open("wb")
    except OSError as error:
        raise _unusable(path, error.errno, error.strerror) from None
    with sink:
        yield sink


@contextmanager
def _beside(path: Path) -> Iterator[BinaryIO]:
    draft = path.with_name(f".analytics-sync.{secrets.token_hex(4)}.unfinished")
    try:
        sink = draft.open("xb")
    except OSError as error:
        raise _unusable(path, error.errno, error.strerror) from None
    try:
        with sink:
            yield sink
            sink.flush()
            os.fsync(sink.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _unusable(path: Path, number: int | None, words: str | None) -> WrongUsage:
    reason = "there is no such folder" if number == errno.ENOENT else words
    return WrongUsage(
        f"{path} can't be written: {reason}.",
        hint="Name a file in a folder that is there and that you may write to.",
        code="file_unwritable",
    )


@contextmanager
def _in_words(name: str) -> Iterator[None]:
    """Say which file could not be written to its end."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
        reason = f"the disk is full ({error.strerror})" if full else error.strerror
        raise AnalyticsSyncError(
            f"{name} can't be written: {reason}.",
            hint="Make room, or name a file elsewhere. Nothing was left under that name.",
            code="file_unwritable",
        ) from error
