"""What a backend is: the one interface between jobs and a scheduler of the operating system.

A backend is asked what must change so that exactly the given entries are installed (`change`), and
is told to do it (`apply`). It never sees the database, and never touches what is not ours.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar, NamedTuple

from analytics_sync.domain.timing import Timing


class Entry(NamedTuple):
    """One thing that the scheduler starts: `name` is the job's id, or `tick`.

    `arguments` come after the program: `("sync", "--job", "sync_business_1")` or `("tick",)`.
    """

    name: str
    title: str
    timing: Timing
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """What entries of this installation hold, and where they run.

    `name`: eight hexadecimal digits that mark our entries among others'. `program`: the console
    script, absolute. `home`: absolute. `prefixes`: folders that the program's Python needs.
    `user`: who owns the home, and runs the jobs. `as_root`: whether we are root now. `key`: the key
    file, if the key is in one. `writes`: folders beside the home that a run writes, of a database
    that lies elsewhere.
    """

    name: str
    program: Path
    home: Path
    prefixes: tuple[Path, ...]
    user: str
    as_root: bool
    max_run: timedelta
    key: Path | None = None
    writes: tuple[Path, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)


class Piece(NamedTuple):
    """A file, or a user's whole crontab, before and after; None: not there.

    `where` is the file's path, or `crontab of USER`.
    """

    where: str
    before: bytes | None
    after: bytes | None


class Change(NamedTuple):
    """What must be written. Empty: the machine is as it should be."""

    pieces: tuple[Piece, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.pieces)

    def reversed(self) -> "Change":
        """What undoes it."""
        return Change(tuple(Piece(p.where, p.after, p.before) for p in reversed(self.pieces)))


class Backend(ABC):
    """A scheduler of the operating system, as seen by one installation."""

    name: ClassVar[str]
    # Names for one form of it alone.
    forms: ClassVar[tuple[str, ...]] = ()

    def __init__(self, place: Place) -> None:
        self.place = place

    @classmethod
    def form(cls, place: Place) -> str:  # noqa: ARG003
        """The form that this user gets here."""
        return cls.name

    @classmethod
    @abstractmethod
    def serves(cls, place: Place) -> bool:
        """Whether it is the usual scheduler of this machine and user. Never raises, never writes."""

    @abstractmethod
    def check(self) -> None:
        """Make sure that it can be used here, before anything is written.

        :raises SchedulerUnusable: it can't; says why, and what to do.
        """

    @abstractmethod
    def change(self, entries: Sequence[Entry], *, mend: bool = False) -> Change:
        """What must change so that exactly these entries of ours are there; none: no trace of us.

        `mend`: what is damaged of ours is written anew, instead of being refused.

        :raises SchedulerUnusable: what is there can't be read, or is damaged.
        """

    @abstractmethod
    def apply(self, change: Change) -> None:
        """Write it, and make the scheduler take it up.

        :raises SchedulerUnusable: it did not work; the machine is as it was.
        """

    def tidy(self) -> None:  # noqa: B027 - most keep nothing beside their entries
        """Remove what is kept beside entries, when there are none: a kill may have left it."""

    @abstractmethod
    def drift(self, entries: Sequence[Entry]) -> dict[str, str]:
        """What is wrong with each entry on the machine, in a few words, by name; {} when all is well.

        Under `""`: what concerns no entry of these (a stray one, a damaged block), and why nothing
        can be seen (`unseen`). Takes little time and imports, also with 1,000 entries.
        """

    @abstractmethod
    def alive(self, now: datetime, ticked_at: datetime | None) -> bool:
        """Whether the scheduler itself runs on this machine now. Takes little time and imports.

        `ticked_at`: when the last tick began, for a scheduler of which nothing else is seen.
        """

    def advice(self) -> list[str]:
        """What a person should know or do for the entries to fire; [] when there is nothing."""
        return []
