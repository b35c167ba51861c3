from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_sync.transport.retry_after import LONGEST, parse_retry_after

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
SOON = st.datetimes(
    min_value=datetime(1971, 1, 1), max_value=datetime(9000, 1, 1), timezones=st.just(UTC)
)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("60", 60),
        (" 60\t", 60),
        ("1.5", 1.5),
        ("7.", 7),
        ("Mon, 23 Nov 2026 14:02:00 GMT", 120),
        ("Monday, 23-Nov-26 14:02:00 GMT", 120),
        ("Mon Nov 23 14:02:00 2026", 120),
        ("Mon, 23 Nov 2026 15:02:00 +0100", 120),
        ("Mon, 23 Nov 2026 14:02:00 -0000", 120),
    ],
)
def test_seconds_and_dates_are_read(value: str, seconds: float) -> None:
    assert parse_retry_after(value, NOW) == NOW + timedelta(seconds=seconds)


def test_a_date_in_the_past_is_now() -> None:
    assert parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", NOW) == NOW


@pytest.mark.parametrize(
    "value",
    ["86401", "99999999999999999999", "9" * 5000, "Fri, 31 Dec 9999 23:59:59 GMT"],
)
def test_more_than_a_day_is_a_day(value: str) -> None:
    assert parse_retry_after(value, NOW) == NOW + LONGEST


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        " ",
        "-5",
        "+5",
        "١٢",
        "NaN",
        "inf",
        "1e400",
        "0x10",
        "1_000",
        ".5",
        "1.5.2",
        "60 seconds",
        "soon",
        "Mon",
        "Mon, 99 Foo 2026 14:02:00 GMT",
        "Mon, 23 Nov 2026 14:02:00 +9999999999",
        "Mon, ٢٣ Nov 2026 14:02:00 GMT",
        "60, 120",
    ],
)
def test_garbage_is_nothing(value: str | None) -> None:
    assert parse_retry_after(value, NOW) is None


@given(value=st.none() | st.text() | st.from_regex(r"[0-9a-zA-Z,:+\-. ]{0,40}"), now=SOON)
def test_any_text_gives_none_or_an_instant_of_the_next_day(
    value: str | None, now: datetime
) -> None:
    until = parse_retry_after(value, now)
    assert until is None or now <= until <= now + LONGEST


@given(seconds=st.floats(min_value=0, max_value=86400), now=SOON)
def test_seconds_are_never_shortened(seconds: float, now: datetime) -> None:
    text = f"{seconds:.6f}"
    assert parse_retry_after(text, now) == now + timedelta(seconds=float(text))


@given(moment=SOON, now=SOON)
def test_every_date_is_clamped_between_now_and_a_day_later(moment: datetime, now: datetime) -> None:
    until = parse_retry_after(format_datetime(moment, usegmt=True), now)
    assert until == max(now, min(moment.replace(microsecond=0), now + LONGEST))
