"""Statistics of the simulated LinkedIn's organisations, against the world's own numbers."""

from datetime import UTC, datetime

import pytest

from analytics_sync.clock import to_milliseconds
from support.linkedin_wire import (
    STATISTICS,
    Wire,
    bad_input,
    encoded,
    refused,
    restli_list,
    shares_of,
    ugc_posts_of,
)

COLUMNS = {
    "impressionCount": "impressions",
    "uniqueImpressionsCount": "reach",
    "clickCount": "clicks",
    "likeCount": "likes",
    "commentCount": "comments",
    "shareCount": "shares",
}
DAY = "timeRange:(start:{},end:{}),timeGranularityType:{}"


@pytest.fixture
def wire():
    return Wire(posts=20)


def by_urn(answer):
    assert answer.status == 200
    return {e.get("share") or e["ugcPost"]: e for e in answer.json()["elements"]}


def both_lists(wire, **more):
    posts = wire.posts()
    return wire.statistics(shares=shares_of(posts), ugc_posts=ugc_posts_of(posts), **more)


def test_lifetime_totals_are_the_truth_and_silence_means_zero(wire):
    said = by_urn(both_lists(wire))
    silent = [post for post in wire.posts() if post.id not in said]
    assert silent
    assert len(said) == 20 - len(silent)
    for post in wire.posts():
        truth = wire.service.truth(post)
        counts = said.get(post.id, {}).get("totalShareStatistics", {})
        assert {c: truth[c] for c in COLUMNS.values()} == {
            c: counts.get(name, 0) for name, c in COLUMNS.items()
        }
        assert truth["saves"] is truth["video_views"] is truth["watch_time_ms"] is None


def test_elements_have_the_documented_shape(wire):
    answer = both_lists(wire).json()
    assert answer["paging"] == {"start": 0, "count": 10, "links": []}
    for element in answer["elements"]:
        (name,) = element.keys() - {"organizationalEntity", "totalShareStatistics"}
        assert element[name].startswith(
            {"share": "urn:li:share:", "ugcPost": "urn:li:ugcPost:"}[name]
        )
        assert element["organizationalEntity"] == wire.organization
        counts = element["totalShareStatistics"]
        assert counts.keys() == COLUMNS.keys() | {"engagement"}
        acts = sum(counts[n] for n in ("clickCount", "likeCount", "commentCount", "shareCount"))
        assert counts["engagement"] == pytest.approx(acts / counts["impressionCount"], abs=1e-6)


def test_the_order_has_nothing_to_do_with_the_question(wire):
    asked = shares_of(wire.posts())
    orders = []
    for _ in range(4):
        orders.append(list(by_urn(wire.statistics(shares=asked))))
        wire.advance(seconds=1)
    assert all(sorted(order) == sorted(orders[0]) for order in orders)
    assert len({tuple(order) for order in orders}) > 1


def test_unknown_deleted_and_foreign_posts_are_left_out_alike(wire):
    foreign = wire.service.add_organization("Foreign", 12, number=5000)
    gone, kept = sorted(by_urn(wire.statistics(shares=shares_of(wire.posts()))))[:2]
    wire.world.post("linkedin", gone).deleted_at = wire.world.clock.now()
    unknown = "urn:li:share:7000000000000000001"
    strange = shares_of(wire.posts(foreign.id))
    assert list(by_urn(wire.statistics(shares=[gone, unknown, *strange, kept]))) == [kept]


def test_a_new_post_is_silent_and_its_truth_is_zero(wire):
    post = wire.service.publish(wire.organization)
    name = "shares" if ":share:" in post.id else "ugc_posts"
    assert by_urn(wire.statistics(**{name: [post.id]})) == {}
    assert wire.service.truth(post)["impressions"] == 0


def test_a_repeated_urn_is_answered_once(wire):
    post = next(iter(by_urn(wire.statistics(shares=shares_of(wire.posts())))))
    assert len(wire.statistics(shares=[post, post]).json()["elements"]) == 1


def test_numbers_grow_with_the_clock(wire):
    before = by_urn(both_lists(wire))
    wire.advance(days=3)
    after = by_urn(both_lists(wire))
    assert before.keys() <= after.keys()
    impressions = [
        sum(e["totalShareStatistics"]["impressionCount"] for e in found.values())
        for found in (before, after)
    ]
    assert impressions[1] > impressions[0]


def test_lists_may_be_limited(wire):
    posts = shares_of(wire.posts())
    wire.switch(largest_list=3)
    assert wire.statistics(shares=posts[:3], ugc_posts=ugc_posts_of(wire.posts())[:3]).status == 200
    bad_input(wire.statistics(shares=posts[:4]), "FIELD_INVALID", "shares")
    batch = f"/rest/posts?ids={restli_list(posts[:4])}"
    bad_input(wire.get(batch), "FIELD_INVALID", "ids")


def test_time_intervals_do_not_go_with_posts(wire):
    intervals = f"&timeIntervals=({DAY.format(1763596800000, 1764201600000, 'DAY')})"
    answer = wire.statistics(shares=shares_of(wire.posts())[:1], more=intervals)
    bad_input(answer, "FIELD_INVALID", "timeIntervals")


def test_an_organizations_totals_are_the_sum_of_its_posts(wire):
    (element,) = wire.statistics().json()["elements"]
    truths = [wire.service.truth(post) for post in wire.posts()]
    counts = element["totalShareStatistics"]
    assert {c: counts[n] for n, c in COLUMNS.items()} == {
        c: sum(truth[c] for truth in truths) for c in COLUMNS.values()
    }


def span(first, last):
    return tuple(to_milliseconds(datetime(*day, tzinfo=UTC)) for day in (first, last))


def test_daily_buckets_add_up_and_tell_no_unique_impressions(wire):
    start, end = span((2026, 11, 16), (2026, 11, 23))
    daily = wire.statistics(more=f"&timeIntervals=({DAY.format(start, end, 'DAY')})")
    buckets = daily.json()["elements"]
    assert [b["timeRange"]["start"] for b in buckets] == list(range(start, end, 86_400_000))
    assert all("uniqueImpressionsCount" not in b["totalShareStatistics"] for b in buckets)
    posts, site = wire.posts(), wire.service.site
    week = [
        site.change(
            p, "impressions", datetime(2026, 11, 16, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)
        )
        for p in posts
    ]
    assert sum(b["totalShareStatistics"]["impressionCount"] for b in buckets) == sum(week) > 0


def test_monthly_buckets_reach_back_twelve_months_at_most(wire):
    start, end = span((2020, 1, 1), (2030, 1, 1))
    answer = wire.statistics(more=f"&timeIntervals=({DAY.format(start, end, 'MONTH')})")
    buckets = answer.json()["elements"]
    assert len(buckets) == 13
    assert buckets[0]["timeRange"]["start"] == span((2025, 11, 1), (2025, 12, 1))[0]


@pytest.mark.parametrize(
    ("intervals", "field"),
    [
        ("(timeGranularityType:DAY)", "timeIntervals/timeRange"),
        ("(timeRange:(end:5),timeGranularityType:DAY)", "timeIntervals/timeRange/start"),
        ("(timeRange:(start:5))", "timeIntervals/timeGranularityType"),
        ("(timeRange:(start:5),timeGranularityType:WEEK)", "timeIntervals/timeGranularityType"),
        ("(timeRange:(start:5,end:4),timeGranularityType:DAY)", "timeIntervals/timeRange"),
        ("(timeRange:(start:x),timeGranularityType:DAY)", "timeIntervals/timeRange/start"),
        (
            "(timeRange:(start:999999999999999),timeGranularityType:DAY)",
            "timeIntervals/timeRange/start",
        ),
        ("(timeRange:(start:5,till:9),timeGranularityType:DAY)", "timeIntervals/timeRange/till"),
        ("(timeRange:5,timeGranularityType:DAY)", "timeIntervals/timeRange"),
    ],
)
def test_malformed_intervals_name_their_field(wire, intervals, field):
    bad_input(wire.statistics(more=f"&timeIntervals={intervals}"), "FIELD_INVALID", field)


FOLLOWERS = "/rest/organizationalEntityFollowerStatistics?q=organizationalEntity"


def followers(wire, more=""):
    return wire.get(f"{FOLLOWERS}&organizationalEntity={encoded(wire.organization)}{more}")


def test_follower_facets_carry_no_total(wire):
    (element,) = followers(wire).json()["elements"]
    facets = {name for name in element if name.startswith("followerCountsBy")}
    assert len(facets) == 7
    assert "totalFollowerCounts" not in element
    total = wire.world.followers(wire.world.accounts["linkedin", wire.organization])
    for facet in facets:
        assert sum(s["followerCounts"]["organicFollowerCount"] for s in element[facet]) <= total


@pytest.mark.parametrize("granularity", ["DAY", "WEEK", "MONTH"])
def test_follower_gains_end_two_days_ago(wire, granularity):
    start, end = span((2026, 9, 1), (2026, 11, 23))
    answer = followers(wire, f"&timeIntervals=({DAY.format(start, end, granularity)})")
    buckets = answer.json()["elements"]
    account = wire.world.accounts["linkedin", wire.organization]
    last = datetime(2026, 11, 21, tzinfo=UTC)
    assert buckets[-1]["timeRange"]["start"] < to_milliseconds(last)
    first = datetime.fromtimestamp(buckets[0]["timeRange"]["start"] / 1000, UTC)
    gained = sum(b["followerGains"]["organicFollowerGain"] for b in buckets)
    assert gained == wire.world.followers(account, last) - wire.world.followers(account, first)
    if granularity == "DAY":
        assert len(buckets) == 81


def test_follower_gains_need_a_start(wire):
    answer = followers(wire, "&timeIntervals=(timeRange:(end:5),timeGranularityType:DAY)")
    bad_input(answer, "FIELD_INVALID", "timeIntervals/timeRange/start")


def test_the_network_size_is_public_and_asks_for_its_edge(wire):
    foreign = wire.service.add_organization("Foreign", 0, number=5000)
    edge = "?edgeType=COMPANY_FOLLOWED_BY_MEMBER"
    for urn in (wire.organization, foreign.id):
        answer = wire.get(f"/rest/networkSizes/{encoded(urn)}{edge}")
        account = wire.world.accounts["linkedin", urn]
        assert answer.json() == {"firstDegreeSize": wire.world.followers(account)}
    one = f"/rest/networkSizes/{encoded(wire.organization)}"
    bad_input(wire.get(one), "FIELD_INVALID", "edgeType")
    bad_input(wire.get(f"{one}?edgeType=CompanyFollowedByMember"), "FIELD_INVALID", "edgeType")
    unknown = encoded("urn:li:organization:77")
    refused(wire.get(f"/rest/networkSizes/{unknown}{edge}"), 404, code="NOT_FOUND")


def video(wire, post, kind="VIDEO_VIEW", more="", **sent):
    target = f"/rest/videoAnalytics?q=entity&entity={encoded(post.id)}&type={kind}{more}"
    return wire.get(target, **sent)


def test_an_organizations_video_has_one_number_a_call(wire):
    post = next(post for post in wire.posts() if post.kind == "video" and not post.fixed)
    (element,) = video(wire, post, more="&aggregation=ALL").json()["elements"]
    assert element["value"] == wire.world.value(post, "video_views")
    assert element["entity"] == post.id
    days = video(wire, post, more="&aggregation=DAY").json()["elements"]
    assert sum(day["value"] for day in days) == element["value"]
    text = next(post for post in wire.posts() if post.kind == "text")
    assert video(wire, text).json()["elements"] == []
    bad_input(video(wire, post, kind="PLAYS"), "FIELD_INVALID", "type")


def test_views_of_a_span_lie_between_nothing_and_all(wire):
    post = next(post for post in wire.posts() if post.kind == "video" and not post.fixed)
    post.published_at = datetime(2026, 11, 10, tzinfo=UTC)
    start, end = span((2026, 11, 12), (2026, 11, 16))
    (element,) = video(wire, post, more=f"&timeRange=(start:{start},end:{end})").json()["elements"]
    assert element["timeRange"] == {"start": start, "end": end}
    assert 0 < element["value"] < wire.world.value(post, "video_views")


def test_a_lost_role_may_leave_follower_statistics_empty(wire):
    wire.switch(lost_roles=[wire.organization], lost_role_answer="empty")
    assert followers(wire).json()["elements"] == []


def test_a_stranger_sees_zero_views(wire):
    other = wire.service.populate(2, "Florist", 0)
    post = next(post for post in wire.posts() if post.kind == "video" and not post.fixed)
    (element,) = video(wire, post, token=other.token).json()["elements"]
    assert element["value"] == 0


def test_statistics_of_a_foreign_organization_are_denied(wire):
    wire.service.add_organization("Foreign", 3, number=5000)
    foreign = encoded("urn:li:organization:5000")
    for target in (STATISTICS, FOLLOWERS):
        answer = wire.get(f"{target}&organizationalEntity={foreign}")
        refused(answer, 403, code="ACCESS_DENIED", serviceErrorCode=100)
