"""The made-up Page, and the truth about its posts."""

from datetime import timedelta

import pytest

from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.domain.records import POST_KINDS
from support.graph_wire import START, Wire, values


@pytest.fixture(scope="module")
def still():
    """A world that no test changes."""
    return Wire(posts=48)


@pytest.fixture
def wire():
    return Wire(posts=12, media=6)


def test_populate_makes_all_kinds_from_an_hour_to_120_days(still):
    posts = still.posts()
    assert len(posts) == 48
    assert {post.kind for post in posts} == {"text", "photo", "link", "album", "video", "reel"}
    assert {post.kind for post in posts} <= POST_KINDS
    ages = [START - post.published_at for post in posts]
    assert (ages[0], ages[-1]) == (timedelta(hours=1), timedelta(days=120))
    assert sum(age < timedelta(days=60) for age in ages) > 30
    assert all("_" not in post.id for post in still.posts("reel"))
    assert all(post.id.startswith(f"{still.page_id}_") for post in still.posts("text"))
    assert still.page.kind is None
    assert len({post.id for post in posts}) == 48


def test_populate_depends_on_the_seed_alone():
    first, second = Wire(posts=5, media=5), Wire(posts=5, media=5)
    assert (first.page, first.behind, first.direct) == (second.page, second.behind, second.direct)
    assert first.posts() == second.posts()


def test_numbers_move_with_the_clock(wire):
    post = wire.posts("text")[0]
    before = values(wire.insights(post, "post_media_view"))["post_media_view"]
    wire.advance(hours=6)
    assert values(wire.insights(post, "post_media_view"))["post_media_view"] > before


POST_NAMES = {
    "impressions": "post_media_view",
    "reach": "post_total_media_view_unique",
    "clicks": "post_clicks",
    "video_views": "post_video_views",
    "watch_time_ms": "post_video_view_time",
}


@pytest.mark.parametrize("kind", ["text", "photo", "link", "album", "video"])
def test_the_truth_of_a_post_is_what_the_api_says(still, kind):
    for post in still.posts(kind):
        names = [n for n in POST_NAMES.values() if kind == "video" or "_video_" not in n]
        said = values(still.insights(post, *names, "post_reactions_by_type_total"))
        node = still.get(post.id, fields="shares,comments.limit(0).summary(true)").json()
        wanted = {column: said.get(name) for column, name in POST_NAMES.items()}
        wanted |= {
            "likes": sum(said["post_reactions_by_type_total"].values()),
            "comments": node["comments"]["summary"]["total_count"],
            "shares": node.get("shares", {"count": 0})["count"],
            "saves": None,
        }
        assert still.facebook.truth(post) == wanted
        assert tuple(still.facebook.truth(post)) == COLUMNS


def test_the_truth_of_a_reel_is_what_the_api_says(still):
    for reel in still.posts("reel"):
        names = (
            "fb_reels_total_plays,post_video_likes_by_reaction_type,post_video_social_actions,"
            "total_video_views,post_video_view_time"
        )
        said = values(still.get(f"{reel.id}/video_insights", metric=names))
        assert still.facebook.truth(reel) == {
            "impressions": said["fb_reels_total_plays"],
            "reach": None,
            "likes": sum(said["post_video_likes_by_reaction_type"].values()),
            "comments": said["post_video_social_actions"]["COMMENT"],
            "shares": said["post_video_social_actions"]["SHARE"],
            "saves": None,
            "clicks": None,
            "video_views": said["total_video_views"],
            "watch_time_ms": said["post_video_view_time"],
        }


def test_a_reels_impressions_fall_back_to_first_plays(wire):
    reel = wire.posts("reel")[0]
    wire.switch(facebook__retired_metrics=["fb_reels_total_plays"])
    said = values(wire.get(f"{reel.id}/video_insights"))
    assert wire.facebook.truth(reel)["impressions"] == said["blue_reels_play_count"]
    wire.switch(facebook__retired_metrics=["fb_reels_total_plays", "blue_reels_play_count"])
    assert wire.facebook.truth(reel)["impressions"] is None
