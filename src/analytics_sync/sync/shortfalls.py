"""Where the schedules allow less than the cadence wants, and what would suffice."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from math import ceil, floor
from typing import Any, Final, NamedTuple

from analytics_sync.domain.spans import format_span
from analytics_sync.platforms._contract import app_bucket
from analytics_sync.store.demand import Stock
from analytics_sync.sync.demand import Day, Manner
from analytics_sync.sync.pace import DAY, Even, Pace

HOUR: Final = timedelta(hours=1)
# Schedules to propose: more often where a job reads too few posts at a time, else more rarely.
PROPOSED: Final = (
    *(timedelta(minutes=minutes) for minutes in (5, 10, 15, 30)),
    *(timedelta(hours=hours) for hours in (1, 2, 3, 4, 6, 8, 12, 24, 48, 168)),
)


class Shortfall(NamedTuple):
    """What is wanted a day, what is possible, and what would suffice.

    `limit`: the setting that is too low, or "" where the ceiling is the platform's own. It counts
    posts read (`posts_per_sync`), posts charged (`daily_read_budget`) or calls. `account_id`: None
    where all accounts of an application share it.
    """

    platform: str
    account_id: int | None
    limit: str
    wanted: int
    possible: int
    hint: str

    def as_json(self) -> dict[str, Any]:
        return {
            "platform": self.platform,
            "account_id": self.account_id,
            "limit": self.limit or None,
            "wanted": self.wanted,
            "possible": self.possible,
            "hint": self.hint,
        }


class Planned(NamedTuple):
    """An account with the pace of its job and the day that it wants."""

    stock: Stock
    manner: Manner
    pace: Pace
    day: Day


class Ceiling(NamedTuple):
    """What some accounts may use together in a day: counted calls, or paid reads."""

    manner: Manner
    limit: str
    possible: float
    period: timedelta
    members: list[Planned]

    def demand(self, days: Sequence[Day]) -> float:
        reads = self.limit == "daily_read_budget"
        return sum(day.charged if reads else day.counted for day in days)

    @property
    def wanted(self) -> float:
        return self.demand([member.day for member in self.members])


def ceilings(planned: Sequence[Planned]) -> list[Ceiling]:
    """The ceilings of our own that are on some accounts."""
    found: dict[tuple[str, timedelta], Ceiling] = {}
    for one in planned:
        for key, ceiling in _ceilings_on(one):
            found.setdefault(key, ceiling).members.append(one)
    return list(found.values())


def _ceilings_on(one: Planned) -> Iterator[tuple[tuple[str, timedelta], Ceiling]]:
    account, settings = one.stock.account, one.manner.settings
    said = {HOUR: settings.max_calls_per_hour, DAY: settings.max_calls_per_day}
    names = {HOUR: "max_calls_per_hour", DAY: "max_calls_per_day"}
    for cap in one.manner.platform.caps(account, settings):
        limit = names[cap.period] if said.get(cap.period) == cap.calls else ""
        ceiling = Ceiling(one.manner, limit, cap.calls * (DAY / cap.period), cap.period, [])
        yield (cap.bucket, cap.period), ceiling
    if one.manner.platform.charges_reads:
        reads = f"{app_bucket(account)}:reads"
        budget = settings.number("daily_read_budget")
        yield (reads, DAY), Ceiling(one.manner, "daily_read_budget", budget, DAY, [])


def shares(found: Sequence[Ceiling]) -> Mapping[int, float]:
    """By account, which share of its day the ceilings leave; those not named have all of it."""
    left: dict[int, float] = {}
    for ceiling in found:
        wanted = ceiling.wanted
        if wanted > ceiling.possible:
            for member in ceiling.members:
                id = member.stock.account.id
                left[id] = min(left.get(id, 1.0), ceiling.possible / wanted)
    return left


def shortfalls(planned: Sequence[Planned], found: Sequence[Ceiling]) -> Iterator[Shortfall]:
    """Of ceilings that many accounts share first, then of single accounts."""
    for ceiling in found:
        if ceiling.wanted > ceiling.possible:
            yield _of_ceiling(ceiling)
    for one in planned:
        if one.day.wanted > one.day.possible:
            yield _of_account(one)


def _of_account(one: Planned) -> Shortfall:
    name, day = one.manner.platform.name, one.day
    needed = ceil(day.wanted / one.pace.runs.times)
    span = _often_enough(one)
    or_else = f", or schedule it every {format_span(span)}" if span else ""
    return Shortfall(
        name,
        one.stock.account.id,
        "posts_per_sync",
        ceil(day.wanted),
        floor(day.possible),
        f"Set posts_per_sync = {needed} under [platforms.{name}]{or_else}.",
    )


def _often_enough(one: Planned) -> timedelta | None:
    """The longest span of a schedule that reads all that it wants; None when no span does."""
    more_often = [span for span in reversed(PROPOSED) if DAY / span > one.pace.runs.times]
    for span in more_often:
        pace = Even(span)
        if one.manner.wanted(one.stock, pace) <= one.manner.possible(pace):
            return span
    return None


def _of_ceiling(ceiling: Ceiling) -> Shortfall:
    account = ceiling.members[0].stock.account
    return Shortfall(
        account.platform,
        account.id if len(ceiling.members) == 1 else None,
        ceiling.limit,
        ceil(ceiling.wanted),
        floor(ceiling.possible),
        _enough(ceiling),
    )


def _enough(ceiling: Ceiling) -> str:
    name, title = ceiling.manner.platform.name, ceiling.manner.platform.title
    needed = ceil(ceiling.wanted / (DAY / ceiling.period))
    span = _rarely_enough(ceiling)
    slower = (
        f"schedule {'it' if len(ceiling.members) == 1 else 'them'} every {format_span(span)}"
        if span
        else f"let posts be read less often under [cadence.{name}]"
    )
    match ceiling.limit:
        case "":
            return f"{title} allows no more: {slower}."
        case "daily_read_budget":
            dollars = needed * float(ceiling.manner.settings.own["price_per_read"])
            cost = f" (${dollars:,.2f} a day)"
            return f"Set daily_read_budget = {needed} under [platforms.{name}]{cost}, or {slower}."
        case limit:
            return f"Set {limit} = {needed} under [platforms.{name}] if {title} allows it, or {slower}."


def _rarely_enough(ceiling: Ceiling) -> timedelta | None:
    """The shortest span at which the accounts keep within it, and read all that they want."""
    most = max(member.pace.runs.times for member in ceiling.members)
    rarer = [span for span in PROPOSED if DAY / span < most]
    if not rarer or ceiling.demand(_days(ceiling, rarer[-1])) > ceiling.possible:
        return None
    for span in rarer:
        days = _days(ceiling, span)
        if ceiling.demand(days) <= ceiling.possible and all(d.wanted <= d.possible for d in days):
            return span
    return None


def _days(ceiling: Ceiling, span: timedelta) -> list[Day]:
    """What the accounts want when none is synced more often."""
    pace = Even(span)
    return [
        member.manner.day(member.stock, pace)
        if member.pace.runs.times > pace.runs.times
        else member.day
        for member in ceiling.members
    ]
