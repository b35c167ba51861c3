"""Reads and writes our files among a manager's units: unit files, links that enable, time stamps.

A link is shown as its target after `-> `. Nothing whose name is not ours is read or written.
"""

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from analytics_sync.errors import SchedulerUnusable
from analytics_sync.schedule._backend import Piece

WANTS: Final = "timers.target.wants"
STAMP: Final = "stamp-"
ARROW: Final = b"-> "


class UnitFolder(NamedTuple):
    """`units`: where unit files lie. `stamps`: where systemd notes when timers last fired."""

    units: Path
    stamps: Path
    names: re.Pattern[str]

    def unit(self, name: str) -> str:
        return f"{self.units}/{name}"

    def link(self, timer: str) -> str:
        """The link that enables a timer."""
        return f"{self.units}/{WANTS}/{timer}"

    def stamp(self, timer: str) -> str:
        return f"{self.stamps}/{STAMP}{timer}"

    def found(self) -> dict[str, bytes]:
        """Every file of ours by path.

        :raises SchedulerUnusable: one can't be read.
        """
        files: dict[str, bytes] = {}
        places = ((self.units, ""), (self.units / WANTS, ""), (self.stamps, STAMP))
        for folder, before in places:
            for name in _listed(folder):
                if name.startswith(before) and self.names.fullmatch(name, len(before)):
                    content = read(f"{folder}/{name}")
                    if content is not None:
                        files[f"{folder}/{name}"] = content
        return files

    def timers(self, paths: Iterable[str]) -> list[str]:
        """The names of the timers whose unit files are among these paths."""
        return [
            os.path.basename(path)  # noqa: PTH119 - a thousand of them
            for path in paths
            if path.endswith(".timer") and path == self.unit(path.rpartition("/")[2])
        ]


def read(path: str) -> bytes | None:
    """What a file holds; None when it is not there.

    :raises SchedulerUnusable: it can't be read.
    """
    try:
        return ARROW + os.fsencode(os.readlink(path))  # noqa: PTH115 - as below
    except OSError:
        pass
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a thousand of them
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unusable(path, "read", error) from error


def check_unchanged(pieces: Iterable[Piece]) -> None:
    """Make sure that nobody wrote since the pieces were made.

    :raises SchedulerUnusable: somebody did.
    """
    for piece in pieces:
        if read(piece.where) != piece.before:
            raise SchedulerUnusable(
                f"{piece.where} was changed by somebody else at this moment; nothing was written.",
                hint="Run the command again.",
                code="changed_meanwhile",
            )


def write(pieces: Iterable[Piece]) -> None:
    """Bring files to what they should be, each whole or not at all, and durable.

    :raises SchedulerUnusable: one can't be written; those before it are.
    """
    folders = set()
    for piece in pieces:
        path = Path(piece.where)
        try:
            if piece.after is None:
                path.unlink(missing_ok=True)
            elif piece.after != piece.before:
                path.parent.mkdir(parents=True, exist_ok=True)
                _put(path, piece.after)
        except OSError as error:
            raise unusable(piece.where, "written", error) from error
        folders.add(path.parent)
    for folder in folders:
        with suppress(FileNotFoundError):
            _flush(folder)


def unusable(path: str, verb: str, error: OSError) -> SchedulerUnusable:
    return SchedulerUnusable(
        f"{path} can't be {verb}: {error.strerror}.",
        hint="Unit files must be writable for you; `--backend crontab` does without them, and"
        " `--backend external` writes nothing.",
        code="unit_folder",
    )


def _put(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if content.startswith(ARROW):
            draft.symlink_to(os.fsdecode(content.removeprefix(ARROW)))
        else:
            with draft.open("xb") as file:
                # Whatever the umask is: the manager of systemd and its tools read units as anybody.
                os.fchmod(file.fileno(), 0o644)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _listed(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in os.scandir(folder))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise unusable(str(folder), "read", error) from error
