"""Brings the machine to what it should hold, and back when that fails; a change as people read it."""

import difflib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from analytics_sync.errors import AnalyticsSyncError, SchedulerUnusable
from analytics_sync.schedule._backend import Backend, Change, Entry, Piece


def install(
    backend: Backend, entries: Sequence[Entry], before: Sequence[Entry], *, mend: bool = False
) -> tuple[Change, set[str]]:
    """Make exactly these entries be there; returns what changed, and which folders were made.

    `before`: what should have been there, for the way back from an end in the middle.

    :raises SchedulerUnusable: it did not work; the machine is as it was.
    """
    change = backend.change(entries, mend=mend)
    missing = _missing_folders(change)
    try:
        if change:
            backend.apply(change)
    except SchedulerUnusable:
        remove_folders(missing)
        raise
    except BaseException:
        # Somebody's Ctrl-C, or a fault of ours: nothing is known of how far it came.
        with suppress(AnalyticsSyncError, OSError):
            backend.apply(backend.change(before, mend=True))
        remove_folders(missing)
        raise
    return change, {str(folder) for folder in missing if folder.is_dir()}


def clear(backend: Backend) -> Change:
    """Take away every trace of ours.

    :raises SchedulerUnusable: it did not work; the machine is as it was.
    """
    change = backend.change((), mend=True)
    if change:
        backend.apply(change)
    else:
        backend.tidy()
    return change


def undo(backend: Backend, change: Change) -> None:
    """Take a change back as far as possible: an error is about to be told already."""
    with suppress(AnalyticsSyncError, OSError):
        backend.apply(change.reversed())


def remove_folders(folders: Iterable[Path]) -> None:
    """Remove folders that were made for entries, the deepest first, unless something is in them."""
    for folder in sorted(folders, key=lambda path: len(path.parts), reverse=True):
        with suppress(OSError):
            folder.rmdir()


def _missing_folders(change: Change) -> set[Path]:
    """Folders of files to come that are not there yet."""
    folders = {
        folder
        for piece in change.pieces
        if piece.after is not None and piece.where.startswith("/")
        for folder in Path(piece.where).parents
    }
    return {folder for folder in folders if not folder.exists()}


def as_diff(change: Change) -> str:
    """A change as a unified diff, as exact as text can show it."""
    return "".join(line for piece in change.pieces for line in _piece_diff(piece))


def _piece_diff(piece: Piece) -> Iterable[str]:
    before, after = _lines(piece.before), _lines(piece.after)
    start = "/dev/null" if piece.before is None else piece.where
    end = "/dev/null" if piece.after is None else piece.where
    for line in difflib.unified_diff(before, after, start, end):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(content: bytes | None) -> list[str]:
    """Only a line feed ends a line here, whatever else Unicode has."""
    text = (content or b"").decode(errors="surrogateescape")
    pieces = text.split("\n")
    lines = [f"{line}\n" for line in pieces[:-1]]
    return [*lines, pieces[-1]] if pieces[-1] else lines
