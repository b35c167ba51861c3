"""What X charges: each post and user once per application and UTC day (X docs: Pricing)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

# Millionths of a dollar.
POST = 5_000
OWN_POST = 1_000
USER = 10_000
DOLLAR = 1_000_000


@dataclass
class Ledger:
    """Charged resources by application and UTC day: which, how many of each kind, and the money."""

    charged: dict[tuple[str, date], set[tuple[str, str]]] = field(default_factory=dict)
    counts: Counter[tuple[str, date, str]] = field(default_factory=Counter)
    money: Counter[tuple[str, date]] = field(default_factory=Counter)

    def charge(self, app: str, now: datetime, kind: str, ids: Iterable[str], *, price: int) -> int:
        """Charge what was returned; tells how many were not charged before on this day."""
        day = now.astimezone(UTC).date()
        charged = self.charged.setdefault((app, day), set())
        new = {(kind, one) for one in ids} - charged
        charged |= new
        self.counts[app, day, kind] += len(new)
        self.money[app, day] += len(new) * price
        return len(new)

    def reads(self, app: str, day: date, kind: str = "post") -> int:
        """Distinct resources of this kind charged on this UTC day."""
        return self.counts[app, day, kind]

    def reads_since(self, app: str, first: date, kind: str = "post") -> int:
        """Resources charged on `first` and later, each once a day."""
        return sum(
            count
            for (name, day, what), count in self.counts.items()
            if name == app and what == kind and day >= first
        )

    def dollars(self, app: str, first: date = date.min) -> float:
        """Dollars charged on `first` and later."""
        spent = sum(
            money for (name, day), money in self.money.items() if name == app and day >= first
        )
        return spent / DOLLAR


CYCLE_DAY = 9


def cycle_start(now: datetime) -> date:
    """The day on which the billing cycle that holds `now` began."""
    day = now.astimezone(UTC).date()
    if day.day < CYCLE_DAY:
        day = day.replace(day=1) - timedelta(days=1)
    return day.replace(day=CYCLE_DAY)


def next_cycle(now: datetime) -> date:
    """The day on which the next billing cycle begins."""
    return (cycle_start(now).replace(day=28) + timedelta(days=4)).replace(day=CYCLE_DAY)
