"""Listings of a Page's posts, videos and Reels."""

from datetime import timedelta

import pytest

from support.graph_wire import START, Wire, gone, pages


@pytest.fixture(scope="module")
def still():
    """A world that no test changes."""
    return Wire(posts=48)


@pytest.fixture
def wire():
    return Wire(posts=12, media=6)


def test_listings_hold_every_post_once_and_no_reels(still):
    for edge in ("published_posts", "posts"):
        found = pages(still, f"{still.page_id}/{edge}", limit=7)
        ids = [post["id"] for page in found for post in page]
        wanted = [post.id for post in still.posts() if post.kind != "reel"]
        assert sorted(ids) == sorted(wanted)
        assert max(map(len, found)) == 7


def test_the_order_is_ranking_not_time(still):
    rows = still.get(f"{still.page_id}/published_posts", limit=100, fields="created_time").json()
    times = [row["created_time"] for row in rows["data"]]
    assert times != sorted(times, reverse=True)
    assert max(times) in times[:10]


def test_defaults_of_listings(still):
    rows = still.get(f"{still.page_id}/published_posts").json()["data"]
    assert len(rows) == 25
    assert set(rows[0]) <= {"created_time", "message", "id"}
    assert still.get(f"{still.page_id}/published_posts", limit=100).status_code == 200


def test_no_more_than_600_posts_a_year(wire):
    page = wire.account(wire.page)
    for _ in range(760):
        wire.advance(minutes=1)
        wire.facebook.publish(page.id)
    found = pages(wire, f"{page.id}/published_posts", limit=100, fields="id")
    assert sum(map(len, found)) == 600
    wire.switch(facebook__posts_a_year=50)
    assert len(wire.get(f"{page.id}/published_posts", limit=100).json()["data"]) == 50


def test_the_feed_mixes_in_what_is_not_the_pages(still):
    rows = still.get(f"{still.page_id}/feed", limit=100, fields="is_published,from").json()["data"]
    own = still.get(f"{still.page_id}/published_posts", limit=100).json()["data"]
    assert len(rows) == len(own) + 2
    assert sum(1 for row in rows if not row["is_published"]) == 1
    strangers = [row for row in rows if row["from"]["id"] != still.page_id]
    assert [row["from"]["name"] for row in strangers] == ["A Visitor"]
    assert still.get(strangers[0]["id"]).status_code == 200


def test_expired_posts_are_neither_listed_nor_readable(wire):
    post = wire.posts("text")[0]
    post.facts["is_expired"] = True
    rows = wire.get("me/published_posts", limit=100).json()["data"]
    assert post.id not in [row["id"] for row in rows]
    assert wire.error(post.id) == (400, gone(post.id))
    shown = wire.get("me/published_posts", limit=100, show_expired="true").json()["data"]
    assert post.id in [row["id"] for row in shown]


def test_reels_and_videos_are_listed_apart(still):
    reels = still.get(f"{still.page_id}/video_reels", fields="id,created_time").json()["data"]
    assert [row["id"] for row in reels] == [post.id for post in still.posts("reel")]
    videos = still.get(f"{still.page_id}/videos", limit=100, fields="id,post_id").json()["data"]
    named = {row["id"]: row.get("post_id") for row in videos}
    for post in still.posts("video"):
        assert named.pop(post.facts["object_id"]) == post.id
    assert named == dict.fromkeys(row["id"] for row in reels)


def test_reels_take_since_and_until(still):
    since = START - timedelta(days=60)
    until = START - timedelta(days=5)
    wanted = [p.id for p in still.posts("reel") if since <= p.published_at < until]
    path = f"{still.page_id}/video_reels"
    for written in (lambda t: str(int(t.timestamp())), lambda t: t.isoformat()):
        rows = still.get(path, since=written(since), until=written(until)).json()["data"]
        assert [row["id"] for row in rows] == wanted
    assert still.error(path, since="yesterdayish")[1]["code"] == 100


def test_reels_may_be_unreadable_by_switch(wire):
    wire.switch(facebook__video_reels=False)
    assert wire.error("me/video_reels")[1]["code"] == 100
    assert wire.get("me/videos").status_code == 200


def test_a_deleted_post_is_gone_everywhere(wire):
    post = wire.posts("text")[0]
    post.deleted_at = START
    assert wire.error(post.id) == (400, gone(post.id))
    assert wire.error(f"{post.id}/insights", metric="post_clicks")[1]["error_subcode"] == 33
    rows = wire.get("me/published_posts", limit=100).json()["data"]
    assert post.id not in [row["id"] for row in rows]


def test_a_new_post_is_listed(wire):
    post = wire.facebook.publish(wire.page_id)
    edge = "video_reels" if post.kind == "reel" else "published_posts"
    assert post.id in [row["id"] for row in wire.get(f"me/{edge}", limit=100).json()["data"]]
