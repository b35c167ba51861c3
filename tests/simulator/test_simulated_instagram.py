"""Instagram on both hosts: media by kind, staged refusals, stories, account insights, truth."""

from datetime import timedelta

import pytest
from graph_wire import START, Wire, gone, pages, values

from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.domain.records import POST_KINDS

# Meta docs: Instagram Media Insights. Each metric with the product types that have it.
MATRIX = {
    "views": "FEED REELS STORY",
    "reach": "FEED REELS STORY",
    "likes": "FEED REELS",
    "comments": "FEED REELS",
    "saved": "FEED REELS",
    "shares": "FEED REELS STORY",
    "total_interactions": "FEED REELS STORY",
    "reposts": "FEED REELS STORY",
    "profile_visits": "FEED STORY",
    "follows": "FEED STORY",
    "profile_activity": "FEED STORY",
    "ig_reels_avg_watch_time": "REELS",
    "ig_reels_video_view_total_time": "REELS",
    "reels_skip_rate": "REELS",
    "replies": "STORY",
    "navigation": "STORY",
}
SAFE = {
    "FEED": "views,reach,likes,comments,saved,shares,total_interactions,profile_visits,follows",
    "REELS": "views,reach,likes,comments,saved,shares,total_interactions,ig_reels_avg_watch_time,"
    "ig_reels_video_view_total_time",
    "STORY": "views,reach,replies,shares,total_interactions,profile_visits,follows,navigation",
}
KIND_OF = {"FEED": "image", "REELS": "reel", "STORY": "story"}
BY_HOST = pytest.mark.parametrize("host", ["facebook", "instagram"])


@pytest.fixture(scope="module")
def still():
    """A world that no test changes."""
    return Wire(posts=6, media=24)


@pytest.fixture
def wire():
    return Wire(posts=6, media=12)


def handle_on(wire, host):
    return wire.behind if host == "facebook" else wire.direct


def ask(wire, host, path, **params):
    return wire.get(path, host=host, token=handle_on(wire, host).token, **params)


def refused(wire, host, path, **params):
    return wire.error(path, host=host, token=handle_on(wire, host).token, **params)


def unsupported(host, names):
    """The refusal of metrics, in the words of each host."""
    words = (
        f"The Media Insights API does not support the {names} metric for this media product type."
    )
    if host == "facebook":
        return {"message": f"(#100) {words}", "type": "OAuthException", "code": 100}
    return {"message": words, "type": "IGApiException", "code": 100}


# Profiles


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


# Permissions


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


# Listings


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


# Insights of media


@BY_HOST
@pytest.mark.parametrize("metric", MATRIX)
@pytest.mark.parametrize("product", ["FEED", "REELS", "STORY"])
def test_the_matrix_of_metrics(still, host, metric, product):
    media = still.posts(KIND_OF[product], handle_on(still, host))[-1]
    answer = ask(still, host, f"{media.id}/insights", metric=metric)
    if product in MATRIX[metric].split():
        assert list(values(answer)) == [metric]
        return
    assert refused(still, host, f"{media.id}/insights", metric=metric) == (
        400,
        unsupported(host, metric),
    )


@BY_HOST
@pytest.mark.parametrize("product", SAFE)
def test_safe_defaults_are_answered(still, host, product):
    media = still.posts(KIND_OF[product], handle_on(still, host))[-1]
    said = values(ask(still, host, f"{media.id}/insights", metric=SAFE[product]))
    assert list(said) == SAFE[product].split(",")
    assert said["views"] == still.world.value(media, "impressions")


def test_a_row_of_media_insights(still):
    media = still.posts("image", still.direct)[-1]
    assert still.direct_get(f"{media.id}/insights", metric='["views"]').json() == {
        "data": [
            {
                "name": "views",
                "period": "lifetime",
                "values": [{"value": still.world.value(media, "impressions")}],
                "title": "Views",
                "description": "Lifetime: Views",
                "id": f"{media.id}/insights/views/lifetime",
            }
        ]
    }


@BY_HOST
def test_a_refusal_names_all_offenders_or_one_group_at_a_time(wire, host):
    reel = wire.posts("reel", handle_on(wire, host))[-1]
    asked = {"metric": "profile_visits,views,replies,follows,navigation"}
    path = f"{reel.id}/insights"
    everyone = unsupported(host, "profile_visits, replies, follows, navigation")
    assert refused(wire, host, path, **asked) == (400, everyone)
    wire.switch(instagram__refusals="staged")
    assert refused(wire, host, path, **asked)[1] == unsupported(host, "profile_visits, follows")
    left = {"metric": "views,replies,navigation"}
    assert refused(wire, host, path, **left)[1] == unsupported(host, "replies, navigation")
    assert list(values(ask(wire, host, path, metric="views"))) == ["views"]


def test_the_style_of_errors_by_switch(wire):
    reel = {h: wire.posts("reel", handle_on(wire, h))[-1].id for h in ("facebook", "instagram")}
    for style, words in (("old", "facebook"), ("new", "instagram")):
        wire.switch(instagram__error_style=style)
        for host, media in reel.items():
            error = refused(wire, host, f"{media}/insights", metric="follows")[1]
            assert error == unsupported(words, "follows")


@BY_HOST
@pytest.mark.parametrize(
    "name",
    ["impressions", "plays", "video_views", "engagement", "exits", "taps_forward", "nonsense"],
)
def test_unknown_and_removed_names(still, host, name):
    media = still.posts("image", handle_on(still, host))[-1]
    status, error = refused(still, host, f"{media.id}/insights", metric=f"views,{name}")
    assert (status, error["code"]) == (400, 100)
    prefix = "(#100) " if host == "facebook" else ""
    wanted = f"{prefix}metric[1] must be one of the following values: "
    assert error["message"].startswith(wanted)
    listed = error["message"].removeprefix(wanted).split(", ")
    assert {"views", "reach", "navigation"} <= set(listed)
    assert name not in listed


@pytest.mark.parametrize("name", ["total_likes", "total_comments", "total_views"])
def test_totals_exist_on_facebooks_host_only(still, name):
    media = still.posts("image", still.behind)[-1]
    assert ask(still, "facebook", f"{media.id}/insights", metric=name).status_code == 200
    other = still.posts("image", still.direct)[-1]
    assert "must be one of" in still.direct_error(f"{other.id}/insights", metric=name)[1]["message"]


def test_metrics_of_media_shared_to_facebook(wire):
    reel = wire.posts("reel", wire.direct)[-1]
    path = f"{reel.id}/insights"
    for name in ("crossposted_views", "facebook_views"):
        assert wire.direct_error(path, metric=name)[1] == unsupported("instagram", name)
    reel.facts["shared_to_facebook"] = True
    assert len(values(wire.direct_get(path, metric="crossposted_views,facebook_views"))) == 2


def test_a_media_may_refuse_a_metric_of_its_kind(wire):
    image = wire.posts("image", wire.direct)[-1]
    image.facts["refused"] = ["shares"]
    error = wire.direct_error(f"{image.id}/insights", metric=SAFE["FEED"])[1]
    assert error == unsupported("instagram", "shares")
    assert wire.instagram.truth(image)["shares"] is None


def test_no_metric_is_refused(still):
    media = still.posts("image", still.direct)[-1]
    assert still.direct_error(f"{media.id}/insights") == (
        400,
        {"message": "The parameter metric is required", "type": "IGApiException", "code": 100},
    )
    assert (
        still.direct_error(f"{media.id}/insights", metric="views", period="hour")[1]["code"] == 100
    )
    assert still.direct_get(f"{media.id}/insights", metric="views", period="lifetime").json()[
        "data"
    ]


def test_a_breakdown_comes_with_a_total_and_lower_case_labels(still):
    story = still.posts("story", still.direct)[-1]
    path = f"{story.id}/insights"
    (row,) = still.direct_get(
        path, metric="navigation", breakdown="story_navigation_action_type"
    ).json()["data"]
    total = row["total_value"]
    assert total["value"] == row["values"][0]["value"]
    (breakdown,) = total["breakdowns"]
    assert breakdown["dimension_keys"] == ["story_navigation_action_type"]
    labels = [result["dimension_values"][0] for result in breakdown["results"]]
    assert labels == [label.lower() for label in labels]
    assert sum(result["value"] for result in breakdown["results"]) == total["value"]
    assert "total_value" not in still.direct_get(path, metric="navigation").json()["data"][0]


def test_a_breakdown_on_a_metric_that_has_none(still):
    story = still.posts("story", still.direct)[-1]
    path = f"{story.id}/insights"
    error = still.direct_error(path, metric="views", breakdown="action_type")[1]
    assert (error["code"], error["message"]) == (1, "An unknown error has occurred.")
    strange = still.direct_error(path, metric="views", breakdown="colour")[1]
    assert strange["message"].startswith("breakdown[0] must be one of the following values: ")


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


# Insights of the account


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


# The made-up accounts, and the truth


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
