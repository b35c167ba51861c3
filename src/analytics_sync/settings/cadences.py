"""The tables `[cadence]` and `[cadence.NAME]`: steps by age, laid over those of the defaults."""

import re
from datetime import timedelta
from typing import Final

from analytics_sync.domain.cadence import Cadence

OLDER: Final = "older"
STEP: Final = r"under_([1-9][0-9]{0,4})_(days|hours)|older"

# The age below which a step holds (None: the last one), and the time between readings.
Steps = dict[timedelta | None, timedelta | None]


def steps_of(cadence: Cadence) -> Steps:
    """A cadence as a table that single steps can be laid over."""
    return {**dict(cadence.steps), None: cadence.older}


def age_of(name: str) -> timedelta | None:
    """The age that `under_7_days` or `under_36_hours` says; None for `older`.

    :raises ValueError: it names no step.
    """
    match = re.fullmatch(STEP, name)
    if match is None:
        raise ValueError(f"{name!r} is no step of a cadence")
    count, unit = match.groups()
    if count is None:
        return None
    return timedelta(days=int(count)) if unit == "days" else timedelta(hours=int(count))


def name_of(age: timedelta | None) -> str:
    """The key of a step, as a person writes it."""
    if age is None:
        return OLDER
    days, rest = divmod(age, timedelta(days=1))
    return f"under_{age // timedelta(hours=1)}_hours" if rest else f"under_{days}_days"


def cadence_of(steps: Steps) -> Cadence:
    """The cadence that a table with all its steps says; see `gap_in` for what none can say."""
    read = [(age, every) for age, every in _by_age(steps) if every is not None]
    return Cadence(tuple((age, every) for age, every in read if age is not None), steps.get(None))


def gap_in(steps: Steps) -> str | None:
    """The step that is off although a later one is not; None when there is no such step."""
    later = False
    gap = None
    for age, every in reversed(_by_age(steps)):
        if every is None and later:
            gap = name_of(age)
        later = later or every is not None
    return gap


def _by_age(steps: Steps) -> list[tuple[timedelta | None, timedelta | None]]:
    """Youngest first, `older` last."""
    return sorted(steps.items(), key=lambda step: (step[0] is None, step[0] or timedelta(0)))
