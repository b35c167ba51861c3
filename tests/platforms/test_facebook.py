"""Facebook against a Page in a function that refuses what the Graph API refuses."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from analytics_sync.domain.records import Account, Horizon, Identity, Post, PostFailure, Reading
from analytics_sync.errors import (
    AccountRefused,
    AnalyticsSyncError,
    AnswerNotUnderstood,
    CredentialRefused,
    RateLimited,
    Refused,
    Temporary,
    WrongUsage,
)
from analytics_sync.platforms._contract import Context
from analytics_sync.platforms._facebook.numbers import (
    POST_METRICS,
    REEL_METRICS,
    VIDEO_POST_METRICS,
)
from analytics_sync.platforms.facebook import PLATFORM
from analytics_sync.settings.declare import PlatformSettings
from support.fake_clock import START, FakeClock
from support.graph_doubles import (
    GONE,
    NO_INSIGHTS_ON_VIDEO,
    NOT_A_METRIC,
    Answer,
    GraphSender,
    ListMemory,
    context_for,
    error,
    insights,
)

PAGE = "1110001"
ACCOUNT = Account(3, 1, "facebook", PAGE, credential_id=7, app_id=5)
OLD = START - timedelta(days=3)

POST_VALUES: dict[str, Any] = {
    "post_media_view": 5123,
    "post_total_media_view_unique": 4001,
    "post_clicks": 12,
    "post_clicks_by_type": {"link clicks": 9, "other clicks": 3},
    "post_reactions_by_type_total": {"like": 20, "love": 9, "wow": 2},
    "post_activity_by_action_type": {"like": 31, "comment": 7},
}
VIDEO_VALUES = {
    "post_video_views": 800,
    "post_video_view_time": 123456,
    "post_video_avg_time_watched": 154,
}
REEL_VALUES: dict[str, Any] = {
    "fb_reels_total_plays": 900,
    "blue_reels_play_count": 850,
    "post_video_likes_by_reaction_type": {"REACTION_LIKE": 5, "REACTION_LOVE": 2},
    "post_video_social_actions": {"COMMENT": 3, "SHARE": 4},
    "post_video_view_time": 99000,
    "post_video_avg_time_watched": 110,
    "total_video_views": 400,
}


@dataclass
class Page:
    """A Page's Graph. Values of None are left out of insights."""

    posts: dict[str, dict[str, Any]] = field(default_factory=dict)
    videos: dict[str, dict[str, Any]] = field(default_factory=dict)
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    unseen: set[str] = field(default_factory=set)
    may_insights: bool = True
    may_summaries: bool = True
    # What a path answers instead, for as long as it stands here.
    instead: dict[str, Answer | Exception | None] = field(default_factory=dict)

    def __call__(self, path: str, params: dict[str, str]) -> Answer | Exception | None:
        if path in self.instead or path == "batch":
            return self.instead.get(path)
        if path.endswith("/video_insights"):
            return self._insights(self.videos.get(path.partition("/")[0]), params)
        if path.endswith("/insights"):
            node = path.partition("/")[0]
            return (
                NO_INSIGHTS_ON_VIDEO if node in self.videos else self._post_insights(node, params)
            )
        return self._node(path, params["fields"])

    def _post_insights(self, node: str, params: dict[str, str]) -> Answer:
        return self._insights(self.posts.get(node), params)

    def _insights(self, values: dict[str, Any] | None, params: dict[str, str]) -> Answer:
        assert params["period"] == "lifetime"
        names = params["metric"].split(",")
        if values is None:
            return GONE
        if self.unknown.intersection(names) or not set(names) <= set(values):
            return NOT_A_METRIC
        if not self.may_insights:
            return error(200, "(#200) Requires extended permission: read_insights")
        if self.unseen.intersection(names):
            return error(200, "(#200) too few followers")
        return insights(**{name: values[name] for name in names})

    def _node(self, node: str, fields: str) -> Answer:
        if node in self.videos:
            return error(
                100, "(#100) Tried accessing nonexisting field (status_type) on node type (Video)"
            )
        if node not in self.posts:
            return GONE
        if "summary" in fields and not self.may_summaries:
            return error(
                10, "(#10) This endpoint requires the 'pages_read_user_content' permission"
            )
        summaries = {
            "comments": {"data": [], "summary": {"total_count": 7, "order": "ranked"}},
            "reactions": {"data": [], "summary": {"total_count": 33}},
        }
        plain = {"shares": {"count": 4}} | self.nodes.get(node, {})
        return Answer({"id": node} | plain | (summaries if "summary" in fields else {}))


def a_post(post_id: str, kind: str | None = "photo", **more: Any) -> Post:
    return Post(int(post_id.rpartition("_")[2]), post_id, OLD, kind=kind, **more)


def posts(count: int, kind: str | None = "photo") -> list[Post]:
    return [a_post(f"{PAGE}_{900 + number}", kind) for number in range(count)]


def page_with(count: int = 1, **more: Any) -> Page:
    return Page({post.platform_post_id: dict(POST_VALUES) for post in posts(count)}, **more)


@dataclass
class Run:
    """What one reading brought."""

    results: list[Reading | PostFailure]
    raised: AnalyticsSyncError | None
    sender: GraphSender
    memory: ListMemory

    @property
    def readings(self) -> list[Reading]:
        return [result for result in self.results if isinstance(result, Reading)]

    @property
    def failures(self) -> list[PostFailure]:
        return [result for result in self.results if isinstance(result, PostFailure)]

    @property
    def sizes(self) -> list[int]:
        return [len(batch) for batch in self.sender.batches]


def context_over(
    node: Any, memory: ListMemory | None = None, account: Account = ACCOUNT
) -> tuple[Context, GraphSender]:
    clock = FakeClock()
    sender = GraphSender(node, clock)
    return context_for(PLATFORM, sender, clock, account, memory=memory), sender


def run(
    node: Any,
    wanted: Sequence[Post],
    memory: ListMemory | None = None,
    account: Account = ACCOUNT,
) -> Run:
    kept = memory or ListMemory()
    context, sender = context_over(node, kept, account)
    results: list[Reading | PostFailure] = []

    async def collect() -> AnalyticsSyncError | None:
        try:
            async for result in PLATFORM.read(context, wanted):
                results.append(result)  # noqa: PERF401 - what came before a failure counts
        except AnalyticsSyncError as failure:
            return failure
        return None

    return Run(results, asyncio.run(collect()), sender, kept)


# Reading posts


def test_a_post_is_read_whole() -> None:
    done = run(page_with(), posts(1))
    assert done.results == [
        Reading(
            platform_post_id=f"{PAGE}_900",
            columns={
                "impressions": {"post_media_view": 5123},
                "reach": {"post_total_media_view_unique": 4001},
                "likes": {"post_reactions_by_type_total": 31},
                "comments": {"comments.summary.total_count": 7},
                "shares": {"shares.count": 4},
                "clicks": {"post_clicks": 12},
            },
            extra={
                "post_media_view": 5123,
                "post_total_media_view_unique": 4001,
                "post_clicks": 12,
                "post_clicks_by_type.link clicks": 9,
                "post_clicks_by_type.other clicks": 3,
                "post_reactions_by_type_total.like": 20,
                "post_reactions_by_type_total.love": 9,
                "post_reactions_by_type_total.wow": 2,
                "post_activity_by_action_type.like": 31,
                "post_activity_by_action_type.comment": 7,
                "shares.count": 4,
                "comments.summary.total_count": 7,
                "reactions.summary.total_count": 33,
            },
        )
    ]
    assert done.raised is None


INSIGHTS = f"{PAGE}_900/insights?metric={','.join(POST_METRICS)}&period=lifetime"
FIELDS = f"{PAGE}_900?fields=id,created_time,status_type,shares"
SUMMARIES = ",comments.limit(0).summary(true),reactions.limit(0).summary(total_count)"


def test_a_post_is_two_items() -> None:
    done = run(page_with(), posts(1))
    assert done.sender.batches == [[INSIGHTS, FIELDS + SUMMARIES]]


def test_summaries_that_spoil_the_fields_are_left_out() -> None:
    done = run(page_with(may_summaries=False), posts(1))
    assert done.sender.batches == [[INSIGHTS, FIELDS + SUMMARIES], [FIELDS]]
    again = run(page_with(may_summaries=False), posts(1), done.memory)
    assert again.sender.batches == [[INSIGHTS, FIELDS]]


def test_a_hundred_posts_are_four_full_batches() -> None:
    done = run(page_with(100), posts(100))
    assert done.sizes == [50] * 4
    assert sum(call.charge for call in done.sender.calls) == 200
    assert len(done.readings) == 100
    assert all("comments" in reading.columns for reading in done.readings)


def test_video_posts_are_asked_for_their_own_metrics_too() -> None:
    page = Page({f"{PAGE}_900": POST_VALUES | VIDEO_VALUES})
    done = run(page, posts(1, "video"))
    [reading] = done.readings
    assert reading.columns["video_views"] == {"post_video_views": 800}
    assert reading.columns["watch_time_ms"] == {"post_video_view_time": 123456}
    assert reading.extra["post_video_avg_time_watched"] == 154
    [params] = done.sender.asked_of("/insights")
    assert params["metric"] == ",".join(POST_METRICS + VIDEO_POST_METRICS)


@pytest.mark.parametrize(
    ("node", "shares"),
    [
        ({}, 4),
        ({"shares": {"count": 0}}, 0),
        ({"shares": {}}, None),
        ({"shares": None}, None),
        ({"shares": {"count": "many"}}, None),
    ],
)
def test_shares_as_said(node: dict[str, Any], shares: int | None) -> None:
    [reading] = run(page_with(nodes={f"{PAGE}_900": node}), posts(1)).readings
    wanted = None if shares is None else {"shares.count": shares}
    assert reading.columns.get("shares") == wanted


def test_absent_shares_on_a_node_that_was_read_are_none_at_all() -> None:
    page = page_with(instead={f"{PAGE}_900": Answer({"id": f"{PAGE}_900"})})
    [reading] = run(page, posts(1)).readings
    assert reading.columns["shares"] == {"shares.count": 0}


def test_shares_of_a_node_that_was_not_read_are_unknown() -> None:
    page = page_with(instead={f"{PAGE}_900": error(10, "(#10) pages_read_engagement")})
    [reading] = run(page, posts(1)).readings
    assert "shares" not in reading.columns
    assert reading.columns["impressions"] == {"post_media_view": 5123}


def test_what_insights_leave_out_is_unsaid() -> None:
    values = POST_VALUES | {"post_clicks": None, "post_reactions_by_type_total": {}}
    [reading] = run(Page({f"{PAGE}_900": values}), posts(1)).readings
    assert "clicks" not in reading.columns
    assert reading.columns["likes"] == {"post_reactions_by_type_total": 0}


def test_a_status_tells_an_unknown_kind() -> None:
    page = page_with(nodes={f"{PAGE}_900": {"status_type": "added_video"}})
    assert run(page, posts(1, None)).readings[0].kind == "video"
    assert run(page, posts(1, "photo")).readings[0].kind is None


# Permissions


def test_without_user_content_comments_are_unsaid_and_not_asked_for_again() -> None:
    page = page_with(3, may_summaries=False)
    first = run(page, posts(3))
    assert [set(reading.columns) & {"comments"} for reading in first.readings] == [set()] * 3
    assert all(reading.columns["shares"] == {"shares.count": 4} for reading in first.readings)
    assert first.raised is None
    [(scope, metric, reason)] = first.memory.told
    assert (scope, metric) == ("3/7:summaries", "comments")
    assert "pages_read_user_content" in reason
    second = run(page, posts(3), first.memory)
    assert second.sizes == [6]
    assert second.memory.told == first.memory.told


def test_a_page_of_few_followers_lacks_only_its_reach() -> None:
    page = page_with(2, unseen={"post_total_media_view_unique"})
    first = run(page, posts(2))
    assert all("reach" not in reading.columns for reading in first.readings)
    assert all(reading.columns["clicks"] == {"post_clicks": 12} for reading in first.readings)
    assert [told[:2] for told in first.memory.told] == [
        ("3/7:post", "post_total_media_view_unique")
    ]
    second = run(page, posts(2), first.memory)
    assert second.sizes == [4]


def test_with_a_new_credential_what_was_missing_is_asked_for_again() -> None:
    page = page_with(may_summaries=False, unseen={"post_total_media_view_unique"})
    memory = run(page, posts(1)).memory
    page.may_summaries, page.unseen = True, set()
    assert set(run(page, posts(1), memory).readings[0].columns) & {"comments", "reach"} == set()
    again = run(page, posts(1), memory, ACCOUNT._replace(credential_id=8))
    assert {"comments", "reach"} <= set(again.readings[0].columns)


def test_without_insights_the_rest_is_read_and_a_person_is_told() -> None:
    done = run(page_with(60, may_insights=False), posts(60))
    assert len(done.readings) == 60
    assert all(set(reading.columns) == {"comments", "shares"} for reading in done.readings)
    assert isinstance(done.raised, AccountRefused)
    assert "read_insights" in done.raised.hint
    assert done.memory.told == []


# Metrics that spoil a call


def test_a_retired_metric_is_found_dropped_and_told_once() -> None:
    page = page_with(30, unknown={"post_clicks"})
    first = run(page, posts(30))
    assert len(first.readings) == 30
    for reading in first.readings:
        assert reading.columns["impressions"] == {"post_media_view": 5123}
        assert "clicks" not in reading.columns
    assert [told[:2] for told in first.memory.told] == [("post", "post_clicks")]
    assert first.sizes == [50, 10, len(POST_METRICS), 30]
    second = run(page, posts(30), first.memory)
    assert second.sizes == [50, 10]


def test_several_retired_metrics_cost_one_round() -> None:
    gone = {"post_clicks", "post_clicks_by_type", "post_activity_by_action_type"}
    done = run(page_with(2, unknown=gone), posts(2))
    assert {told[1] for told in done.memory.told} == gone
    assert done.sizes == [4, len(POST_METRICS), 2]


def test_a_metric_found_once_is_not_searched_for_in_every_kind() -> None:
    page = Page(
        {f"{PAGE}_900": dict(POST_VALUES), f"{PAGE}_901": POST_VALUES | VIDEO_VALUES},
        unknown={"post_clicks"},
    )
    done = run(page, [a_post(f"{PAGE}_900"), a_post(f"{PAGE}_901", "video")])
    assert done.sizes == [4, len(POST_METRICS), 2]
    assert len(done.memory.told) == 1
    assert all("clicks" not in reading.columns for reading in done.readings)


def test_all_metrics_retired_leaves_the_fields() -> None:
    done = run(page_with(1, unknown=set(POST_METRICS)), posts(1))
    [reading] = done.readings
    assert set(reading.columns) == {"comments", "shares"}
    second = run(page_with(1, unknown=set(POST_METRICS)), posts(1), done.memory)
    assert second.sizes == [1]
    assert set(second.readings[0].columns) == {"comments", "shares"}


def test_a_metric_that_only_one_post_lacks_is_remembered_for_that_post() -> None:
    values = {name: value for name, value in POST_VALUES.items() if name != "post_clicks"}
    page = Page({f"{PAGE}_900": values, f"{PAGE}_901": POST_VALUES})
    done = run(page, posts(2))
    by_id = {reading.platform_post_id: reading for reading in done.readings}
    assert by_id[f"{PAGE}_900"].refused == {"post_clicks"}
    assert by_id[f"{PAGE}_901"].refused == frozenset()
    assert "clicks" in by_id[f"{PAGE}_901"].columns
    assert done.memory.told == []
    again = run(page, [posts(1)[0]._replace(refused=frozenset({"post_clicks"}))])
    assert again.sizes == [2]


def test_a_dead_name_that_answers_nothing_is_merely_unsaid() -> None:
    page = Page({f"{PAGE}_900": POST_VALUES | {"post_total_media_view_unique": None}})
    done = run(page, posts(1))
    assert "reach" not in done.readings[0].columns
    assert done.memory.told == []


# Reels and videos


def test_a_reel_is_read_by_its_own_edge() -> None:
    done = run(Page(videos={"555": REEL_VALUES}), [a_post("555", "reel")])
    [reading] = done.readings
    assert reading.columns == {
        "impressions": {"fb_reels_total_plays": 900, "blue_reels_play_count": 850},
        "likes": {"post_video_likes_by_reaction_type": 7},
        "comments": {"post_video_social_actions.COMMENT": 3},
        "shares": {"post_video_social_actions.SHARE": 4},
        "video_views": {"total_video_views": 400},
        "watch_time_ms": {"post_video_view_time": 99000},
    }
    assert list(reading.columns["impressions"]) == ["fb_reels_total_plays", "blue_reels_play_count"]
    assert reading.extra["post_video_social_actions.COMMENT"] == 3
    assert reading.kind is None
    assert reading.refused == frozenset()
    assert done.sender.batches == [
        [
            f"555/video_insights?metric={','.join(REEL_METRICS)}&period=lifetime",
            "555/video_insights?metric=total_video_views&period=lifetime",
        ]
    ]


def test_a_classic_name_refused_does_not_lose_the_reels_names() -> None:
    values = {name: value for name, value in REEL_VALUES.items() if name != "total_video_views"}
    done = run(Page(videos={"555": values}), [a_post("555", "reel")])
    [reading] = done.readings
    assert "video_views" not in reading.columns
    assert reading.columns["shares"] == {"post_video_social_actions.SHARE": 4}
    assert reading.refused == {"total_video_views"}
    assert done.memory.told == []
    both = [a_post("555", "reel"), a_post("556", "reel")]
    two = run(Page(videos={"555": values, "556": values}), both)
    assert [told[:2] for told in two.memory.told] == [("reel", "total_video_views")]


def test_a_reels_name_refused_does_not_lose_a_classic_video() -> None:
    values = {name: value for name, value in REEL_VALUES.items() if "reels" not in name}
    wanted = [a_post("555", None), a_post("556", None)]
    done = run(Page(videos={"555": values, "556": values}), wanted)
    for reading in done.readings:
        assert reading.kind == "video"
        assert reading.columns["video_views"] == {"total_video_views": 400}
        assert reading.columns["likes"] == {"post_video_likes_by_reaction_type": 7}
        assert reading.refused == {"insights", "fb_reels_total_plays", "blue_reels_play_count"}
    assert done.memory.told == []


@pytest.mark.parametrize(("status", "told"), [("added_video", 3), ("added_photos", 0)])
def test_a_wrong_kind_makes_nobody_forget_a_metric(status: str, told: int) -> None:
    """Video metrics are refused: retired for videos, but merely not there for a photo."""
    page = page_with(2, nodes={f"{PAGE}_{n}": {"status_type": status} for n in (900, 901)})
    done = run(page, posts(2, "video"))
    assert len(done.memory.told) == told
    assert all(reading.columns["clicks"] for reading in done.readings)
    lacking = frozenset() if told else frozenset(VIDEO_POST_METRICS)
    assert [reading.refused for reading in done.readings] == [lacking] * 2


def test_an_action_that_was_not_said_is_unknown() -> None:
    values = REEL_VALUES | {"post_video_social_actions": {"SHARE": 4}, "fb_reels_total_plays": None}
    [reading] = run(Page(videos={"555": values}), [a_post("555", "reel")]).readings
    assert "comments" not in reading.columns
    assert reading.columns["impressions"] == {"blue_reels_play_count": 850}


@pytest.mark.parametrize("post_id", ["555", f"{PAGE}_555"])
def test_an_unknown_kind_is_learned(post_id: str) -> None:
    """Post insights say that it is a video; its own edge says that it is a Reel."""
    video_id = post_id
    page = Page(videos={video_id: REEL_VALUES, f"{PAGE}_555": REEL_VALUES})
    done = run(page, [a_post(post_id, None)])
    [reading] = done.readings
    assert reading.kind == "reel"
    assert reading.refused == {"insights"}
    assert reading.columns["video_views"] == {"total_video_views": 400}
    again = run(page, [a_post(post_id, "reel", refused=frozenset({"insights"}))])
    assert again.sizes == [2]
    assert again.readings[0].kind is None


def test_a_full_id_of_a_video_may_be_known_by_its_second_half_only() -> None:
    post_id = f"{PAGE}_555"
    page = Page(
        videos={"555": REEL_VALUES},
        instead={f"{post_id}/insights": NO_INSIGHTS_ON_VIDEO, post_id: NO_INSIGHTS_ON_VIDEO},
    )
    done = run(page, [a_post(post_id, "video")])
    [reading] = done.readings
    assert reading.columns["video_views"] == {"total_video_views": 400}
    assert [path for path, _ in done.sender.asked][2:] == [
        *[f"{post_id}/video_insights"] * 2,
        *["555/video_insights"] * 2,
    ]


def test_a_video_without_plays_is_no_reel() -> None:
    values = REEL_VALUES | {"fb_reels_total_plays": None, "blue_reels_play_count": None}
    [reading] = run(Page(videos={"555": values}), [a_post("555", None)]).readings
    assert reading.kind == "video"


def test_a_bare_number_is_first_tried_as_half_of_a_posts_id() -> None:
    done = run(page_with(), [a_post("900", None)])
    [reading] = done.readings
    assert reading.platform_post_id == "900"
    # From now on it has its whole id, under which the listing finds it too.
    assert (reading.newest_id, reading.versions) == (f"{PAGE}_900", ("900",))
    assert reading.columns["impressions"] == {"post_media_view": 5123}
    assert done.sender.asked[0][0] == f"{PAGE}_900/insights"


def test_then_as_a_videos_own_id() -> None:
    done = run(Page(videos={"555": REEL_VALUES}), [a_post("555", None)])
    assert [path for path, _ in done.sender.asked] == [
        f"{PAGE}_555/insights",
        f"{PAGE}_555",
        "555/video_insights",
        "555/video_insights",
    ]
    assert done.readings[0].columns["shares"] == {"post_video_social_actions.SHARE": 4}


# What fails


@pytest.mark.parametrize("post_id", [f"{PAGE}_900", "900"])
@pytest.mark.parametrize("kind", ["photo", "reel", None])
def test_a_post_that_is_not_there_is_a_sighting(post_id: str, kind: str | None) -> None:
    page = Page({f"{PAGE}_901": dict(POST_VALUES)})
    [failure] = run(page, [a_post(post_id, kind), a_post(f"{PAGE}_901")]).failures
    assert (failure.code, failure.sighting, failure.definite, failure.tried) == (
        "post_unavailable",
        True,
        False,
        True,
    )
    assert failure.platform_post_id == post_id


def test_when_no_post_is_found_none_is_counted_as_missing() -> None:
    """Access was lost, or a limit hides behind the same answer."""
    failures = run(Page(), [*posts(70), a_post("555", "reel")]).failures
    assert len(failures) == 71
    assert {(failure.code, failure.sighting) for failure in failures} == {
        ("post_unavailable", False)
    }


def test_one_post_that_is_gone_loses_no_other() -> None:
    page = page_with(4)
    del page.posts[f"{PAGE}_902"]
    done = run(page, posts(4))
    assert len(done.readings) == 3
    assert [failure.platform_post_id for failure in done.failures] == [f"{PAGE}_902"]


def test_a_stop_before_spoiled_fields_are_asked_again_leaves_the_post_due() -> None:
    page, batches = page_with(may_summaries=False), 0

    def node(path: str, params: dict[str, str]) -> Answer | Exception | None:
        nonlocal batches
        batches += path == "batch"
        return error(80001, "too many") if batches == 2 else page(path, params)

    done = run(node, posts(1))
    assert done.results == []
    assert isinstance(done.raised, RateLimited)
    assert done.memory.told == []


def test_without_the_right_to_any_field_no_permission_is_told_wrongly() -> None:
    done = run(
        page_with(instead={f"{PAGE}_900": error(10, "(#10) pages_read_engagement")}), posts(1)
    )
    assert len(done.readings) == 1
    assert done.memory.told == []


def test_nothing_said_at_all_is_told_so() -> None:
    values = dict.fromkeys(REEL_VALUES)
    [failure] = run(Page(videos={"555": values}), [a_post("555", "reel")]).failures
    assert (failure.code, failure.sighting, failure.tried) == ("no_numbers_yet", False, True)


@pytest.mark.parametrize("answer", [None, error(2, "try later")])
def test_insights_that_do_not_come_leave_the_post_due(answer: Answer | None) -> None:
    page = page_with(2, instead={f"{PAGE}_900/insights": answer})
    done = run(page, posts(2))
    [failure] = done.failures
    assert (failure.platform_post_id, failure.tried) == (f"{PAGE}_900", False)
    assert len(done.readings) == 1


def test_a_node_that_does_not_come_leaves_the_insights() -> None:
    done = run(page_with(instead={f"{PAGE}_900": None}), posts(1))
    [reading] = done.readings
    assert "shares" not in reading.columns
    assert "impressions" in reading.columns


def test_a_batch_that_fails_leaves_its_posts_due() -> None:
    done = run(page_with(2, instead={"batch": Temporary("down")}), posts(2))
    assert done.readings == []
    assert all(not failure.tried for failure in done.failures)
    assert len(done.failures) == 2
    assert done.raised is None


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(error(80001, "too many"), RateLimited), (error(190, "dead", subcode=463), CredentialRefused)],
)
def test_a_stop_in_the_middle_keeps_what_was_read(answer: Answer, kind: type) -> None:
    """The account is stopped while the second fifty are read."""
    page = page_with(250)
    page.instead[f"{PAGE}_960/insights"] = answer
    done = run(page, posts(250))
    read = {reading.platform_post_id for reading in done.readings}
    assert f"{PAGE}_900" in read
    assert f"{PAGE}_960" not in read
    assert done.failures == []
    assert isinstance(done.raised, kind)
    assert len(read) < 250


def test_a_stop_at_the_first_batch_asks_nothing_more() -> None:
    page = page_with(400, instead={"batch": error(190, "dead")})
    done = run(page, posts(400))
    assert done.results == []
    assert isinstance(done.raised, CredentialRefused)
    assert len(done.sender.calls) <= 4


def test_a_stop_before_a_refused_metric_is_mended_leaves_the_post_due() -> None:
    page = page_with(1, unknown={"post_clicks"})
    batches = 0

    def node(path: str, params: dict[str, str]) -> Answer | Exception | None:
        nonlocal batches
        batches += path == "batch"
        return error(80001, "too many") if batches == 2 else page(path, params)

    done = run(node, posts(1))
    assert done.results == []
    assert isinstance(done.raised, RateLimited)


@pytest.mark.parametrize(
    ("answer", "code"),
    [(error(10, "(#10) no"), "permission_missing"), (error(2500, "bad path"), "call_refused")],
)
def test_a_post_refused_for_another_reason_is_told_so(answer: Answer, code: str) -> None:
    page = page_with(2, instead={f"{PAGE}_901/insights": answer, f"{PAGE}_901": answer})
    done = run(page, posts(2))
    assert [(failure.code, failure.sighting) for failure in done.failures] == [(code, False)]
    assert len(done.readings) == 1
    assert done.raised is None


def test_a_refusal_of_a_metric_set_that_no_metric_explains_is_asked_once() -> None:
    """Each metric alone is accepted, only all together are not."""
    page = page_with()

    def node(path: str, params: dict[str, str]) -> Answer | Exception | None:
        together = path.endswith("/insights") and "," in params["metric"]
        return NOT_A_METRIC if together else page(path, params)

    done = run(node, posts(1))
    assert done.sizes == [2, len(POST_METRICS)]
    assert set(done.readings[0].columns) == {"comments", "shares"}
    assert done.memory.told == []


# Finding posts


def row(node_id: str, days: int = 1, **more: Any) -> dict[str, Any]:
    published = (START - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S+0000")
    return {"id": node_id, "created_time": published, **more}


def attachment(media_type: str, children: int = 0) -> dict[str, Any]:
    child = {"data": [{"media_type": "photo"}] * children}
    attached = {"media_type": media_type, "type": "x"} | (
        {"subattachments": child} if children else {}
    )
    return {"attachments": {"data": [attached]}}


def discovered(node: Any, since: datetime = START - timedelta(days=90)) -> Any:
    context, sender = context_over(node)

    async def collect() -> list[Any]:
        pages = PLATFORM.discover(context, "posts", Horizon(since))
        return [post async for page in pages for post in page]

    return asyncio.run(collect()), sender


def listing(published: list[Any], reels: Any) -> Any:
    def node(path: str, params: dict[str, str]) -> Answer:
        if path.endswith("/published_posts"):
            start = int(params.get("after", "0"))
            size = int(params["limit"])
            rows = published[start : start + size]
            paging: dict[str, Any] = {"cursors": {"after": str(start + size)}}
            if start + size < len(published):
                paging["next"] = "https://graph.facebook.com/next"
            return Answer({"data": rows, "paging": paging})
        assert path == f"{PAGE}/video_reels"
        return reels if isinstance(reels, Answer) else Answer({"data": reels})

    return node


def test_posts_and_reels_are_found() -> None:
    text = row("1_1", message="Hello", permalink_url="https://www.facebook.com/1/posts/1")
    reel = row("77", description="Reel", permalink_url="/reel/77")
    found, sender = discovered(listing([text], [reel]))
    assert [(post.platform_post_id, post.kind, post.text, post.permalink) for post in found] == [
        ("1_1", "text", "Hello", "https://www.facebook.com/1/posts/1"),
        ("77", "reel", "Reel", "https://www.facebook.com/reel/77"),
    ]
    assert found[0].published_at == START - timedelta(days=1)
    (path, params), (_, reels) = sender.asked
    assert path == f"{PAGE}/published_posts"
    assert params == {
        "fields": "id,created_time,message,permalink_url,status_type,"
        "attachments{media_type,type,subattachments}",
        "limit": "100",
    }
    assert reels["since"] == str(int((START - timedelta(days=90)).timestamp()))


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({}, "text"),
        ({"status_type": "added_photos"}, "photo"),
        ({"status_type": "mobile_status_update"}, "text"),
        (attachment("photo"), "photo"),
        (attachment("video"), "video"),
        (attachment("link"), "link"),
        (attachment("album", 1), "album"),
        (attachment("album", 3), "carousel"),
        (attachment("event"), None),
        ({"attachments": {"data": []}, "status_type": 5}, "text"),
    ],
)
def test_kinds_come_from_attachments_and_status(told: dict[str, Any], kind: str | None) -> None:
    found, _ = discovered(listing([row("1_1", **told)], []))
    assert [post.kind for post in found] == [kind]


def test_old_posts_are_passed_over_but_do_not_end_the_listing() -> None:
    ranked = [row(f"1_{number}", days=200) for number in range(150)] + [row("1_999")]
    found, sender = discovered(listing(ranked, []))
    assert [post.platform_post_id for post in found] == ["1_999"]
    assert len(sender.calls) == 3


def test_half_a_year_of_old_posts_in_a_row_is_the_end() -> None:
    ranked = [row(f"1_{number}", days=200) for number in range(2000)]
    _, sender = discovered(listing(ranked, []))
    assert len(sender.asked_of("published_posts")) == 3


def test_rows_that_are_no_posts_are_passed_over() -> None:
    found, _ = discovered(listing([{"id": "1_1"}, {"created_time": 5}, row("1_2")], [{}]))
    assert [post.platform_post_id for post in found] == ["1_2"]


@pytest.mark.parametrize("refusal", [error(10, "no"), error(100, "(#100) nothing here"), GONE])
def test_reels_that_can_not_be_listed_are_no_failure(refusal: Answer) -> None:
    found, _ = discovered(listing([row("1_1")], refusal))
    assert len(found) == 1


def test_a_field_that_reels_lack_is_left_out() -> None:
    def node(path: str, params: dict[str, str]) -> Answer:
        if path.endswith("published_posts"):
            return Answer({"data": []})
        if "description" in params["fields"]:
            return error(
                100,
                "(#100) Tried accessing nonexisting field (description) on node type (Video)",
            )
        return Answer({"data": [row("77")]})

    found, _ = discovered(node)
    assert [(post.platform_post_id, post.text) for post in found] == [("77", None)]


def test_posts_that_may_not_be_listed_are_told_as_a_missing_permission() -> None:
    refusal = error(10, "(#10) requires the 'pages_read_engagement' permission")

    with pytest.raises(AccountRefused, match="pages_read_engagement") as caught:
        discovered(lambda _path, _params: refusal)
    assert caught.value.code == "permission_missing"
    with pytest.raises(Refused):
        discovered(lambda _path, _params: error(100, "(#100) nothing here"))


def test_a_dead_token_ends_the_discovery() -> None:
    with pytest.raises(CredentialRefused):
        discovered(listing([], error(190, "dead")))


# One post


def looked_up(node: Any, post_id: str) -> Any:
    context, sender = context_over(node)
    return asyncio.run(PLATFORM.look_up(context, post_id)), sender


def test_look_up_of_a_full_id() -> None:
    found, sender = looked_up(lambda path, params: Answer(row(path)), f"{PAGE}_900")
    assert (found.platform_post_id, found.kind) == (f"{PAGE}_900", "text")
    assert len(sender.calls) == 1


def test_look_up_of_half_an_id() -> None:
    def node(path: str, params: dict[str, str]) -> Answer:
        return Answer(row(path)) if path == f"{PAGE}_900" else GONE

    found, _ = looked_up(node, "900")
    assert found.platform_post_id == f"{PAGE}_900"


@pytest.mark.parametrize("first", [GONE, NO_INSIGHTS_ON_VIDEO])
def test_look_up_of_a_reel(first: Answer) -> None:
    def node(path: str, params: dict[str, str]) -> Answer:
        return Answer(row(path, permalink_url="/reel/555")) if path == "555" else first

    found, _ = looked_up(node, "555")
    assert (found.platform_post_id, found.kind) == ("555", "reel")


def test_look_up_of_a_video_gives_its_post() -> None:
    def node(path: str, params: dict[str, str]) -> Answer:
        if path == "555":
            if "description" in params["fields"]:
                return error(
                    100,
                    "(#100) Tried accessing nonexisting field (description) on node type (Video)",
                )
            return Answer(row(path, permalink_url="/acme/videos/555", post_id=f"{PAGE}_42"))
        return Answer(row(path, **attachment("video"))) if path == f"{PAGE}_42" else GONE

    found, _ = looked_up(node, "555")
    assert (found.platform_post_id, found.kind) == (f"{PAGE}_42", "video")


def test_look_up_of_a_video_whose_post_is_hidden_gives_the_video() -> None:
    def node(path: str, params: dict[str, str]) -> Answer:
        return Answer(row(path, post_id=f"{PAGE}_42")) if path == "555" else GONE

    found, _ = looked_up(node, "555")
    assert (found.platform_post_id, found.kind) == ("555", None)


@pytest.mark.parametrize("post_id", [f"{PAGE}_900", "900"])
def test_look_up_that_is_refused(post_id: str) -> None:
    with pytest.raises(Refused):
        looked_up(lambda path, params: error(10, "no"), post_id)


def test_look_up_without_a_time() -> None:
    with pytest.raises(AnswerNotUnderstood, match="created_time"):
        looked_up(lambda path, params: Answer({"id": path}), f"{PAGE}_900")


def test_look_up_of_nothing() -> None:
    with pytest.raises(Refused):
        looked_up(lambda path, params: GONE, "555")


# The account


def test_totals() -> None:
    context, sender = context_over(
        lambda path, params: Answer({"id": PAGE, "followers_count": 12, "fan_count": "10"})
    )
    totals = asyncio.run(PLATFORM.totals(context))
    assert totals is not None
    assert totals.followers == 12
    assert totals.extra == {"followers_count": 12, "fan_count": 10}
    assert sender.asked == [(PAGE, {"fields": "id,name,followers_count,fan_count"})]


def test_totals_that_are_not_said_or_not_allowed() -> None:
    context, _ = context_over(lambda path, params: Answer({"id": PAGE}))
    totals = asyncio.run(PLATFORM.totals(context))
    assert totals is not None
    assert (totals.followers, totals.extra) == (None, {})
    context, _ = context_over(lambda path, params: error(10, "no"))
    assert asyncio.run(PLATFORM.totals(context)) is None


ME = Answer({"id": PAGE, "name": "Acme", "followers_count": 12})


def identified(node: Any, account: Account = ACCOUNT) -> tuple[Identity, GraphSender]:
    clock = FakeClock()
    sender = GraphSender(node, clock)
    context = context_for(PLATFORM, sender, clock, account)
    return asyncio.run(PLATFORM.identify(context)), sender


def whole_page(path: str, params: dict[str, str]) -> Answer | None:
    if path == "batch":
        return None
    return ME if path in {PAGE, "me"} else Answer({"data": []})


@pytest.mark.parametrize("given", [PAGE, ""])
def test_identity_of_a_page_token(given: str) -> None:
    found, sender = identified(whole_page, ACCOUNT._replace(platform_account_id=given))
    assert (found.platform_account_id, found.name) == (PAGE, "Acme")
    assert len(found.may_read) == 4
    assert found.lacks == ()
    assert sender.asked[0] == (given or "me", {"fields": "id,name,followers_count"})
    assert len(sender.calls) == 2


def test_identity_tells_what_is_lacking() -> None:
    def node(path: str, params: dict[str, str]) -> Answer | None:
        if path.endswith("/insights"):
            return error(200, "(#200) read_insights")
        if "summary" in params.get("fields", ""):
            return error(10, "(#10) pages_read_user_content")
        return whole_page(path, params)

    found, _ = identified(node)
    assert found.may_read == ("followers", "posts of the Page (pages_read_engagement)")
    assert found.lacks == (
        "numbers of posts (read_insights)",
        "comments of posts (pages_read_user_content)",
    )


def test_identity_does_not_depend_on_any_metric() -> None:
    def node(path: str, params: dict[str, str]) -> Answer | None:
        return NOT_A_METRIC if path.endswith("/insights") else whole_page(path, params)

    found, _ = identified(node)
    assert found.lacks == ()
    assert not any("read_insights" in phrase for phrase in found.may_read)


def test_identity_outlives_trouble_with_its_probes() -> None:
    def node(path: str, params: dict[str, str]) -> Answer | Exception | None:
        return Temporary("down") if path == "batch" else whole_page(path, params)

    found, _ = identified(node)
    assert (found.may_read, found.lacks) == (("followers",), ())


def test_a_token_that_dies_meanwhile_is_told() -> None:
    def node(path: str, params: dict[str, str]) -> Answer | None:
        return error(190, "dead") if path.endswith("/insights") else whole_page(path, params)

    with pytest.raises(CredentialRefused):
        identified(node)


@pytest.mark.parametrize("answer", [error(10, "no"), GONE])
def test_a_page_that_is_not_shown_is_no_identity(answer: Answer) -> None:
    with pytest.raises(Refused):
        identified(lambda path, params: answer)


def test_a_persons_pages_are_named_if_they_can_be() -> None:
    def node(path: str, params: dict[str, str]) -> Answer:
        words = "(#100) Tried accessing nonexisting field (followers_count) on node type (User)"
        return error(100, words) if path == "me" else error(10, "no")

    with pytest.raises(WrongUsage) as caught:
        identified(node, ACCOUNT._replace(platform_account_id=""))
    assert caught.value.hint.startswith("Name the Page with --platform-account-id;")


def test_a_persons_token_needs_the_pages_id() -> None:
    def node(path: str, params: dict[str, str]) -> Answer:
        if path == "me":
            return error(
                100,
                "(#100) Tried accessing nonexisting field (followers_count) on node type (User)",
            )
        return Answer({"data": [{"id": PAGE, "name": "Acme"}]})

    with pytest.raises(WrongUsage) as caught:
        identified(node, ACCOUNT._replace(platform_account_id=""))
    assert f"{PAGE} (Acme)" in caught.value.hint


# Ids, settings, rules


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        (f"{PAGE}_900", f"{PAGE}_900"),
        (" 900 ", "900"),
        (f"https://www.facebook.com/{PAGE}/posts/900", f"{PAGE}_900"),
        (f"https://www.facebook.com/{PAGE}/posts/900/?ref=share", f"{PAGE}_900"),
        (f"https://www.facebook.com/{PAGE}/posts/a-title/900", f"{PAGE}_900"),
        ("https://m.facebook.com/acme/posts/900", "900"),
        (f"facebook.com/{PAGE}_900", f"{PAGE}_900"),
        ("https://www.facebook.com/reel/555", "555"),
        ("https://www.facebook.com/acme/videos/a-title/555/", "555"),
        ("https://www.facebook.com/watch/?v=555", "555"),
        (f"https://www.facebook.com/permalink.php?story_fbid=900&id={PAGE}", f"{PAGE}_900"),
        (f"https://m.facebook.com/story.php?story_fbid=900&id={PAGE}&x=1", f"{PAGE}_900"),
        ("https://www.facebook.com/permalink.php?story_fbid=900&id=100064000000000", "900"),
    ],
)
def test_post_ids(text: str, stored: str) -> None:
    assert PLATFORM.parse_post_id(text, ACCOUNT) == stored


def test_post_ids_without_an_account() -> None:
    address = "https://www.facebook.com/permalink.php?story_fbid=900&id=42"
    assert PLATFORM.parse_post_id(address) == "42_900"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://www.facebook.com/acme/posts/pfbid02AbCdEf", "holds no post id"),
        ("https://www.facebook.com/permalink.php?story_fbid=pfbid02Ab&id=1110001", "no post id"),
        ("pfbid02AbCdEf", "no post id"),
        ("https://fb.watch/abc/", "no post id"),
        ("https://www.facebook.com/share/p/1AbC/", "no post id"),
        ("https://www.facebook.com/1110001", "no post id"),
        ("https://x.com/a/status/900", "digits"),
        ("https://notfacebook.com/1/posts/900", "digits"),
        ("hello", "digits"),
        ("", "digits"),
        ("١٢٣", "digits"),
    ],
)
def test_post_ids_that_are_none(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        PLATFORM.parse_post_id(text, ACCOUNT)


@pytest.mark.parametrize(
    "text",
    [
        PAGE,
        f" {PAGE}\n",
        f"https://www.facebook.com/profile.php?id={PAGE}",
        f"facebook.com/{PAGE}/",
    ],
)
def test_account_ids(text: str) -> None:
    assert PLATFORM.parse_account_id(text) == PAGE


@pytest.mark.parametrize("text", ["acme", "", "https://www.facebook.com/acme", "12a", "-5"])
def test_account_ids_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="digits only"):
        PLATFORM.parse_account_id(text)


def test_the_version_and_the_secret_come_from_the_settings() -> None:
    settings = PlatformSettings(
        base_url="http://127.0.0.1:9/facebook", client_secret="s3", own={"graph_version": "v25.0"}
    )
    clock = FakeClock()
    sender = GraphSender(lambda path, params: Answer({"id": PAGE}), clock)
    context = context_for(PLATFORM, sender, clock, ACCOUNT, settings=settings)
    asyncio.run(PLATFORM.totals(context))
    [call] = sender.calls
    assert call.url.startswith(f"http://127.0.0.1:9/facebook/v25.0/{PAGE}?")
    assert "appsecret_proof=" in call.url
    assert PLATFORM.rules(ACCOUNT, settings).version == "v25.0"
