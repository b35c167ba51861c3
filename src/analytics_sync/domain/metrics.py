"""The canonical columns, and how a reading's numbers become them."""

from collections.abc import Mapping
from typing import Any, Final

COLUMNS: Final = (
    "impressions",
    "reach",
    "likes",
    "comments",
    "shares",
    "saves",
    "clicks",
    "video_views",
    "watch_time_ms",
)

# Larger numbers are a fault of the answer: SQLite and PostgreSQL hold 64 bits.
LARGEST_COUNT: Final = 2**63 - 1

Number = int | float

# In `extra`, beside the numbers: the zeros of this reading were not said but follow from the
# platform's rule that posts without activity are left out. True of one reading only.
IMPLIED: Final = "implied"

# For each column the platform's own names that can fill it, best first, with what was said.
Candidates = Mapping[str, Mapping[str, int]]


def choose_sources(
    candidates: Candidates, pinned: Mapping[str, str]
) -> tuple[dict[str, int], dict[str, str]]:
    """Pick one value for each column, and the name that it came from.

    The source first said for a post stays its source (`pinned`): two names may measure different
    things, and one series must not jump between them. A column whose pinned source was not said
    this time is left out, that is: unsaid.
    """
    values: dict[str, int] = {}
    sources: dict[str, str] = {}
    for column, said in candidates.items():
        source = pinned.get(column) or next(iter(said), None)
        if source is not None and source in said:
            values[column] = said[source]
            sources[column] = source
    return values, sources


def as_count(value: Any) -> int | None:
    """A whole number as a platform may write it, or None when it is none.

    Numeric strings are taken (X sends some counters as strings); booleans, NaN, infinities,
    fractions and numbers beyond 64 bits are not numbers of posts.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        digits = value.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 19):
            return None
        value = int(value)
    if isinstance(value, float):
        if not value.is_integer():
            return None
        value = int(value)
    if isinstance(value, int) and -LARGEST_COUNT <= value <= LARGEST_COUNT:
        return value
    return None


def as_number(value: Any) -> Number | None:
    """Like `as_count`, but ratios (LinkedIn's `engagement`) are taken too."""
    if isinstance(value, float) and value == value and abs(value) < float(LARGEST_COUNT):  # noqa: PLR0124
        return value
    return as_count(value)
