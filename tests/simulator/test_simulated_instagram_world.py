"""The made-up Instagram accounts, and the truth about their media."""

from datetime import timedelta

import pytest

from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.domain.records import POST_KINDS
from support.graph_wire import BY_HOST, MATRIX, START, Wire, ask, handle_on, values


@pytest.fixture(scope="module")
def still():
    """A world that no test changes."""
    return Wire(posts=6, media=24)


def test_populate_makes_all_kinds_with_live_and_expired_stories(still):
    for handle, kind in ((still.direct, "instagram-login"), (still.behind, "facebook-login")):
        posts = still.posts(handle=handle)
        assert len(posts) == 24
        assert {post.kind for post in posts} == {"image", "video", "carousel", "reel", "story"}
        assert {post.kind for post in posts} <= POST_KINDS
        every = still.account(handle).posts.values()
        assert sum(post.kind == "story" for post in every) == 4
        assert sum(post.kind == "story" for post in posts) == 2
        assert all(int(post.id) > 2**53 for post in posts)
        assert (handle.kind, handle.platform) == (kind, "instagram")
        assert START - posts[0].published_at == timedelta(hours=1)
        assert START - posts[-1].published_at == timedelta(days=120)


def test_the_token_of_instagram_login(still):
    token = still.world.tokens[still.direct.token]
    assert (token.kind, token.subject) == ("ig", still.direct.platform_account_id)
    assert token.expires_at == START + timedelta(days=50)


NAMES = {
    "impressions": "views",
    "reach": "reach",
    "likes": "likes",
    "comments": "comments",
    "shares": "shares",
    "saves": "saved",
    "watch_time_ms": "ig_reels_video_view_total_time",
}


@BY_HOST
def test_the_truth_is_what_the_api_says(still, host):
    for media in still.posts(handle=handle_on(still, host)):
        product = {"reel": "REELS", "story": "STORY"}.get(media.kind, "FEED")
        names = {column: name for column, name in NAMES.items() if product in MATRIX[name].split()}
        if media.kind == "story":
            names["comments"] = "replies"
        answer = ask(still, host, f"{media.id}/insights", metric=",".join(names.values()))
        said = values(answer) if answer.status_code == 200 else {}
        wanted = {column: said.get(names.get(column)) for column in COLUMNS}
        assert still.instagram.truth(media) == wanted
        assert tuple(still.instagram.truth(media)) == COLUMNS
