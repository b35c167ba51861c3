"""What readings of the past, which come in any order, change of what is known of a post."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from analytics_sync.domain.history import Known
from analytics_sync.domain.metrics import COLUMNS, Number


@dataclass(frozen=True, slots=True)
class PastReading:
    """A stored reading: the columns and numbers that it said."""

    captured_at: datetime
    columns: Mapping[str, int] = field(default_factory=dict)
    extra: Mapping[str, Number] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a post, with the time of its newest snapshot and of its newest reading.

    The newest reading is the later one where its numbers were as known, so that no snapshot of
    it was stored.
    """

    known: Known = field(default_factory=Known)
    captured_at: datetime | None = None
    read_at: datetime | None = None

    def settled(self, moment: datetime) -> bool:
        """Whether nothing known is newer than this moment."""
        return all(at is None or at <= moment for at in (self.captured_at, self.read_at))

    def confirmed(self, name: "Name", moment: datetime) -> bool:
        """Whether a reading at or after this moment said the number as it is known."""
        unsaid = name.is_column and name.text in self.known.unsaid
        return self.read_at is not None and self.read_at >= moment and not unsaid


@dataclass(frozen=True, slots=True)
class Name:
    """A column, or a number under the platform's own name: the two may be spelled alike."""

    is_column: bool
    text: str


# Stored readings of the post that are newer than a moment, oldest first.
Later = Callable[[datetime], Iterable[PastReading]]


def lay_in(standing: Standing, readings: Sequence[PastReading], later: Later) -> Standing:
    """Lay past readings in; afterwards each number is the one said last in the whole history.

    `later` is asked only where a reading is older than what is known and says something else.
    On the same time the later one in `readings` counts. `readings` is not empty.
    """
    by_time = {reading.captured_at: reading for reading in readings}
    newest = by_time[max(by_time)]
    said = _newest_said(by_time)
    taken, doubtful = _sorted(standing, said)
    for moment, names in doubtful.items():
        taken |= names - _said_later(names, later(moment))
    columns = {n.text: said[n][1] for n in taken if n.is_column}
    numbers = {n.text: said[n][1] for n in taken if not n.is_column}
    known = Known(
        columns={**standing.known.columns, **{name: int(value) for name, value in columns.items()}},
        extra={**standing.known.extra, **numbers},
        sources=standing.known.sources,
    )
    return Standing(
        known=_with_unsaid(known, standing, newest),
        captured_at=max(filter(None, (standing.captured_at, newest.captured_at))),
        read_at=standing.read_at,
    )


def said_by(reading: PastReading) -> dict[Name, Number]:
    """Every number of a reading."""
    columns = {Name(True, name): value for name, value in reading.columns.items()}
    return {**columns, **{Name(False, name): value for name, value in reading.extra.items()}}


def _newest_said(
    by_time: Mapping[datetime, PastReading],
) -> dict[Name, tuple[datetime, Number]]:
    said: dict[Name, tuple[datetime, Number]] = {}
    for moment in sorted(by_time):
        said |= {name: (moment, value) for name, value in said_by(by_time[moment]).items()}
    return said


def _sorted(
    standing: Standing, said: Mapping[Name, tuple[datetime, Number]]
) -> tuple[set[Name], dict[datetime, set[Name]]]:
    """Names that are news for certain, and by time those for which the history must be asked."""
    taken: set[Name] = set()
    doubtful: dict[datetime, set[Name]] = {}
    for name, (moment, value) in said.items():
        before = _known_value(standing.known, name)
        if before is None or standing.settled(moment):
            taken.add(name)
        elif before != value and not standing.confirmed(name, moment):
            doubtful.setdefault(moment, set()).add(name)
    return taken, doubtful


def _known_value(known: Known, name: Name) -> Number | None:
    return known.columns.get(name.text) if name.is_column else known.extra.get(name.text)


def _said_later(names: set[Name], readings: Iterable[PastReading]) -> set[Name]:
    found: set[Name] = set()
    for reading in readings:
        found |= names & said_by(reading).keys()
        if found == names:
            break
    return found


def _with_unsaid(known: Known, before: Standing, newest: PastReading) -> Known:
    """The same with the columns that the newest of all readings left out."""
    if before.settled(newest.captured_at):
        unsaid = known.columns.keys() - newest.columns.keys()
    else:
        unsaid = {*before.known.unsaid, *(known.columns.keys() - before.known.columns.keys())}
    ordered = tuple(name for name in COLUMNS if name in unsaid)
    return Known(known.columns, known.extra, known.sources, ordered)
