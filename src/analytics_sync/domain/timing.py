"""When a job is due: every so often, by a cron expression, or once; each due time is a slot, in UTC."""

import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from analytics_sync.clock import EPOCH, iso
from analytics_sync.domain import cron
from analytics_sync.domain.spans import format_span, parse_span

SHORTEST: Final = timedelta(minutes=5)
LONGEST: Final = timedelta(days=90)
SPREAD: Final = timedelta(hours=1)
# What schedulers can't say any more, nor local times around it.
LAST: Final = datetime(9999, 1, 1, tzinfo=UTC)


class Timing(ABC):
    """The due times of a job. All datetimes are in UTC and to the second."""

    @abstractmethod
    def after(self, moment: datetime) -> datetime | None:
        """The first slot later than a moment; None when there is none any more."""

    @abstractmethod
    def until(self, moment: datetime) -> datetime | None:
        """The last slot at a moment or before; None when there was none."""

    @abstractmethod
    def words(self) -> str:
        """The timing as a person says it: `every 24h`, `cron 0 9-17 * * 1-5 (Europe/Berlin)`."""

    @abstractmethod
    def number(self, after: datetime, until: datetime) -> int:
        """How many slots are later than `after`, up to and with `until`; quick, however many."""

    def distance(self, slot: datetime) -> timedelta:
        """From a slot to the nearer one of its neighbours; 0 where there is none."""
        before, after = self.until(slot - timedelta(seconds=1)), self.after(slot)
        between = [abs(other - slot) for other in (before, after) if other is not None]
        return min(between, default=timedelta(0))

    def slots(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """All slots later than `after`, up to and with `until`."""
        slot = self.after(after)
        while slot is not None and slot <= until:
            yield slot
            slot = self.after(slot)


@dataclass(frozen=True, slots=True)
class Every(Timing):
    """Slots counted from 1970-01-01T00:00Z plus `offset`, `span` apart."""

    span: timedelta
    offset: timedelta = timedelta(0)

    def after(self, moment: datetime) -> datetime | None:
        return self._number((moment - EPOCH - self.offset) // self.span + 1)

    def until(self, moment: datetime) -> datetime | None:
        return self._number((moment - EPOCH - self.offset) // self.span)

    def number(self, after: datetime, until: datetime) -> int:
        first, last = ((moment - EPOCH - self.offset) // self.span for moment in (after, until))
        return max(0, last - first)

    def words(self) -> str:
        return f"every {format_span(self.span)}"

    def _number(self, index: int) -> datetime:
        return EPOCH + self.offset + index * self.span


@dataclass(frozen=True, slots=True)
class Cron(Timing):
    """The five fields of cron, read in a time zone as Debian's cron does.

    Where clocks go forward, a time that is skipped falls just after the gap; where they go back,
    a time that comes twice counts once; with `*` in minute or hour, slots follow elapsed time.
    """

    expression: str
    timezone: str = "UTC"

    def after(self, moment: datetime) -> datetime | None:
        return cron.first_after(cron.pattern(self.expression), self._zone(), moment)

    def until(self, moment: datetime) -> datetime | None:
        return cron.last_until(cron.pattern(self.expression), self._zone(), moment)

    def number(self, after: datetime, until: datetime) -> int:
        return cron.number(cron.pattern(self.expression), self._zone(), after, until)

    def words(self) -> str:
        zone = "" if self.timezone == "UTC" else f" ({self.timezone})"
        return f"cron {self.expression}{zone}"

    def _zone(self) -> tzinfo:
        from zoneinfo import ZoneInfo

        return UTC if self.timezone == "UTC" else ZoneInfo(self.timezone)


@dataclass(frozen=True, slots=True)
class Once(Timing):
    """A single time."""

    at: datetime

    def after(self, moment: datetime) -> datetime | None:
        return self.at if self.at > moment else None

    def until(self, moment: datetime) -> datetime | None:
        return self.at if self.at <= moment else None

    def number(self, after: datetime, until: datetime) -> int:
        return int(after < self.at <= until)

    def words(self) -> str:
        return f"at {iso(self.at)}"


def stable_offset(installation: str, job: str, span: timedelta) -> timedelta:
    """Where in the hour (or in a shorter span) a job's slots lie: whole minutes, always the same."""
    minutes = min(span, SPREAD) // timedelta(minutes=1)
    return timedelta(minutes=zlib.crc32(f"{installation}:{job}".encode()) % minutes)


def parse_every(text: str) -> timedelta:
    """The span between slots that a text such as `24h` says.

    :raises ValueError: it is none, or not between 5 minutes and 90 days.
    """
    span = parse_span(text)
    if not SHORTEST <= span <= LONGEST:
        raise ValueError(f"{text!r} is not between 5 minutes and 90 days")
    return span


def parse_cron(text: str, timezone: str = "UTC") -> Cron:
    """The timing that five fields of cron say, in a time zone.

    :raises ValueError: with words that name the wrong field, or the zone.
    """
    cron.check(text)
    if timezone != "UTC":
        known_zone(timezone)
    return Cron(" ".join(text.split()), timezone)


def parse_at(text: str, timezone: str, now: datetime) -> Once:
    """The single time that a text such as `2026-12-01 15:30:00` says, read in a zone, or in its own.

    :raises ValueError: it is none, it is over, or the zone's clock skips it.
    """
    try:
        said = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is not a time like 2026-12-01 15:30:00") from None
    if len(text.strip()) <= len("2026-12-01"):
        raise ValueError(f"{text!r} has no time of day, like 2026-12-01 15:30:00")
    local = said.replace(tzinfo=known_zone(timezone)) if said.tzinfo is None else said
    try:
        at = local.astimezone(UTC)
        back = at.astimezone(local.tzinfo)
    except OverflowError:
        at = back = LAST
    if at >= LAST:
        raise ValueError(f"{text!r} is too far away")
    if back.replace(tzinfo=None) != local.replace(tzinfo=None):
        raise ValueError(f"{text!r} does not exist in {timezone}: its clocks go forward then")
    at = at.replace(microsecond=0)
    if at <= now:
        raise ValueError(f"{text!r} is over: it is {iso(now.replace(microsecond=0))} now")
    return Once(at)


def known_zone(name: str) -> tzinfo:
    """A time zone by its name.

    :raises ValueError: there is none.
    """
    from zoneinfo import ZoneInfo

    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise ValueError(f"{name!r} is not a time zone like Europe/Berlin") from None
