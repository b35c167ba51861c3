"""Insights of Page posts: names, kinds, periods, breakdowns, nested ones."""

import pytest

from support.graph_wire import NOT_A_METRIC, Wire, values

VIDEO_NAMES = ["post_video_views", "post_video_view_time", "post_video_avg_time_watched"]
DEAD_NAMES = [
    "post_impressions",
    "post_impressions_unique",
    "post_engaged_users",
    "post_video_views_unique",
    "post_video_views_10s",
    "page_media_view",
    "nonsense",
]

NO_METRIC = {
    "message": "(#3001) Invalid query",
    "type": "OAuthException",
    "code": 3001,
    "error_subcode": 1504028,
    "is_transient": False,
    "error_user_title": "No metric was specified to be fetched",
    "error_user_msg": "Please specify one or more metrics to be fetched and try again.",
}


@pytest.fixture(scope="module")
def still():
    """A world that no test changes."""
    return Wire(posts=48)


@pytest.fixture
def wire():
    return Wire(posts=12, media=6)


def test_insights_of_a_post(still):
    post = still.post("photo")
    answer = still.insights(post, "post_media_view", "post_reactions_by_type_total")
    views, reactions = answer.json()["data"]
    assert views == {
        "name": "post_media_view",
        "period": "lifetime",
        "values": [{"value": still.world.value(post, "impressions")}],
        "title": "Post media view",
        "description": "Lifetime: Post media view",
        "id": f"{post.id}/insights/post_media_view/lifetime",
    }
    assert sum(reactions["values"][0]["value"].values()) == still.world.value(post, "likes")


def test_both_list_syntaxes_for_metrics(still):
    path = f"{still.post('photo').id}/insights"
    for metric in ("post_clicks,post_media_view", '["post_clicks","post_media_view"]'):
        rows = still.get(path, metric=metric, period="lifetime").json()["data"]
        assert [row["name"] for row in rows] == ["post_clicks", "post_media_view"]
    assert still.error(path, metric='["post_clicks"')[1]["code"] == 100


def test_reactions_that_nobody_gave_are_left_out(wire):
    post = wire.posts("text")[0]
    post.fixed["likes"] = 6
    said = values(wire.insights(post, "post_reactions_by_type_total", "post_reactions_love_total"))
    assert said == {
        "post_reactions_by_type_total": {"like": 5, "love": 1},
        "post_reactions_love_total": 1,
    }
    post.fixed["likes"] = 0
    said = values(wire.insights(post, "post_reactions_by_type_total"))
    assert said == {"post_reactions_by_type_total": {"like": 0}}


def test_activity_names_only_what_happened(wire):
    post = wire.posts("text")[0]
    post.fixed |= {"likes": 5, "comments": 2, "shares": 0}
    said = values(wire.insights(post, "post_activity_by_action_type"))
    assert said == {"post_activity_by_action_type": {"like": 5, "comment": 2}}


@pytest.mark.parametrize("name", DEAD_NAMES)
def test_one_bad_name_fails_the_whole_call(still, name):
    path = f"{still.post('video').id}/insights"
    asked = f"post_media_view,{name},post_clicks"
    assert still.error(path, metric=asked, period="lifetime") == (400, NOT_A_METRIC)


@pytest.mark.parametrize("name", VIDEO_NAMES)
@pytest.mark.parametrize("kind", ["text", "photo", "link", "album"])
def test_video_metrics_are_refused_where_there_is_no_video(still, name, kind):
    path = f"{still.post(kind).id}/insights"
    assert still.error(path, metric=name, period="lifetime") == (400, NOT_A_METRIC)


def test_video_metrics_of_a_video_post(still):
    post = still.post("video")
    said = values(still.insights(post, *VIDEO_NAMES, "post_video_retention_graph"))
    assert said["post_video_views"] == still.world.value(post, "video_views")
    assert said["post_video_view_time"] == still.world.value(post, "watch_time_ms")
    assert len(said["post_video_retention_graph"]) == 40


def test_without_a_period_some_metrics_come_twice(still):
    path = f"{still.post('video').id}/insights"
    metric = "post_video_views,post_media_view"
    rows = still.get(path, metric=metric).json()["data"]
    assert [(row["name"], row["period"]) for row in rows] == [
        ("post_video_views", "day"),
        ("post_video_views", "lifetime"),
        ("post_media_view", "lifetime"),
    ]
    rows = still.get(path, metric=metric, period="day").json()["data"]
    assert [row["name"] for row in rows] == ["post_video_views"]
    assert rows[0]["values"][0]["end_time"].endswith("T08:00:00+0000")
    assert still.error(path, metric=metric, period="hour")[1]["code"] == 100


def test_no_metric(still):
    for answer in (
        still.error(f"{still.post('text').id}/insights"),
        still.error(f"{still.page_id}/insights", period="day"),
    ):
        assert answer == (400, NO_METRIC)


def test_insights_links_never_end(still):
    path = f"{still.post('text').id}/insights"
    paging = still.get(path, metric="post_clicks", period="lifetime").json()["paging"]
    for direction in ("next", "previous"):
        link = paging[direction]
        for _ in range(3):
            answer = still.send("GET", link.removeprefix("http://sim")).json()
            assert answer["data"][0]["name"] == "post_clicks"
            assert answer["paging"][direction] != link
            link = answer["paging"][direction]


def test_a_breakdown_stands_beside_the_value(still):
    post = still.post("photo")
    for dimension in ("is_from_ads", "is_from_followers"):
        answer = still.insights(post, "post_media_view", "post_clicks", breakdown=dimension)
        views, clicks = answer.json()["data"]
        assert [value[dimension] for value in views["values"]] == ["0", "1"]
        total = sum(value["value"] for value in views["values"])
        assert total == still.world.value(post, "impressions")
        assert set(clicks["values"][0]) == {"value"}
    refused = still.error(f"{post.id}/insights", metric="post_media_view", breakdown="age")
    assert refused[1]["code"] == 100


def test_reach_of_pages_with_few_followers(wire):
    wire.account(wire.page).followers = -wire.world.followers(wire.account(wire.page))
    post = wire.posts("text")[0]
    asked = f"{post.id}/insights"
    assert wire.error(asked, metric="post_clicks,post_total_media_view_unique")[1]["code"] == 200
    assert wire.get(asked, metric="post_clicks").status_code == 200
    assert wire.facebook.truth(post)["reach"] is None


def test_nested_insights_in_a_listing(still):
    asked = "id,shares,insights.metric(post_media_view,post_clicks).period(lifetime)"
    rows = still.get(f"{still.page_id}/published_posts", limit=10, fields=asked).json()["data"]
    assert len(rows) == 10
    for row in rows:
        post = still.world.post("facebook", row["id"])
        names = [said["name"] for said in row["insights"]["data"]]
        assert names == ["post_media_view", "post_clicks"]
        said = row["insights"]["data"][0]["values"][0]["value"]
        assert said == still.world.value(post, "impressions")


def test_one_nested_metric_fails_the_whole_page_of_posts(still):
    for name in ("post_impressions", "post_video_views"):
        asked = f"id,insights.metric(post_media_view,{name}).period(lifetime)"
        path = f"{still.page_id}/published_posts"
        assert still.error(path, limit=10, fields=asked) == (400, NOT_A_METRIC)


def test_heavy_pages_of_nested_insights_are_too_much(wire):
    wire.switch(facebook__most_rows=5)
    asked = "id,insights.metric(post_media_view)"
    status, error = wire.error("me/published_posts", limit=6, fields=asked)
    assert (status, error["code"]) == (500, 1)
    assert "reduce the amount of data" in error["message"]
    assert wire.get("me/published_posts", limit=5, fields=asked).status_code == 200
    assert wire.get("me/published_posts", limit=6, fields="id").status_code == 200


def test_retired_metrics_are_refused_or_silent(wire):
    post, reel = wire.posts("text")[0], wire.posts("reel")[0]
    wire.switch(facebook__retired_metrics=["post_clicks", "total_video_views", "page_follows"])
    assert wire.error(f"{post.id}/insights", metric="post_clicks") == (400, NOT_A_METRIC)
    refused = wire.error(f"{reel.id}/video_insights", metric="total_video_views")
    assert refused == (400, NOT_A_METRIC)
    refused = wire.error("me/insights", metric="page_follows", period="day")
    assert refused == (400, NOT_A_METRIC)
    assert wire.facebook.truth(post)["clicks"] is None
    assert wire.facebook.truth(reel)["video_views"] is None
    wire.switch(facebook__retired_answer="empty")
    assert wire.get(f"{post.id}/insights", metric="post_clicks").json()["data"] == []
    assert set(values(wire.insights(post, "post_clicks", "post_media_view"))) == {"post_media_view"}
    wire.switch(facebook__retired_metrics=["post_impressions"])
    assert wire.get(f"{post.id}/insights", metric="post_impressions").json()["data"] == []
