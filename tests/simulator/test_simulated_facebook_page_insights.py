"""Insights of a Page, day by day."""

import pytest

from support.graph_wire import NOT_A_METRIC, Wire


@pytest.fixture(scope="module")
def still():
    """A world that no test changes."""
    return Wire(posts=48)


@pytest.fixture
def wire():
    return Wire(posts=12, media=6)


def page_values(wire, metric, **params):
    params = {"period": "day", **params}
    (row,) = wire.get("me/insights", metric=metric, **params).json()["data"]
    return [(value["end_time"], value["value"]) for value in row["values"]]


def test_days_of_a_page_end_at_pacific_midnight(still):
    summer = page_values(still, "page_media_view", since="2026-10-30", until="2026-11-03")
    assert [end for end, _ in summer] == [
        "2026-10-31T07:00:00+0000",
        "2026-11-01T07:00:00+0000",
        "2026-11-02T08:00:00+0000",
        "2026-11-03T08:00:00+0000",
    ]
    march = page_values(still, "page_media_view", since="2026-03-07", until="2026-03-10")
    assert [end[11:13] for end, _ in march] == ["08", "07", "07"]


def test_weeks_are_sums_of_days_and_followers_a_running_total(still):
    week = page_values(
        still, "page_media_view", since="2026-11-10", until="2026-11-11", period="week"
    )
    days = page_values(still, "page_media_view", since="2026-11-04", until="2026-11-11")
    assert week[-1] == (days[-1][0], sum(value for _, value in days))
    totals = page_values(still, "page_follows", since="2026-11-10", until="2026-11-15")
    gained = page_values(still, "page_daily_follows", since="2026-11-10", until="2026-11-15")
    lost = page_values(still, "page_daily_unfollows_unique", since="2026-11-10", until="2026-11-15")
    for before, after, more, less in zip(totals, totals[1:], gained[1:], lost[1:], strict=False):
        assert after[1] - before[1] == more[1] - less[1]
        assert min(more[1], less[1]) >= 0


def test_the_usual_span_of_a_page_is_two_days_and_none_is_in_the_future(still):
    assert [end for end, _ in page_values(still, "page_views_total")] == [
        "2026-11-22T08:00:00+0000",
        "2026-11-23T08:00:00+0000",
    ]
    late = page_values(still, "page_views_total", since="2026-11-22", until="2026-11-30")
    assert [end for end, _ in late] == ["2026-11-23T08:00:00+0000"]


def test_at_most_ninety_days_of_a_page(still):
    asked = {"metric": "page_media_view", "period": "day", "until": "2026-11-01"}
    assert still.error("me/insights", since="2026-08-01", **asked)[1]["code"] == 100
    (row,) = still.get("me/insights", since="2026-08-04", **asked).json()["data"]
    assert len(row["values"]) == 89
    old = {"metric": "page_media_view", "period": "day", "since": "2023-01-01"}
    assert still.get("me/insights", until="2023-01-05", **old).json()["data"][0]["values"] == []


def test_metrics_of_pages_and_of_posts_are_kept_apart(still):
    for metric in ("post_media_view", "page_impressions", "page_fans", "page_video_views_unique"):
        assert still.error("me/insights", metric=metric, period="day") == (400, NOT_A_METRIC)


def test_a_period_that_a_metric_has_not_gives_no_row(still):
    answer = still.get("me/insights", metric="page_follows", period="week").json()
    assert answer["data"] == []
    rows = still.get("me/insights", metric="page_media_view").json()["data"]
    assert [row["period"] for row in rows] == ["day", "week", "days_28"]


def test_pages_with_few_likes_have_no_insights(wire):
    page = wire.account(wire.page)
    page.followers = -wire.world.followers(page)
    answer = wire.get("me/insights", metric="page_media_view", period="day")
    assert (answer.status_code, answer.json()["data"]) == (200, [])
