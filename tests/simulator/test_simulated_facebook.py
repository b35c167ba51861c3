"""Pages, posts, videos and Reels on graph.facebook.com, and what a right client makes of them."""

from datetime import timedelta

import pytest
from graph_wire import NOT_A_METRIC, START, Wire, gone, pages, values

from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.domain.records import POST_KINDS

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


def without(wire, scope):
    """A Page token that lacks one permission."""
    scopes = wire.world.tokens[wire.behind.token].scopes - {scope}
    return wire.token("page", wire.page_id, *scopes)


# Who is there


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


# Permissions


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


# Listings


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
    for number in range(760):
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


# Posts


def test_shares_are_left_out_at_zero(wire):
    post = wire.posts("text")[0]
    post.fixed["shares"] = 4
    assert wire.get(post.id, fields="shares").json()["shares"] == {"count": 4}
    post.fixed["shares"] = 0
    assert wire.get(post.id, fields="id,shares").json() == {"id": post.id}


def test_comments_and_reactions_are_summed_up(wire):
    post = wire.posts("text")[0]
    post.fixed |= {"comments": 7, "likes": 31, "shares": 4}
    asked = (
        "id,shares,comments.limit(0).summary(true),reactions.limit(0).summary(total_count),"
        "reactions.type(LOVE).limit(0).summary(total_count).as(love),"
        "reactions.type(LIKE).limit(0).summary(total_count).as(like),"
        "reactions.type(CARE).limit(0).summary(total_count).as(care)"
    )
    said = wire.get(post.id, fields=asked).json()
    assert said["shares"] == {"count": 4}
    assert said["comments"] == {"data": [], "summary": {"total_count": 7, "order": "ranked"}}
    assert said["reactions"] == {"data": [], "summary": {"total_count": 31}}
    counts = {name: said[name]["summary"]["total_count"] for name in ("like", "love", "care")}
    assert counts == {"like": 22, "love": 6, "care": 1}
    assert "summary" not in wire.get(post.id, fields="comments.limit(0)").json()["comments"]
    assert wire.error(post.id, fields="reactions.type(NO)")[1]["code"] == 100


def test_comments_are_listed_but_not_for_a_person(wire):
    post = wire.posts("text")[0]
    post.fixed["comments"] = 3
    assert len(wire.get(f"{post.id}/comments").json()["data"]) == 3
    person = wire.facebook.add_person([wire.page_id]).value
    assert wire.get(f"{post.id}/comments", token=person).json() == {"data": []}


@pytest.mark.parametrize(
    ("kind", "status_type", "media_type"),
    [
        ("text", "mobile_status_update", None),
        ("photo", "added_photos", "photo"),
        ("album", "added_photos", "album"),
        ("video", "added_video", "video"),
        ("link", "shared_story", "link"),
    ],
)
def test_kinds_show_in_status_and_attachments(still, kind, status_type, media_type):
    asked = "status_type,attachments{media_type,type,subattachments}"
    said = still.get(still.post(kind).id, fields=asked).json()
    assert said["status_type"] == status_type
    if media_type is None:
        assert "attachments" not in said
        return
    (attachment,) = said["attachments"]["data"]
    assert attachment["media_type"] == media_type
    children = attachment.get("subattachments", {"data": []})["data"]
    assert [child["media_type"] for child in children] == ["photo"] * (3 if kind == "album" else 0)


def test_attachments_refuse_unknown_fields(still):
    error = still.error(still.post("photo").id, fields="attachments{nonsense}")[1]
    assert error["message"].endswith("(nonsense) on node type (StoryAttachment)")


def test_post_id_on_a_post_fails_the_read(still):
    assert still.error(still.post("text").id, fields="id,post_id")[1] == {
        "message": "(#100) Tried accessing nonexisting field (post_id) on node type (Post)",
        "type": "OAuthException",
        "code": 100,
    }


def test_a_photo_or_video_post_is_found_by_its_bare_id_too(still):
    for kind in ("photo", "video"):
        post = still.post(kind)
        bare = post.facts["object_id"]
        assert still.get(f"{still.page_id}_{bare}", fields="id").json() == {"id": post.id}
    assert still.get(bare, fields="post_id").json() == {"post_id": post.id, "id": bare}
    photo = still.post("photo")
    bare = photo.facts["object_id"]
    assert still.get(bare, fields="page_story_id").json()["page_story_id"] == photo.id
    assert "node type (Photo)" in still.error(f"{bare}/insights", metric="x")[1]["message"]
    joined = f"{still.page_id}_{still.post('reel').id}"
    assert still.error(joined) == (400, gone(joined))


# Insights of posts


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


# Videos and Reels


def test_a_video_has_no_insights_edge(still):
    wanted = {
        "message": "(#100) Tried accessing nonexisting field (insights) on node type (Video)",
        "type": "OAuthException",
        "code": 100,
    }
    for identity in (still.post("reel").id, still.post("video").facts["object_id"]):
        assert still.error(f"{identity}/insights", metric="post_media_view") == (400, wanted)
        assert still.error(identity, fields="id,insights.metric(x)") == (400, wanted)


def test_video_insights_of_a_reel(still):
    reel = still.post("reel")
    names = (
        "fb_reels_total_plays,blue_reels_play_count,fb_reels_replay_count,post_video_view_time,"
        "post_video_likes_by_reaction_type,post_video_social_actions,total_video_views"
    )
    answer = still.get(f"{reel.id}/video_insights", metric=names)
    assert answer.json()["data"][0]["id"] == (
        f"{reel.id}/video_insights/fb_reels_total_plays/lifetime"
    )
    said, world = values(answer), still.world
    assert said["fb_reels_total_plays"] == world.value(reel, "impressions")
    plays = said["blue_reels_play_count"] + said["fb_reels_replay_count"]
    assert plays == said["fb_reels_total_plays"]
    assert said["post_video_social_actions"] == {
        "COMMENT": world.value(reel, "comments"),
        "SHARE": world.value(reel, "shares"),
    }
    reactions = said["post_video_likes_by_reaction_type"]
    assert sum(reactions.values()) == world.value(reel, "likes")
    assert all(name.startswith("REACTION_") for name in reactions)


def test_video_insights_without_metric_answer_a_usual_set(still):
    reel = values(still.get(f"{still.post('reel').id}/video_insights"))
    assert {"fb_reels_total_plays", "post_video_social_actions"} <= set(reel)
    assert "total_video_views" not in reel
    classic = values(still.get(f"{still.post('video').facts['object_id']}/video_insights"))
    assert "total_video_views" in classic
    assert "fb_reels_total_plays" not in classic


def test_video_insights_refuse_strange_names(still):
    video = still.post("video").facts["object_id"]
    for name in ("total_video_impressions", "fb_reels_total_plays", "post_media_view"):
        assert still.error(f"{video}/video_insights", metric=name) == (400, NOT_A_METRIC)


# Insights of the Page


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


# The made-up Page, and the truth


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
