"""Instagram on both hosts: profiles, permissions, listings and media."""

from datetime import timedelta

import pytest

from support.graph_wire import BY_HOST, START, Wire, ask, gone, handle_on, pages, refused


@pytest.fixture(scope="module")
def still():
    """A world that no test changes."""
    return Wire(posts=6, media=24)


@pytest.fixture
def wire():
    return Wire(posts=6, media=12)


def test_on_instagrams_host_user_id_is_the_account_and_id_the_apps(still):
    wanted = still.direct.platform_account_id
    me = still.direct_get("me", fields="user_id,username,id,account_type").json()
    assert me["user_id"] == wanted
    assert me["id"] != wanted
    assert (me["username"], me["account_type"]) == ("gallery", "BUSINESS")
    for identity in (wanted, me["id"]):
        assert still.direct_get(identity, fields="user_id").json()["user_id"] == wanted


def test_on_facebooks_host_id_is_the_account_and_there_is_no_user_id(still):
    wanted = still.behind.platform_account_id
    said = ask(still, "facebook", wanted, fields="id,username,media_count").json()
    assert (said["id"], said["username"]) == (wanted, "bakery")
    error = refused(still, "facebook", wanted, fields="user_id")[1]
    assert (error["code"], "(user_id) on node type" in error["message"]) == (100, True)


@BY_HOST
def test_fields_of_a_profile(still, host):
    handle = handle_on(still, host)
    asked = "followers_count,follows_count,media_count,username,name"
    said = ask(still, host, handle.platform_account_id, fields=asked).json()
    account = still.account(handle)
    assert said["followers_count"] == still.world.followers(account)
    assert said["media_count"] == sum(p.kind != "story" for p in still.posts(handle=handle))
    assert said["name"] == handle.name


@BY_HOST
def test_accounts_of_others_are_not_there(still, host):
    other = still.direct if host == "facebook" else still.behind
    kind = "GraphMethodException" if host == "facebook" else "IGApiException"
    wanted = (400, gone(other.platform_account_id, kind))
    assert refused(still, host, other.platform_account_id) == wanted
    media = still.posts("image", other)[0].id
    assert refused(still, host, media) == (400, gone(media, kind))


@BY_HOST
def test_what_instagram_permissions_guard(wire, host):
    handle = handle_on(wire, host)
    kind = "page" if host == "facebook" else "ig"
    subject = wire.page_id if host == "facebook" else handle.platform_account_id
    prefix = "instagram_" if host == "facebook" else "instagram_business_"
    media = wire.posts("image", handle)[0].id
    wanted = {
        "message": "(#10) Application does not have permission for this action",
        "type": "OAuthException",
        "code": 10,
    }
    insights = {"metric": "views"}
    basic = wire.token(kind, subject, f"{prefix}basic", host=host)
    assert wire.get(media, token=basic, host=host, fields="like_count").status_code == 200
    assert wire.error(f"{media}/insights", token=basic, host=host, **insights) == (400, wanted)
    none = wire.token(kind, subject, host=host)
    account = handle.platform_account_id
    for path in (media, f"{account}/media", f"{account}/stories"):
        assert wire.error(path, token=none, host=host, fields="like_count") == (400, wanted)
    unknown = wire.error(f"{media}/insights", token=none, host=host, metric="plays")[1]
    assert "must be one of" in unknown["message"]


def test_a_role_through_business_manager_needs_two_more_permissions(wire):
    scopes = {"instagram_basic", "instagram_manage_insights"}
    account = wire.behind.platform_account_id
    for more, code in (((), 10), (("ads_read",), 10), (("ads_read", "ads_management"), None)):
        facts = {"business_role": True}
        token = wire.token("page", wire.page_id, *scopes, *more, facts=facts)
        answer = wire.get(account, token=token, fields="username").json()
        assert answer.get("error", {}).get("code") == code


@BY_HOST
def test_media_are_listed_newest_first_without_stories(still, host):
    handle = handle_on(still, host)
    path = f"{handle.platform_account_id}/media"
    found = pages(still, path, host=host, token=handle.token, limit=5)
    ids = [row["id"] for page in found for row in page]
    assert ids == [post.id for post in still.posts(handle=handle) if post.kind != "story"]
    assert all(set(row) == {"id"} for row in found[0])


def test_media_take_since_and_until_and_cut_the_limit(still):
    since, until = START - timedelta(days=60), START - timedelta(days=3)
    rows = still.direct_get(
        "me/media", since=int(since.timestamp()), until=int(until.timestamp()), limit=500
    ).json()["data"]
    wanted = [p.id for p in still.posts(handle=still.direct) if since <= p.published_at < until]
    assert [row["id"] for row in rows] == wanted


def test_no_more_than_a_hundred_media_on_a_page():
    wire = Wire(posts=1, media=130)
    assert [len(page) for page in pages(wire, "me/media", host="instagram", limit=500)] == [100, 28]


@pytest.mark.parametrize(
    ("kind", "media_type", "product"),
    [
        ("image", "IMAGE", "FEED"),
        ("video", "VIDEO", "FEED"),
        ("carousel", "CAROUSEL_ALBUM", "FEED"),
        ("reel", "VIDEO", "REELS"),
        ("story", None, "STORY"),
    ],
)
def test_kinds_show_in_type_and_product(still, kind, media_type, product):
    post = still.posts(kind, still.direct)[0]
    asked = "id,media_type,media_product_type,timestamp,permalink,caption,username"
    said = still.direct_get(post.id, fields=asked).json()
    assert said["media_product_type"] == product
    assert said["media_type"] == media_type or kind == "story"
    assert said["timestamp"].endswith("+0000")
    assert said["permalink"].startswith("https://www.instagram.com/")
    assert ("caption" in said) == (kind != "story")


def test_stories_are_there_for_24_hours(wire):
    story = wire.instagram.publish_story(wire.direct.platform_account_id)
    asked = "id,media_type,media_product_type,timestamp"

    def listed():
        return [row["id"] for row in wire.direct_get("me/stories", fields=asked).json()["data"]]

    assert listed()[0] == story.id
    wire.advance(hours=23, minutes=59)
    assert listed() == [story.id]
    assert wire.direct_get(story.id).status_code == 200
    wire.advance(minutes=1)
    assert listed() == []
    wanted = (400, gone(story.id, "IGApiException"))
    assert wire.direct_error(story.id) == wanted
    assert wire.direct_error(f"{story.id}/insights", metric="views") == wanted
    assert story not in wire.posts(handle=wire.direct)


def test_a_highlighted_story_stays_readable(wire):
    story = wire.instagram.publish_story(wire.direct.platform_account_id)
    story.deleted_at = None
    wire.advance(days=2)
    assert wire.direct_error(story.id)[1]["error_subcode"] == 33
    story.facts["highlighted"] = True
    assert wire.direct_get(story.id).status_code == 200


@BY_HOST
def test_hidden_likes_are_left_out_of_listings_only(wire, host):
    handle = handle_on(wire, host)
    hidden, shown = wire.posts("image", handle)[:2]
    hidden.facts["hide_likes"] = True
    path = f"{handle.platform_account_id}/media"
    rows = ask(wire, host, path, fields="like_count,comments_count", limit=50).json()["data"]
    by_id = {row["id"]: row for row in rows}
    assert "like_count" not in by_id[hidden.id]
    assert "comments_count" in by_id[hidden.id]
    assert by_id[shown.id]["like_count"] == wire.world.value(shown, "likes")
    direct = ask(wire, host, hidden.id, fields="like_count").json()
    assert direct["like_count"] == wire.world.value(hidden, "likes")


def test_a_media_url_may_be_absent(wire):
    post = wire.posts("image", wire.direct)[0]
    assert "media_url" in wire.direct_get(post.id, fields="media_url").json()
    post.facts["copyrighted"] = True
    assert wire.direct_get(post.id, fields="media_url").json() == {"id": post.id}


def test_more_fields_on_facebooks_host_only(still):
    asked = "saved_count,shares_count,reposts_count,total_like_count,total_views_count"
    post = still.posts("image", still.behind)[0]
    said = ask(still, "facebook", post.id, fields=asked).json()
    assert said["saved_count"] == still.world.value(post, "saves")
    assert set(said) == {*asked.split(","), "id"}
    other = still.posts("image", still.direct)[0]
    for field in asked.split(","):
        assert "nonexisting field" in still.direct_error(other.id, fields=field)[1]["message"]


def test_counts_on_the_media_may_be_at_odds_with_insights(still):
    at_odds = 0
    for post in still.posts(handle=still.direct):
        if post.kind != "story" and START - post.published_at > timedelta(hours=2):
            count = still.direct_get(post.id, fields="comments_count").json()["comments_count"]
            at_odds += count != still.instagram.truth(post)["comments"]
    assert at_odds > 0


@BY_HOST
def test_children_of_a_carousel_have_no_insights(still, host):
    handle = handle_on(still, host)
    album = still.posts("carousel", handle)[0]
    asked = "id,children{id,media_type,permalink}"
    children = ask(still, host, album.id, fields=asked).json()["children"]["data"]
    assert [child["media_type"] for child in children] == ["IMAGE"] * 3
    child = children[0]["id"]
    assert ask(still, host, child, fields="media_type").json()["media_type"] == "IMAGE"
    kind = "GraphMethodException" if host == "facebook" else "IGApiException"
    assert refused(still, host, f"{child}/insights", metric="views") == (400, gone(child, kind))
    assert ask(still, host, f"{album.id}/insights", metric="views").status_code == 200
    assert len(ask(still, host, f"{album.id}/children").json()["data"]) == 3
    single = still.posts("image", handle)[0]
    assert "children" not in ask(still, host, single.id, fields="id,children").json()
