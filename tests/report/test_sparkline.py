"""Sparklines: scale, gaps, and values taken at even steps."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_sync.report.glyphs import ASCII, UNICODE
from analytics_sync.report.sparkline import sampled, sparkline

START = datetime(2026, 11, 22, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"),
        ([7, 0, 7], "█▁█"),
        ([1000, 1001], "▁█"),
        ([5, 5, 5], "▁▁▁"),
        ([None, 3, None, 9], " ▁ █"),
        ([None, None], "  "),
        ([], ""),
        ([-4, 0, 4], "▁▅█"),
    ],
)
def test_bars_reach_from_the_lowest_value_to_the_highest(values, drawn):
    assert sparkline(values) == drawn


def test_other_bars_can_be_used():
    assert sparkline([0, 7], ASCII.bars) == "_#"


@given(st.lists(st.none() | st.integers(-(2**63), 2**63)))
def test_every_value_has_one_bar_and_higher_values_no_lower_one(values):
    drawn = sparkline(values)
    assert len(drawn) == len(values)
    known = [(value, bar) for value, bar in zip(values, drawn, strict=True) if value is not None]
    assert all(bar in UNICODE.bars for _, bar in known)
    heights = [UNICODE.bars.index(bar) for _, bar in sorted(known)]
    assert heights == sorted(heights)


def test_a_history_of_changes_is_sampled_at_even_steps():
    history = [(START + HOUR, 10), (START + 3 * HOUR, 30), (START + 4 * HOUR, 20)]
    instants = [START + n * HOUR for n in range(6)]
    assert sampled(history, instants) == [None, 10, 10, 30, 20, 20]


def test_no_history_has_no_values():
    assert sampled([], [START]) == [None]
