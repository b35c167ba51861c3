"""Timers of systemd: system units where root schedules, else units of the user's own manager."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from analytics_sync.clock import EPOCH, Clock, SystemClock
from analytics_sync.domain.timing import Once
from analytics_sync.errors import SchedulerUnusable
from analytics_sync.schedule import _units, _whose
from analytics_sync.schedule._backend import Backend, Change, Entry, Piece, Place
from analytics_sync.schedule._block import is_another
from analytics_sync.schedule._commands import find
from analytics_sync.schedule._unit_folder import ARROW, check_unchanged, write
from analytics_sync.schedule.entries import unseen

# Timers for a single time take themselves away; one that is left does nothing.
ONCE = "sync_once_"


class Systemd(Backend):
    """A timer for each entry; all of them start the same few services."""

    name: ClassVar[str] = "systemd"
    forms: ClassVar[tuple[str, ...]] = ("systemd-system", "systemd-user")

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.clock: Clock = SystemClock()
        whose = _whose.whose(place)
        self.manager, self.files = whose.manager, whose.files
        # What root installed is there for everybody to look at.
        self._kind = replace(place, as_root=whose.system)

    @classmethod
    def form(cls, place: Place) -> str:
        return "systemd-system" if place.as_root else "systemd-user"

    @classmethod
    def serves(cls, place: Place) -> bool:
        return find("systemctl") is not None and cls(place).alive(EPOCH, None)

    def alive(self, now: datetime, ticked_at: datetime | None) -> bool:
        return _whose.alive(self._kind)

    def check(self) -> None:
        _whose.check(self.place, self.manager, self.files)

    def advice(self) -> list[str]:
        return [] if self._kind.as_root else _whose.advice(self.place.user)

    def change(self, entries: Sequence[Entry], *, mend: bool = False) -> Change:
        found, wanted = self.files.found(), self._wanted(entries)
        self._refuse_copy(found)
        pieces = list(self._pieces(found, wanted))
        if mend:
            changed = {piece.where for piece in pieces}
            idle = self._idle(path for path in wanted if path in found)
            # Nothing to write, but to start.
            pieces += [Piece(one, found[one], found[one]) for one in idle if one not in changed]
        return Change(tuple(pieces))

    def apply(self, change: Change) -> None:
        check_unchanged(change.pieces)
        try:
            self._carry_out(change)
        except BaseException:
            self._put_back(change.reversed())
            raise

    def drift(self, entries: Sequence[Entry]) -> dict[str, str]:
        try:
            _whose.refuse_other_form(self.place)
            found, wanted = self.files.found(), self._wanted(entries)
            self._refuse_copy(found)
            idle = self._idle(path for path in wanted if path in found)
        except SchedulerUnusable as error:
            return unseen((one.name for one in entries), error.message)
        drift: dict[str, str] = {}
        for piece in self._pieces(found, wanted):
            self._note(drift, piece)
        for timer in self.files.timers(idle):
            drift.setdefault(_units.entry_of(self.place, timer), "its timer is not active")
        return drift

    def _wanted(self, entries: Sequence[Entry]) -> dict[str, bytes]:
        """Every file that should be there by path, without the stamps: those are systemd's."""
        coming = [entry for entry in entries if not self._over(entry)]
        if not coming:
            return {}
        files = self.files
        texts = _units.services(self._kind, files.units, files.stamps)
        timers = {_units.timer_name(self.place, one.name): one for one in coming}
        texts |= {name: _units.timer(self.place, entry) for name, entry in timers.items()}
        wanted = {
            files.unit(name): text.encode(errors="surrogateescape") for name, text in texts.items()
        }
        return wanted | {files.link(name): ARROW + f"../{name}".encode() for name in timers}

    def _over(self, entry: Entry) -> bool:
        """Whether its single time has come: its timer takes itself away."""
        return isinstance(entry.timing, Once) and entry.timing.at <= self.clock.now()

    def _pieces(self, found: dict[str, bytes], wanted: dict[str, bytes]) -> Iterator[Piece]:
        for path, content in wanted.items():
            if found.get(path) != content:
                yield Piece(path, found.get(path), content)
        stamps = {timer: self.files.stamp(timer) for timer in self.files.timers(wanted)}
        for timer, stamp in stamps.items():
            # Made with the timer, as systemd would: so it is known whose folders these are.
            if self.files.unit(timer) not in found and stamp not in found:
                yield Piece(stamp, None, b"")
        kept = {*wanted, *stamps.values()}
        for path, content in found.items():
            if path not in kept:
                yield Piece(path, content, None)

    def _idle(self, wanted: Iterable[str]) -> list[str]:
        """The unit files of those timers that are not active."""
        timers = self.files.timers(wanted)
        if not timers:
            return []
        active = self.manager.active(f"{_units.prefix(self.place)}-*.timer")
        return [self.files.unit(timer) for timer in timers if timer not in active]

    def _carry_out(self, change: Change) -> None:
        gone = self.files.timers(one.where for one in change.pieces if one.after is None)
        there = self.files.timers(one.where for one in change.pieces if one.after is not None)
        self.manager.stop(gone)
        write(change.pieces)
        # Units that it never saw are read when they start; to read a thousand again takes seconds.
        if any(one.before is not None for one in change.pieces):
            self.manager.reload()
        self.manager.restart(there)
        if gone:
            self.manager.forget_failures(f"{_units.prefix(self.place)}*")

    def _put_back(self, change: Change) -> None:
        """As far as it goes: an error is about to be told already."""
        gone = self.files.timers(one.where for one in change.pieces if one.after is None)
        there = self.files.timers(one.where for one in change.pieces if one.after is not None)
        steps: list[Callable[[], None]] = [lambda: self.manager.stop(gone)]
        steps += [lambda piece=piece: write([piece]) for piece in change.pieces]  # type: ignore[misc]
        steps += [self.manager.reload, lambda: self.manager.restart(there)]
        for step in steps:
            with suppress(SchedulerUnusable):
                step()

    def _note(self, drift: dict[str, str], piece: Piece) -> None:
        """Put what is wrong with a file under its entry; stamps tell nothing."""
        if piece.where.startswith(f"{self.files.stamps}/"):
            return
        name = piece.where.rpartition("/")[2]
        entry = _units.entry_of(self.place, name) if name.endswith(".timer") else ""
        if piece.after is None:
            if not entry.startswith(ONCE):
                drift.setdefault("", f"{piece.where} is there, and should not be")
        elif piece.where == self.files.link(name):
            drift.setdefault(entry, "its timer is not enabled")
        else:
            what = "is missing" if piece.before is None else "was changed"
            drift.setdefault(entry, f"{piece.where} {what}")

    def _refuse_copy(self, found: dict[str, bytes]) -> None:
        """A copied home has the name of the one that it was copied from."""
        unit = self.files.unit(_units.service_name(self.place, "sync@.service"))
        other = _units.home_of(found.get(unit, b"").decode(errors="surrogateescape"))
        if other is not None and is_another(other, self.place.home):
            raise SchedulerUnusable(
                f"The units {_units.prefix(self.place)}-* belong to the home {other}, of which"
                f" {self.place.home} seems to be a copy.",
                hint="If that home is no longer used, take its jobs away first:"
                f" ANALYTICS_SYNC_HOME={other} analytics-sync unschedule --all",
                code="other_installation",
            )


BACKEND = Systemd
