"""Usage headers: what they mean, and that no header breaks the reader."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_sync.platforms._graph.usage import (
    APP_USAGE,
    BUSINESS_USAGE,
    LONGEST_WAIT,
    SLOW_DOWN_SECONDS,
    Usage,
    business_usage,
    plain_usage,
)

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def business(told: Any, kind: str = "pages") -> Usage:
    text = told if isinstance(told, str) else json.dumps(told)
    return business_usage({BUSINESS_USAGE: text}, kind)


def test_app_usage_is_the_largest_percentage() -> None:
    told = '{"call_count":28,"total_time":25,"total_cputime":31}'
    assert plain_usage({APP_USAGE: told}, APP_USAGE) == Usage(31, 0)
    assert plain_usage({}, APP_USAGE) == Usage()


def test_undocumented_percentages_count() -> None:
    told = '{"call_volume":80,"cpu_time":91}'
    assert plain_usage({APP_USAGE: told}, APP_USAGE).percent == 91


def test_business_usage_is_the_worst_entry_of_its_type_whatever_its_key() -> None:
    told = {
        "112233": [
            {"type": "pages", "call_count": 20, "estimated_time_to_regain_access": 3},
            {"type": "instagram", "call_count": 99},
            {"type": "ads_management", "call_count": 100},
        ],
        "445566": [{"type": "pages", "total_cputime": 77, "total_time": 23}],
    }
    assert business(told) == Usage(77, 3)
    assert business(told, "instagram") == Usage(99, 0)


@pytest.mark.parametrize(
    ("usage", "stop", "slow"),
    [
        (Usage(0), None, 0.0),
        (Usage(75), None, 0.0),
        (Usage(76), None, SLOW_DOWN_SECONDS),
        (Usage(90), None, SLOW_DOWN_SECONDS),
        (Usage(91), timedelta(hours=1), 0.0),
        (Usage(100, 17), timedelta(minutes=17), 0.0),
        (Usage(10, 17), timedelta(minutes=17), 0.0),
        (Usage(100, 1e300), LONGEST_WAIT, 0.0),
    ],
)
def test_what_to_do_about_it(usage: Usage, stop: timedelta | None, slow: float) -> None:
    limit = usage.limit("page", NOW)
    if stop is None and not slow:
        assert limit is None
        return
    assert limit is not None
    assert limit.stop_until == (None if stop is None else NOW + stop)
    assert limit.slow_down == slow


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "5",
        '{"1": 5}',
        '{"1": [5]}',
        '{"1": [{"type": "pages"}]}',
        "[" * 9999,
    ],
)
def test_malformed_headers_say_nothing(text: str) -> None:
    assert business(text) == Usage()
    assert plain_usage({APP_USAGE: text}, APP_USAGE) == Usage()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["pages", "instagram", 5, None]),
        "call_count": JSON,
        "total_time": JSON,
        "total_cputime": JSON,
        "estimated_time_to_regain_access": JSON,
    },
)
HEADERS = st.one_of(
    st.text(),
    JSON.map(json.dumps),
    ENTRY.map(json.dumps),
    st.dictionaries(st.text(), st.lists(ENTRY | JSON, max_size=3), max_size=3).map(json.dumps),
)


@given(HEADERS)
def test_every_header_gives_a_limit_that_ends(text: str) -> None:
    for usage in (business(text), plain_usage({APP_USAGE: text}, APP_USAGE)):
        assert usage.percent >= 0
        assert usage.minutes >= 0
        limit = usage.limit("page", NOW)
        if limit is not None and limit.stop_until is not None:
            assert NOW < limit.stop_until <= NOW + LONGEST_WAIT


@given(st.lists(st.tuples(st.sampled_from(["pages", "instagram"]), st.integers(0, 100))))
def test_the_maximum_is_over_all_entries(entries: list[tuple[str, int]]) -> None:
    told = {
        str(place): [{"type": kind, "call_count": percent}]
        for place, (kind, percent) in enumerate(entries)
    }
    wanted = max((percent for kind, percent in entries if kind == "pages"), default=0)
    assert business(told).percent == wanted
