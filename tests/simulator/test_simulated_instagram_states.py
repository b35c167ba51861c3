"""States of a media: before the conversion, too few viewers, no data yet, retired metrics."""

from datetime import timedelta

import pytest

from support.graph_wire import (
    BY_HOST,
    SAFE,
    START,
    Wire,
    ask,
    handle_on,
    refused,
    unsupported,
    values,
)


@pytest.fixture
def wire():
    return Wire(posts=6, media=12)


PRE_CONVERSION = {
    "message": "Invalid parameter",
    "type": "IGApiException",
    "code": 100,
    "error_subcode": 2108006,
    "is_transient": False,
    "error_user_title": "Media posted before business account conversion",
    "error_user_msg": "The media was posted before the most recent time that the user's account "
    "was converted to a business account from a personal account.",
}


@BY_HOST
def test_media_from_before_the_conversion(wire, host):
    media = wire.posts("image", handle_on(wire, host))[-1]
    media.facts["pre_conversion"] = True
    wanted = PRE_CONVERSION | ({"type": "OAuthException"} if host == "facebook" else {})
    assert refused(wire, host, f"{media.id}/insights", metric="views") == (400, wanted)
    counts = ask(wire, host, media.id, fields="like_count,comments_count").json()
    assert counts["like_count"] == wire.world.value(media, "likes")
    assert set(wire.instagram.truth(media).values()) == {None}


@BY_HOST
def test_a_story_with_fewer_than_five_viewers(wire, host):
    story = wire.posts("story", handle_on(wire, host))[0]
    story.fixed["reach"] = 4
    wanted = {
        "message": "(#10) Not enough viewers for the media to show insights",
        "type": "OAuthException",
        "code": 10,
    }
    path = f"{story.id}/insights"
    assert refused(wire, host, path, metric=SAFE["STORY"]) == (400, wanted)
    assert set(wire.instagram.truth(story).values()) == {None}
    story.fixed["reach"] = 5
    assert values(ask(wire, host, path, metric="reach")) == {"reach": 5}


def test_replies_are_zero_in_europe_and_japan(wire):
    story = wire.posts("story", wire.direct)[0]
    story.fixed |= {"reach": 50, "comments": 3}
    path = f"{story.id}/insights"
    assert values(wire.direct_get(path, metric="replies")) == {"replies": 3}
    wire.account(wire.direct).facts["region"] = "EU"
    assert values(wire.direct_get(path, metric="replies")) == {"replies": 0}
    assert wire.instagram.truth(story)["comments"] == 0


def test_no_data_yet_is_an_empty_list_and_reach_comes_later(wire):
    media = wire.instagram.publish(wire.direct.platform_account_id)
    path = f"{media.id}/insights"
    assert wire.direct_get(path, metric="views,reach").json() == {"data": []}
    assert set(wire.instagram.truth(media).values()) == {None}
    wire.advance(minutes=10)
    assert list(values(wire.direct_get(path, metric="views,reach"))) == ["views"]
    assert wire.instagram.truth(media)["reach"] is None
    wire.advance(minutes=50)
    assert list(values(wire.direct_get(path, metric="views,reach"))) == ["views", "reach"]


def test_numbers_may_be_48_hours_late(wire):
    media = wire.posts("image", wire.direct)[-1]
    now = values(wire.direct_get(f"{media.id}/insights", metric="views"))
    wire.switch(instagram__lag_hours=48)
    wire.advance(hours=48)
    assert values(wire.direct_get(f"{media.id}/insights", metric="views")) == now
    fresh = wire.instagram.publish(wire.direct.platform_account_id)
    wire.advance(hours=47)
    path = f"{fresh.id}/insights"
    assert wire.direct_get(path, metric="views").json() == {"data": []}
    wire.advance(hours=1)
    assert values(wire.direct_get(path, metric="views")) == {"views": 0}


def test_media_older_than_two_years_have_no_data(wire):
    media = wire.posts("image", wire.direct)[-1]
    media.published_at = START - timedelta(days=800)
    assert wire.direct_get(f"{media.id}/insights", metric="views").json() == {"data": []}


def test_nested_insights_on_a_listing_fail_together(wire):
    asked = "id,insights.metric(views,{})"
    rows = wire.direct_get("me/media", fields=asked.format("reach")).json()["data"]
    assert all(row["insights"]["data"][0]["name"] == "views" for row in rows[1:])
    error = wire.direct_error("me/media", fields=asked.format("follows"))[1]
    assert error == unsupported("instagram", "follows")


def test_retired_metrics_of_instagram(wire):
    media = wire.posts("image", wire.direct)[-1]
    path = f"{media.id}/insights"
    wire.switch(instagram__retired_metrics=["saved"])
    error = wire.direct_error(path, metric="views,saved")[1]
    assert error["message"].startswith("metric[1] must be one of the following values: ")
    assert "saved" not in error["message"]
    assert wire.instagram.truth(media)["saves"] is None
    wire.switch(instagram__retired_answer="empty")
    assert list(values(wire.direct_get(path, metric="views,saved"))) == ["views"]
    wire.switch(instagram__retired_metrics=["plays"])
    assert wire.direct_get(path, metric="plays").json() == {"data": []}
