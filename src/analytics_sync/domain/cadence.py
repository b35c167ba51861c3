"""How often a post of some age is read again."""

from datetime import datetime, timedelta
from typing import NamedTuple, Self

from analytics_sync.clock import is_ahead

YOUNG = timedelta(days=7)


class Cadence(NamedTuple):
    """Steps of (age below which it holds, time between readings); None: no more readings.

    A time of 0 means "at every run". The last step has no upper age.
    """

    steps: tuple[tuple[timedelta, timedelta], ...]
    older: timedelta | None

    @classmethod
    def usual(cls) -> Self:
        """Under 7 days every run, under 30 days every 6 h, under 90 days daily, then weekly."""
        return cls(
            (
                (timedelta(days=7), timedelta(0)),
                (timedelta(days=30), timedelta(hours=6)),
                (timedelta(days=90), timedelta(days=1)),
            ),
            timedelta(days=7),
        )

    def at(self, age: timedelta) -> timedelta | None:
        """The time between readings of a post of this age; None when it is off."""
        return next((every for below, every in self.steps if age < below), self.older)

    def is_due(
        self,
        published_at: datetime,
        last_tried: datetime | None,
        slot: datetime,
        interval: timedelta = timedelta(0),
        now: datetime | None = None,
    ) -> bool:
        """Whether the cadence, less half the job's interval, has passed since the last slot.

        Half an interval of grace keeps a reading from slipping to the slot after the next one. What
        was tried in this slot, or since, is not due: several jobs may have the same. `now` is later
        than the slot in a run that makes it up.
        """
        every = self.at(slot - published_at)
        if every is None:
            return False
        if last_tried is None or is_ahead(last_tried, now or slot):
            return True
        return last_tried < slot and slot - last_tried >= every - interval / 2
