"""Spans as people write them."""

import contextlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_sync.domain.spans import LONGEST, format_span, parse_span


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90m", 5_400),
        ("24h", 86_400),
        ("1d12h", 129_600),
        ("30s", 30),
        ("1w", 604_800),
        (" 1h 30m ", 5_400),
        ("10 m", 600),
        ("0s", 0),
        ("1d2h3m4s", 93_784),
    ],
)
def test_a_written_span_is_read(text: str, seconds: int) -> None:
    assert parse_span(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "90", "m", "1.5h", "-1h", "1H", "1h1h", "30m1h", "1 h m", "10 minutes"),
        *("١٢m", "1h\n2", "12345678901s", "9999999999w"),
    ],
)
def test_what_is_no_span_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a span such as 90m|longer than 100 years"):
        parse_span(text)


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(0), "0s"),
        (timedelta(minutes=90), "1h30m"),
        (timedelta(days=7), "7d"),
        (timedelta(hours=36), "1d12h"),
        (timedelta(milliseconds=1500), "1s"),
    ],
)
def test_a_span_is_written_with_its_largest_units(span: timedelta, text: str) -> None:
    assert format_span(span) == text


def test_a_negative_span_is_refused() -> None:
    with pytest.raises(ValueError, match="can't be negative"):
        format_span(timedelta(seconds=-1))


@given(st.integers(0, int(LONGEST.total_seconds())))
def test_what_is_written_is_read_back(seconds: int) -> None:
    span = timedelta(seconds=seconds)
    assert parse_span(format_span(span)) == span


@given(st.text(max_size=20))
def test_any_text_is_a_span_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse_span(text) >= timedelta(0)
