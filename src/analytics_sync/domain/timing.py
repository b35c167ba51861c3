"""When a job is due: every so often, by a cron expression, or once; each due time is a slot, in UTC."""

import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from analytics_sync.clock import EPOCH, iso
from analytics_sync.domain.spans import format_span

SHORTEST: Final = timedelta(minutes=5)
LONGEST: Final = timedelta(days=90)
SPREAD: Final = timedelta(hours=1)


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
        return self._next(moment, backwards=False)

    def until(self, moment: datetime) -> datetime | None:
        return self._next(moment + timedelta(seconds=1), backwards=True)

    def words(self) -> str:
        zone = "" if self.timezone == "UTC" else f" ({self.timezone})"
        return f"cron {self.expression}{zone}"

    def _next(self, moment: datetime, *, backwards: bool) -> datetime | None:
        from zoneinfo import ZoneInfo

        from cronsim import CronSim

        zone = UTC if self.timezone == "UTC" else ZoneInfo(self.timezone)
        found = next(CronSim(self.expression, moment.astimezone(zone), backwards), None)
        return None if found is None else found.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Once(Timing):
    """A single time."""

    at: datetime

    def after(self, moment: datetime) -> datetime | None:
        return self.at if self.at > moment else None

    def until(self, moment: datetime) -> datetime | None:
        return self.at if self.at <= moment else None

    def words(self) -> str:
        return f"at {iso(self.at)}"


def stable_offset(installation: str, job: str, span: timedelta) -> timedelta:
    """Where in the hour (or in a shorter span) a job's slots lie: whole minutes, always the same."""
    minutes = min(span, SPREAD) // timedelta(minutes=1)
    return timedelta(minutes=zlib.crc32(f"{installation}:{job}".encode()) % minutes)
