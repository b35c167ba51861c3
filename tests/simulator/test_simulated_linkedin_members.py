"""Members of the simulated LinkedIn: one metric of one post a call, and their followers."""

from datetime import UTC, datetime

import pytest

from support.linkedin_wire import START, Wire, bad_input, encoded, refused

POSTS, VIDEOS = "/rest/memberCreatorPostAnalytics", "/rest/memberCreatorVideoAnalytics"
COLUMNS = {
    "IMPRESSION": "impressions",
    "MEMBERS_REACHED": "reach",
    "REACTION": "likes",
    "COMMENT": "comments",
    "RESHARE": "shares",
    "POST_SAVE": "saves",
    "LINK_CLICKS": "clicks",
}
WEEK = "dateRange=(start:(day:16,month:11,year:2026),end:(day:23,month:11,year:2026))"


class Member(Wire):
    """A wire whose token is a member's."""

    def __init__(self, posts=15):
        super().__init__(posts=3)
        self.handle = self.service.populate_member("Ann Author", posts)

    @property
    def mine(self):
        return self.posts(self.handle.platform_account_id)

    def analytics(self, post, metric, more="", resource=POSTS, **sent):
        urn = getattr(post, "id", post)
        key = {"share": "share", "ugcPost": "ugc"}[urn.split(":")[2]]
        query = f"q=entity&entity=({key}:{encoded(urn)})&queryType={metric}{more}"
        return self.get(f"{resource}?{query}", **sent)

    def totals(self, metric, more=""):
        return self.get(f"{POSTS}?q=me&queryType={metric}{more}")


@pytest.fixture
def wire():
    return Member()


@pytest.fixture
def post(wire):
    """A post with figures, no video."""
    return next(
        post
        for post in wire.mine[::-1]
        if post.kind == "text" and not post.fixed and "no_data" not in post.facts
    )


def test_each_metric_of_each_post_is_the_truth(wire):
    for post in wire.mine:
        truth = wire.service.truth(post)
        for metric, column in COLUMNS.items():
            elements = wire.analytics(post, metric).json()["elements"]
            said = elements[0]["count"] if elements else None
            assert said == truth[column], (post.id, metric)
    unsaid = [post for post in wire.mine if wire.service.truth(post)["impressions"] is None]
    zero = [post for post in wire.mine if wire.service.truth(post)["impressions"] == 0]
    assert unsaid
    assert zero


def test_elements_have_the_documented_shape(wire, post):
    answer = wire.analytics(post, "IMPRESSION", "&aggregation=TOTAL").json()
    assert answer == {
        "elements": [
            {
                "count": wire.world.value(post, "impressions"),
                "metricType": "IMPRESSION",
                "targetEntity": {"share": post.id},
            }
        ],
        "paging": {"start": 0, "count": 10, "links": []},
    }


def test_the_union_key_of_a_ugc_post_is_ugc(wire):
    post = next(post for post in wire.mine if ":ugcPost:" in post.id and not post.facts)
    (element,) = wire.analytics(post, "REACTION").json()["elements"]
    assert element["targetEntity"] == {"ugc": post.id}


@pytest.mark.parametrize(
    ("entity", "code", "field"),
    [
        ("(ugcPost:urn%3Ali%3AugcPost%3A1)", "FIELD_INVALID", "entity"),
        ("(ugc:urn%3Ali%3Ashare%3A1)", "INVALID_URN_TYPE", "entity/ugc"),
        ("(share:urn%3Ali%3AugcPost%3A1)", "INVALID_URN_TYPE", "entity/share"),
        ("urn%3Ali%3Ashare%3A1", "FIELD_INVALID", "entity"),
        ("(share:urn%253Ali%253Ashare%253A1)", "FIELD_INVALID", "entity/share"),
        ("(share:List(a))", "FIELD_INVALID", "entity/share"),
        ("()", "FIELD_INVALID", "entity"),
        ("(share:urn:li:share:1)", "FIELD_INVALID", "entity"),
    ],
)
def test_other_entities_are_refused(wire, entity, code, field):
    answer = wire.get(f"{POSTS}?q=entity&entity={entity}&queryType=IMPRESSION")
    bad_input(answer, code, field)


def test_activities_are_denied(wire):
    entity = f"(share:{encoded('urn:li:activity:1')})"
    answer = wire.get(f"{POSTS}?q=entity&entity={entity}&queryType=IMPRESSION")
    refused(answer, 403, code="ACCESS_DENIED", serviceErrorCode=100)


@pytest.mark.parametrize("metric", ["List(IMPRESSION,REACTION)", "IMPRESSION,REACTION", "VIEWS"])
def test_one_known_metric_a_call(wire, post, metric):
    bad_input(wire.analytics(post, metric), "FIELD_INVALID", "queryType")


def test_the_metric_type_is_an_object_before_202605(wire, post):
    old, new = (
        wire.analytics(post, "REACTION", version=version).json()["elements"][0]["metricType"]
        for version in ("202604", "202605")
    )
    prefix = "com.linkedin.adsexternalapi.memberanalytics.v1."
    assert old == {f"{prefix}CreatorPostAnalyticsMetricTypeV1": "REACTION"}
    assert new == "REACTION"


def test_newer_metrics_need_a_newer_version(wire, post):
    for metric in ("POST_SAVE", "LINK_CLICKS", "PROFILE_VIEW_FROM_CONTENT"):
        answer = wire.analytics(post, metric, version="202603")
        bad_input(answer, "FIELD_INVALID", "queryType")
        assert wire.analytics(post, metric, version="202604").json()["elements"]


def test_no_data_is_an_empty_answer(wire, post):
    assert wire.analytics(post, "PREMIUM_CTA_CLICKS").json()["elements"] == []
    assert wire.analytics("urn:li:share:7000000000000000001", "REACTION").json()["elements"] == []
    wire.fault("no_data", platform="linkedin", match=post.id)
    assert wire.analytics(post, "REACTION").json()["elements"] == []
    assert wire.analytics(post, "REACTION").json()["elements"] != []
    post.deleted_at = wire.world.clock.now()
    assert wire.analytics(post, "REACTION").json()["elements"] == []


def test_posts_of_others_are_denied(wire):
    foreign = wire.posts(wire.organization)[0]
    refused(wire.analytics(foreign, "REACTION"), 403, code="ACCESS_DENIED")


def test_another_scope_is_needed(wire, post):
    wire.token.scopes -= {"r_member_postAnalytics"}
    answer = wire.analytics(post, "REACTION")
    refused(
        answer,
        403,
        message="Not enough permissions to access: memberCreatorPostAnalytics.FINDER-entity.20260701",
    )


@pytest.mark.parametrize(
    "metric",
    [
        "IMPRESSION",
        "MEMBERS_REACHED",
        "LINK_CLICKS",
        "FOLLOWER_GAINED_FROM_CONTENT",
        "PROFILE_VIEW_FROM_CONTENT",
    ],
)
def test_some_metrics_of_a_post_are_never_daily(wire, post, metric):
    answer = wire.analytics(post, metric, f"&aggregation=DAILY&{WEEK}")
    bad_input(answer, "FIELD_INVALID", "aggregation")


def test_daily_figures_add_up(wire, post):
    post.published_at = datetime(2026, 11, 1, tzinfo=UTC)
    answer = wire.analytics(post, "REACTION", f"&aggregation=DAILY&{WEEK}")
    days = answer.json()["elements"]
    assert [day["dateRange"]["start"]["day"] for day in days] == list(range(16, 23))
    assert days[0]["dateRange"]["end"] == {"day": 17, "month": 11, "year": 2026}
    first, last = datetime(2026, 11, 16, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)
    assert sum(day["count"] for day in days) == wire.service.site.change(post, "likes", first, last)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        (f"&{WEEK}", "dateRange"),
        ("&aggregation=WEEKLY", "aggregation"),
        ("&aggregation=DAILY&dateRange=2026", "dateRange"),
        ("&aggregation=DAILY&dateRange=(start:(day:1,month:2,year:2026))", "dateRange/end"),
        (
            "&aggregation=DAILY&dateRange=(start:(day:31,month:2,year:2026),end:(day:1,month:3,year:2026))",
            "dateRange/start",
        ),
        (
            "&aggregation=DAILY&dateRange=(start:(day:2,month:2,year:2026),end:(day:2,month:2,year:2026))",
            "dateRange",
        ),
        (
            "&aggregation=DAILY&dateRange=(start:(day:2,month:2),end:(day:2,month:2,year:2026))",
            "dateRange/start/year",
        ),
    ],
)
def test_ranges_are_checked(wire, post, more, field):
    bad_input(wire.analytics(post, "REACTION", more), "FIELD_INVALID", field)


def test_a_members_totals_cover_all_posts(wire):
    (element,) = wire.totals("IMPRESSION").json()["elements"]
    values = [wire.world.value(post, "impressions") for post in wire.mine]
    assert element["count"] == sum(values) > 0
    assert element["metricType"] == "IMPRESSION"
    assert "targetEntity" not in element
    (week,) = wire.totals("REACTION", f"&{WEEK}").json()["elements"]
    days = wire.totals("REACTION", f"&aggregation=DAILY&{WEEK}").json()["elements"]
    assert len(days) == 7
    assert sum(day["count"] for day in days) == week["count"]
    bad_input(wire.totals("MEMBERS_REACHED", "&aggregation=DAILY"), "FIELD_INVALID", "aggregation")
    assert wire.totals("PREMIUM_CTA_CLICKS").json()["elements"] == []


def test_videos_have_metrics_of_their_own(wire, post):
    video = next(each for each in wire.mine if each.kind == "video" and not each.facts)
    for metric, name in (("VIDEO_PLAY", "video_views"), ("VIDEO_WATCH_TIME", "watch_time_ms")):
        (element,) = wire.analytics(video, metric, resource=VIDEOS).json()["elements"]
        assert element["count"] == wire.world.value(video, name)
        assert element["metricType"] == metric
    (old,) = wire.analytics(video, "VIDEO_VIEWER", resource=VIDEOS, version="202601").json()[
        "elements"
    ]
    assert isinstance(old["metricType"], dict)
    assert wire.analytics(post, "VIDEO_PLAY", resource=VIDEOS).json()["elements"] == []
    bad_input(wire.analytics(video, "IMPRESSION", resource=VIDEOS), "FIELD_INVALID", "queryType")


def test_the_follower_count_and_its_daily_gains(wire):
    account = wire.world.accounts["linkedin", wire.handle.platform_account_id]
    followers = wire.world.followers(account)
    answer = wire.get("/rest/memberFollowersCount?q=me").json()
    assert answer["elements"] == [{"memberFollowersCount": followers}]
    days = wire.get(f"/rest/memberFollowersCount?q=dateRange&{WEEK}").json()["elements"]
    week_ago = datetime(2026, 11, 16, tzinfo=UTC)
    assert len(days) == 7
    assert sum(day["memberFollowersCount"] for day in days) == followers - wire.world.followers(
        account, week_ago
    )
    bad_input(wire.get("/rest/memberFollowersCount?q=dateRange"), "FIELD_INVALID", "dateRange")
    wire.token.scopes -= {"r_member_profileAnalytics"}
    refused(wire.get("/rest/memberFollowersCount?q=me"), 403)


def test_who_has_no_profile_here_has_no_followers_to_tell(wire):
    nobody = wire.service.consent("urn:li:person:nobody", ["r_member_profileAnalytics"])
    token = nobody.tokens[-1].value
    for finder in ("q=me", f"q=dateRange&{WEEK}"):
        answer = wire.get(f"/rest/memberFollowersCount?{finder}", token=token)
        assert answer.json()["elements"] == []


def test_a_page_administrators_token_has_no_member_scope(wire):
    admin = wire.service.populate(2, "Florist", 0)
    answer = wire.get(f"{POSTS}?q=me&queryType=REACTION", token=admin.token)
    refused(answer, 403, code="ACCESS_DENIED", serviceErrorCode=100)


def test_a_members_account_is_found_with_its_age(wire):
    oldest, newest = wire.mine[-1], wire.mine[0]
    assert (START - newest.published_at).total_seconds() == pytest.approx(3600, abs=1)
    assert (START - oldest.published_at).days == 120
