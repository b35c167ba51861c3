"""Pages on graph.facebook.com: who is there, and which permission guards what."""

import pytest

from support.graph_wire import NOT_A_METRIC, Wire, gone, pages


@pytest.fixture
def wire():
    return Wire(posts=12, media=6)


def test_me_is_the_page_or_the_person(wire):
    assert wire.get("me").json() == {"name": "Bakery", "id": wire.page_id}
    person = wire.facebook.add_person([wire.page_id])
    assert wire.get("me", token=person.value).json()["id"] == person.subject
    granted = wire.get("me/permissions", token=person.value).json()["data"]
    assert {"permission": "read_insights", "status": "granted"} in granted


def test_accounts_lists_pages_with_tokens_and_tasks(wire):
    other = wire.facebook.populate(3, "Other", 1)
    person = wire.facebook.add_person([wire.page_id, other.platform_account_id]).value
    answer = wire.get("me/accounts", token=person, fields="id,name,access_token,tasks", limit=100)
    first, second = answer.json()["data"]
    assert (first["id"], first["name"]) == (wire.page_id, "Bakery")
    assert "ANALYZE" in first["tasks"]
    assert first["access_token"] != second["access_token"]
    assert wire.get("me", token=first["access_token"]).json()["id"] == wire.page_id
    assert "cursors" in answer.json()["paging"]
    again = wire.get("me/accounts", token=person, fields="access_token").json()["data"]
    assert again[0]["access_token"] == first["access_token"]
    assert len(pages(wire, "me/accounts", token=person, limit=1)) == 2


def test_accounts_without_the_permission_are_none_and_pages_have_none(wire):
    person = wire.facebook.add_person([wire.page_id], frozenset({"read_insights"})).value
    assert wire.get("me/accounts", token=person).json() == {"data": []}
    assert wire.error("me/accounts")[1]["message"] == (
        "(#100) Tried accessing nonexisting field (accounts) on node type (Page)"
    )


def test_a_page_gives_its_token_to_a_person_and_itself(wire):
    person = wire.facebook.add_person([wire.page_id]).value
    row = wire.get(wire.page_id, token=person, fields="access_token").json()
    assert wire.get("me", token=row["access_token"]).json()["id"] == wire.page_id
    assert wire.get("me", fields="access_token").json()["access_token"] == wire.page.token


def test_fields_of_a_page(wire):
    page = wire.get(wire.page_id, fields="name,followers_count,fan_count,mission").json()
    followers = wire.world.followers(wire.account(wire.page))
    assert page == {
        "name": "Bakery",
        "followers_count": followers,
        "fan_count": followers,
        "id": wire.page_id,
    }


def test_the_instagram_account_behind_a_page(wire):
    asked = "instagram_business_account{id,username,followers_count,media_count}"
    linked = wire.get("me", token=wire.behind.token, fields=asked).json()
    account = linked["instagram_business_account"]
    assert account["id"] == wire.behind.platform_account_id
    assert account["username"] == "bakery"
    assert wire.get("me", fields="instagram_business_account").json() == {
        "instagram_business_account": {"id": wire.behind.platform_account_id},
        "id": wire.page_id,
    }
    assert wire.error("me", fields=asked)[1]["code"] == 10
    other = wire.facebook.populate(3, "Other", 1)
    alone = wire.get("me", token=other.token, fields="instagram_business_account").json()
    assert alone == {"id": other.platform_account_id}


def test_pages_and_posts_of_others(wire):
    other = wire.facebook.populate(3, "Other", 6)
    status, error = wire.error(other.platform_account_id)
    assert (status, error["type"], error["code"]) == (400, "OAuthException", 10)
    assert "'pages_read_engagement' permission or the 'Page Public Content" in error["message"]
    theirs = wire.posts("text", other)[0].id
    assert wire.error(theirs) == (400, gone(theirs))
    assert wire.error(wire.behind.platform_account_id, token=other.token)[1]["code"] == 100


def without(wire, scope):
    """A Page token that lacks one permission."""
    scopes = wire.world.tokens[wire.behind.token].scopes - {scope}
    return wire.token("page", wire.page_id, *scopes)


def test_what_needs_pages_read_engagement(wire):
    token = without(wire, "pages_read_engagement")
    post = wire.posts("text")[0].id
    for path in ("me/published_posts", "me/video_reels", post):
        assert wire.error(path, token=token)[1]["code"] == 10
    assert wire.error("me", token=token, fields="followers_count")[1]["code"] == 10
    assert wire.get("me", token=token, fields="id,name").status_code == 200
    assert wire.get(post, token=token, fields="id").json() == {"id": post}


def test_insights_need_their_permission_but_names_are_checked_first(wire):
    token = without(wire, "read_insights")
    post, reel = wire.posts("text")[0], wire.posts("reel")[0]
    status, error = wire.error(f"{post.id}/insights", token=token, metric="post_clicks")
    assert (status, error["code"], error["type"]) == (400, 200, "OAuthException")
    assert "read_insights" in error["message"]
    nonsense = wire.error(f"{post.id}/insights", token=token, metric="post_impressions")
    assert nonsense == (400, NOT_A_METRIC)
    page = wire.error("me/insights", token=token, metric="page_media_view", period="day")
    assert page[1]["code"] == 200
    assert wire.error(f"{reel.id}/video_insights", token=token)[1]["code"] == 200


def test_video_insights_take_either_of_two_permissions(wire):
    reel = wire.posts("reel")[0]
    path = f"{reel.id}/video_insights"
    either = wire.token("page", wire.page_id, "read_insights", "pages_manage_engagement")
    assert wire.get(path, token=either).status_code == 200
    neither = wire.token("page", wire.page_id, "read_insights")
    assert wire.error(path, token=neither)[1]["code"] == 10
    unread = wire.token("page", wire.page_id, "pages_manage_engagement")
    assert wire.error(path, token=unread)[1]["code"] == 200


def test_insights_need_the_task_analyze(wire):
    scopes = wire.world.tokens[wire.page.token].scopes
    facts = {"pages": {wire.page_id: ["CREATE_CONTENT"]}}
    person = wire.token("user", "77", *scopes, facts=facts)
    post = wire.posts("text")[0]
    assert wire.get(post.id, token=person).status_code == 200
    assert wire.error(f"{post.id}/insights", token=person, metric="post_clicks")[1]["code"] == 10
    row = wire.get("me/accounts", token=person, fields="tasks,access_token").json()["data"][0]
    assert row["tasks"] == ["CREATE_CONTENT"]
    token = row["access_token"]
    assert wire.error(f"{post.id}/insights", token=token, metric="post_clicks")[1]["code"] == 10


@pytest.mark.parametrize(
    "fields",
    [
        "id,shares,comments.limit(0).summary(true)",
        "reactions.limit(0).summary(total_count)",
        "likes.summary(true)",
    ],
)
def test_counts_of_people_refuse_the_whole_list_without_the_permission(wire, fields):
    token = without(wire, "pages_read_user_content")
    post = wire.posts("text")[0].id
    status, error = wire.error(post, token=token, fields=fields)
    assert (status, error["type"], error["code"]) == (400, "OAuthException", 10)
    assert "'pages_read_user_content'" in error["message"]
    assert wire.error("me/published_posts", token=token, fields=fields)[1]["code"] == 10
    assert wire.error(f"{post}/comments", token=token)[1]["code"] == 10
    assert wire.get(post, token=token, fields="id,shares").status_code == 200
    assert wire.get(post, fields=fields).status_code == 200
