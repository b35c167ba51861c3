"""Sparklines: a history in one line of text."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime

from analytics_sync.report.glyphs import UNICODE


def sparkline(values: Sequence[float | None], bars: str = UNICODE.bars) -> str:
    """One bar for each value, from the lowest of them to the highest; a blank where there is none.

    Values that are all the same stand at the lowest bar.
    """
    known = [value for value in values if value is not None]
    if not known:
        return " " * len(values)
    low, high = min(known), max(known)
    return "".join(
        " " if value is None else bars[_step(value, low, high, bars)] for value in values
    )


def _step(value: float, low: float, high: float, bars: str) -> int:
    if high == low:
        return 0
    return round((value - low) / (high - low) * (len(bars) - 1))


def sampled(
    history: Sequence[tuple[datetime, int]], instants: Sequence[datetime]
) -> list[int | None]:
    """What was last said at each instant; None before the first. `history` is in order of time.

    A history holds only changes, so its own points are unevenly spaced.
    """
    moments = [moment for moment, _ in history]
    places = [bisect_right(moments, instant) for instant in instants]
    return [history[place - 1][1] if place else None for place in places]
