"""Past readings end in the same place, in whatever order and portions they come."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from analytics_sync.domain.history import Known, fold
from analytics_sync.domain.past import PastReading, Standing, lay_in
from analytics_sync.domain.records import Reading

START = datetime(2026, 11, 1, tzinfo=UTC)
COLUMNS = ("impressions", "likes", "clicks")
# One name is spelled like a column, as it is at some platforms.
NAMES = ("likes", "impression_count", "quotes")


def at(hour):
    return START + timedelta(hours=hour)


def reading(hour, extra=None, **columns):
    return PastReading(at(hour), columns, extra or {})


@st.composite
def histories(draw):
    """Readings at different hours, in any order, cut into portions."""
    hours = draw(st.lists(st.integers(0, 40), min_size=1, max_size=12, unique=True))
    numbers = st.integers(0, 3)
    readings = [
        PastReading(
            at(hour),
            draw(st.dictionaries(st.sampled_from(COLUMNS), numbers)),
            draw(st.dictionaries(st.sampled_from(NAMES), numbers)),
        )
        for hour in hours
    ]
    cuts = sorted(draw(st.sets(st.integers(1, len(readings)))))
    edges = [0, *cuts, len(readings)]
    return [readings[a:b] for a, b in pairwise(edges) if a < b]


def lay_in_all(standing, portions):
    """As the store does it: a portion is stored first, then laid in."""
    stored = {}
    for portion in portions:
        stored |= {found.captured_at: found for found in portion}

        def later(moment):
            return [stored[time] for time in sorted(stored) if time > moment]  # noqa: B023

        standing = lay_in(standing, portion, later)
    return standing


def in_order(portions):
    """What a sync would know that had made the readings itself."""
    known = Known()
    for found in sorted((r for portion in portions for r in portion), key=lambda r: r.captured_at):
        columns = {name: {name: value} for name, value in found.columns.items()}
        known = fold(known, Reading("1", columns, found.extra)).known
    return known


@given(histories())
def test_the_end_is_what_was_said_last_of_each_number(portions):
    standing = lay_in_all(Standing(), portions)
    expected = in_order(portions)
    assert dict(standing.known.columns) == dict(expected.columns)
    assert dict(standing.known.extra) == dict(expected.extra)
    assert standing.known.unsaid == expected.unsaid
    assert standing.captured_at == max(r.captured_at for portion in portions for r in portion)


@given(histories())
def test_laying_in_twice_changes_nothing(portions):
    once = lay_in_all(Standing(), portions)
    assert lay_in_all(once, portions) == once


def test_on_the_same_time_the_later_one_counts():
    standing = lay_in(Standing(), [reading(1, likes=1), reading(1, likes=2)], lambda _: [])
    assert standing.known.columns == {"likes": 2}


def test_a_newest_reading_that_is_replaced_is_corrected():
    standing = Standing(Known({"likes": 5}), at(3), None)
    assert lay_in(standing, [reading(3, likes=4)], lambda _: []).known.columns == {"likes": 4}


def test_what_a_sync_read_since_is_not_overwritten():
    standing = Standing(Known({"likes": 5}, {"quotes": 1}), at(3), read_at=at(9))
    after = lay_in(standing, [reading(7, {"quotes": 8}, likes=8, clicks=2)], lambda _: [])
    assert after.known.columns == {"likes": 5, "clicks": 2}
    assert after.known.extra == {"quotes": 1}
    assert after.known.unsaid == ("clicks",)


def test_a_column_that_the_newest_reading_left_out_may_be_corrected_by_an_older_one():
    standing = Standing(Known({"likes": 5, "clicks": 1}, unsaid=("clicks",)), at(3), read_at=at(9))
    after = lay_in(standing, [reading(7, clicks=2)], lambda _: [])
    assert after.known.columns == {"likes": 5, "clicks": 2}
    assert after.known.unsaid == ("clicks",)


def test_the_pinned_sources_stay():
    standing = Standing(Known({"likes": 5}, sources={"likes": "like_count"}), at(3), None)
    assert lay_in(standing, [reading(4, likes=6)], lambda _: []).known.sources == {
        "likes": "like_count"
    }
