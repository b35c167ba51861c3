"""Backends that keep entries in files of a folder, in place of those of the operating system.

Each entry is a line in one file of the installation. They stand under the usual names, `crontab`
and `systemd`, so that choosing, moving and looking for strays can be tried anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from analytics_sync.domain.jobs import EXTERNAL
from analytics_sync.errors import SchedulerUnusable
from analytics_sync.schedule import choice, place
from analytics_sync.schedule._backend import Backend, Change, Entry, Piece, Place


@dataclass
class Machine:
    """The folder of each backend, and what is wrong with it now."""

    folder: Path
    serving: set[str] = field(default_factory=lambda: {"crontab", "systemd"})
    failing: set[str] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)
    words: list[str] = field(default_factory=list)
    error: BaseException | None = None
    applied: list[str] = field(default_factory=list)

    def files(self) -> dict[str, str]:
        """Everything on it, by path."""
        found = sorted(self.folder.rglob("*"))
        return {
            str(path.relative_to(self.folder)): path.read_text() if path.is_file() else "/"
            for path in found
        }

    def lines(self, backend: str) -> list[str]:
        """The names of the entries in it, of all installations."""
        files = sorted((self.folder / backend).glob("*.jobs"))
        return [line.split()[0] for file in files for line in file.read_text().splitlines()]


class FileBackend(Backend):
    machine: Machine

    @classmethod
    def serves(cls, place: Place) -> bool:
        return cls.name in cls.machine.serving

    @property
    def _file(self) -> Path:
        return self.machine.folder / self.name / f"{self.place.name}.jobs"

    def check(self) -> None:
        if self.name not in self.machine.serving:
            raise SchedulerUnusable(f"There is no {self.name}.", hint="Install it.")

    def change(self, entries: Sequence[Entry], *, mend: bool = False) -> Change:
        before = self._file.read_bytes() if self._file.exists() else None
        if before is not None and b"damaged" in before and not mend:
            raise SchedulerUnusable("Damaged.", hint="`analytics-sync schedule --apply`")
        after = self._text(entries) if entries else None
        return Change(() if before == after else (Piece(str(self._file), before, after),))

    def _text(self, entries: Sequence[Entry]) -> bytes:
        lines = [f"{one.name} {one.timing.words()} {' '.join(one.arguments)}\n" for one in entries]
        return "".join(lines).encode()

    def apply(self, change: Change) -> None:
        self.machine.applied.append(self.name)
        if self.machine.error is not None:
            raise self.machine.error
        if self.name in self.machine.failing:
            raise SchedulerUnusable(f"{self.name} refuses.", hint="Ask it why.")
        for piece in change.pieces:
            if piece.after is None:
                Path(piece.where).unlink()
            else:
                Path(piece.where).parent.mkdir(parents=True, exist_ok=True)
                Path(piece.where).write_bytes(piece.after)

    def drift(self, entries: Sequence[Entry]) -> dict[str, str]:
        found = self._file.read_text().splitlines() if self._file.exists() else []
        there = {line.split()[0]: line for line in found}
        drift = {}
        for one in entries:
            line = there.pop(one.name, None)
            if line is None:
                drift[one.name] = "missing"
            elif line.encode() + b"\n" != self._text([one]):
                drift[one.name] = "changed"
        if there:
            drift[""] = f"strays: {', '.join(there)}"
        return drift

    def alive(self, now: datetime, ticked_at: datetime | None) -> bool:
        return self.name not in self.machine.dead

    def advice(self) -> list[str]:
        return list(self.machine.words)


def stand_in(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Machine:
    """Let these two be the only backends that can write; `external` stays as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    machine = Machine(folder)
    real = choice._in_module
    kinds = {
        name: type(name.title(), (FileBackend,), {"name": name, "machine": machine})
        for name in ("crontab", "systemd")
    }

    def in_module(name: str) -> type[Backend] | None:
        return real(name) if name == EXTERNAL else kinds.get(name)

    monkeypatch.setattr(choice, "_in_module", in_module)
    # The tests themselves may run from a folder that is emptied now and then.
    monkeypatch.setattr(place, "THROW_AWAY", ())
    return machine
