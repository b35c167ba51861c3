"""Insights of an Instagram account: totals, values, demographics."""

import pytest

from support.graph_wire import Wire


@pytest.fixture(scope="module")
def still():
    """A world that no test changes."""
    return Wire(posts=6, media=24)


@pytest.fixture
def wire():
    return Wire(posts=6, media=12)


def account_rows(wire, **params):
    return wire.direct_get("me/insights", **params).json()["data"]


def test_totals_come_as_total_value(still):
    asked = {"metric": "views,saves,reach", "metric_type": "total_value", "period": "day"}
    rows = account_rows(still, **asked)
    assert [row["name"] for row in rows] == ["views", "saves", "reach"]
    assert all("values" not in row and row["total_value"]["value"] > 0 for row in rows)
    later = account_rows(still, since="2026-11-16", until="2026-11-23", **asked)
    assert later[0]["total_value"]["value"] > 3 * rows[0]["total_value"]["value"]


def test_totals_without_the_metric_type_are_refused(still):
    error = still.direct_error("me/insights", metric="views,reach,likes", period="day")[1]
    assert error == {
        "message": "The following metrics (views, likes) should be specified with parameter "
        "metric_type=total_value",
        "type": "IGApiException",
        "code": 100,
    }


def test_reach_and_followers_come_as_values(still):
    asked = {"metric": "reach,follower_count", "period": "day"}
    rows = account_rows(still, since="2026-11-16", until="2026-11-19", **asked)
    assert [row["name"] for row in rows] == ["reach", "follower_count"]
    ends = [value["end_time"] for value in rows[0]["values"]]
    assert ends == [f"2026-11-{day}T08:00:00+0000" for day in (17, 18, 19)]
    (row,) = account_rows(still, metric="reach", metric_type="time_series", period='["day"]')
    assert len(row["values"]) == 1


def test_follower_count_is_empty_with_a_total_or_few_followers(wire):
    asked = {"metric": "follower_count", "period": "day"}
    assert account_rows(wire, metric_type="total_value", **asked) == []
    account = wire.account(wire.direct)
    account.followers = -wire.world.followers(account)
    assert account_rows(wire, **asked) == []


def test_what_account_insights_refuse(still):
    def message(**params):
        status, error = still.direct_error("me/insights", **params)
        assert (status, error["code"], error["type"]) == (400, 100, "IGApiException")
        return error["message"]

    assert message(period="day") == "The parameter metric is required"
    assert message(metric="reach") == "The parameter period is required"
    for name in ("saved", "profile_views", "website_clicks", "impressions"):
        said = message(metric=f"reach,{name}", period="day")
        assert said.startswith("metric[1] must be one of the following values: reach, ")
    assert message(metric="reach", period="hour").startswith("period must be one of")
    assert "breakdown" in message(metric="reach", period="day", breakdown="follow_type")
    assert "metric_type" in message(metric="reach", period="day", metric_type="x")


def test_breakdowns_of_totals(still):
    asked = {"metric": "views", "metric_type": "total_value", "period": "day"}
    (row,) = account_rows(still, breakdown="media_product_type", **asked)
    (breakdown,) = row["total_value"]["breakdowns"]
    assert breakdown["dimension_keys"] == ["media_product_type"]
    assert len(breakdown["results"]) == 3
    assert still.direct_error("me/insights", breakdown="colour", **asked)[1]["code"] == 100


def test_demographics_need_a_timeframe_a_lifetime_and_followers(wire):
    asked = {"metric": "follower_demographics", "metric_type": "total_value"}
    good = {"period": "lifetime", "timeframe": "this_week", "breakdown": "age"}
    (row,) = account_rows(wire, **asked, **good)
    assert row["total_value"]["breakdowns"][0]["dimension_keys"] == ["age"]
    for wrong in ({"period": "day"}, {"timeframe": "last_year"}, {"breakdown": "shoe_size"}):
        assert wire.direct_error("me/insights", **asked, **{**good, **wrong})[1]["code"] == 100
    account = wire.account(wire.direct)
    account.followers = -wire.world.followers(account)
    assert account_rows(wire, **asked, **good) == []


def test_account_insights_are_kept_for_90_days(still):
    asked = {"metric": "reach", "period": "day", "since": "2026-01-01", "until": "2026-01-05"}
    assert account_rows(still, **asked)[0]["values"] == []


def test_retired_account_metrics(wire):
    asked = {"metric": "reach,views", "metric_type": "total_value", "period": "day"}
    wire.switch(instagram__retired_metrics=["views"])
    assert "must be one of" in wire.direct_error("me/insights", **asked)[1]["message"]
    wire.switch(instagram__retired_answer="empty")
    assert [row["name"] for row in account_rows(wire, **asked)] == ["reach"]
