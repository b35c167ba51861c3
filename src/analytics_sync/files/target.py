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
    path = Path(name).resolve()
    with _in_words(name), _beside(path) if _is_plain(path) else _direct(path) as sink:
        yield sink


def is_terminal(name: str) -> bool:
    return name == STANDARD_OUTPUT and sys.stdout.isatty()


def _is_plain(path: Path) -> bool:
    return path.is_file() or not path.exists()


@contextmanager
def _direct(path: Path) -> Iterator[BinaryIO]:
    try:
        sink = path.open("wb")
    except OSError as error:
        raise _unusable(path, error) from None
    with sink:
        yield sink


@contextmanager
def _beside(path: Path) -> Iterator[BinaryIO]:
    draft = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}.unfinished")
    try:
        sink = draft.open("xb")
    except OSError as error:
        raise _unusable(path, error) from None
    try:
        with sink:
            yield sink
            sink.flush()
            os.fsync(sink.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _unusable(path: Path, error: OSError) -> WrongUsage:
    reason = "there is no such folder" if error.errno == errno.ENOENT else error.strerror
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
