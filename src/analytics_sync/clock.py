"""The only reader of time: now, elapsed seconds, and sleeping."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the program may know of time. Tests and `demo` pass one of their own."""

    def now(self) -> datetime:
        """The present instant, in UTC."""

    def monotonic(self) -> float:
        """Seconds since some fixed instant; never goes back."""

    async def sleep(self, seconds: float) -> None:
        """Wait; ends early only by cancellation."""


class SystemClock:
    """The machine's clock, moved by a fixed `offset` (the demo lives one day ahead)."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset  # noqa: TID251 - this is the one place

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        import asyncio  # 20 ms that a command which never sleeps need not pay

        await asyncio.sleep(max(0.0, seconds))


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC with `Z`; milliseconds only when there are some."""
    utc = moment.astimezone(UTC)
    spec = "milliseconds" if utc.microsecond >= 1000 else "seconds"
    return utc.isoformat(timespec=spec).replace("+00:00", "Z")


def to_milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970-01-01T00:00Z, exactly (no float on the way)."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def from_milliseconds(milliseconds: int) -> datetime:
    return EPOCH + timedelta(milliseconds=milliseconds)


def is_ahead(stamp: datetime, now: datetime) -> bool:
    """Whether a stored time is so far in the future that a wrong clock wrote it.

    Machines with an empty battery start in any year. What such a run noted as done must not keep
    later ones from doing it until that year has come.
    """
    return stamp - now > AHEAD


def next_utc_midnight(moment: datetime) -> datetime:
    """Where daily quotas begin anew."""
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=1)


# Clocks of several machines differ by less.
AHEAD = timedelta(hours=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
