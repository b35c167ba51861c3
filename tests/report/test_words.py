"""Numbers, ages and titles as people read them."""

from datetime import UTC, datetime, timedelta

import pytest

from analytics_sync.report import words
from analytics_sync.report.glyphs import ASCII, UNICODE

PUBLISHED = datetime(2026, 11, 22, 9, 5, tzinfo=UTC)


@pytest.mark.parametrize(("value", "shown"), [(0, "0"), (1234567, "1,234,567"), (None, "–")])
def test_an_unknown_number_is_a_dash_and_never_zero(value, shown):
    assert words.count(value, UNICODE) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0"), (12, "+12"), (-3456, "-3,456"), (None, "-")]
)
def test_a_change_has_its_sign(value, shown):
    assert words.change(value, ASCII) == shown


@pytest.mark.parametrize(
    ("hours", "shown"),
    [(0, "0 min"), (0.99, "59 min"), (1, "1 h"), (47.9, "47 h"), (48, "2 d"), (2000, "83 d")],
)
def test_an_age_is_told_in_its_largest_unit(hours, shown):
    assert words.age(timedelta(hours=hours)) == shown


@pytest.mark.parametrize(
    ("text", "kind", "shown"),
    [
        ("Plum cake", "photo", "Plum cake"),
        (None, "photo", "(photo of 22 Nov 09:05)"),
        ("  ", None, "(post of 22 Nov 09:05)"),
    ],
)
def test_a_post_without_text_is_told_by_kind_and_time(text, kind, shown):
    assert words.title(text, kind, PUBLISHED) == shown
