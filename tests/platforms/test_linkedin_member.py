"""Reading members' posts, number by number."""

import re
from typing import Any

import pytest

from analytics_sync.domain.records import PostFailure, Reading
from analytics_sync.errors import (
    AccountRefused,
    AnswerNotUnderstood,
    BudgetSpent,
    CredentialRefused,
    RateLimited,
    Temporary,
)
from analytics_sync.platforms.linkedin import PLATFORM
from support.fake_clock import START
from support.linkedin_script import (
    PERSON,
    Metrics,
    collect_until_raised,
    columns,
    context,
    input_refusal,
    post,
    posts,
    read,
    refusal,
    share,
    ugc,
)

VALUES = {
    "IMPRESSION": 812,
    "REACTION": 31,
    "COMMENT": 5,
    "MEMBERS_REACHED": 600,
    "RESHARE": 2,
    "POST_SAVE": 7,
    "LINK_CLICKS": 9,
    "POST_SEND": 1,
    "FOLLOWER_GAINED_FROM_CONTENT": 0,
    "PROFILE_VIEW_FROM_CONTENT": 3,
    "PREMIUM_CTA_CLICKS": 0,
}
OLD_TYPE = "com.linkedin.adsexternalapi.memberanalytics.v1.CreatorPostAnalyticsMetricTypeV1"


def metric_of(call: Any) -> str:
    return re.findall("queryType=([A-Z_]+)", call.url)[0]


class FakeMember:
    """Answers each metric, or what `overrides` says for a metric or a post."""

    def __init__(self, overrides: dict[str, Any] | None = None) -> None:
        self.overrides = overrides or {}

    def __call__(self, call: Any) -> Any:
        for pattern, answer in self.overrides.items():
            if re.search(pattern, call.url):
                return answer
        metric = metric_of(call)
        return {"elements": [{"count": VALUES[metric], "metricType": metric}]}


def metrics_asked(sender: Any) -> list[str]:
    return [metric_of(call) for call in sender.calls]


def test_one_number_on_the_wire():
    made, sender = context(FakeMember(), PERSON)
    read(made, posts(share(71)))
    assert sender.targets[0] == (
        "/rest/memberCreatorPostAnalytics?q=entity&entity=(share:urn%3Ali%3Ashare%3A71)"
        "&queryType=IMPRESSION&aggregation=TOTAL"
    )
    assert sender.calls[0].headers["X-RestLi-Method"] == "FINDER"


def test_the_key_of_a_ugc_post_is_ugc():
    made, sender = context(FakeMember(), PERSON)
    read(made, posts(ugc(71)))
    assert "entity=(ugc:urn%3Ali%3AugcPost%3A71)&" in sender.targets[0]


def test_all_numbers_are_asked_for_the_worthiest_first():
    made, sender = context(FakeMember(), PERSON)
    (reading,) = read(made, posts(share(71)))
    assert metrics_asked(sender) == list(VALUES)
    assert isinstance(reading, Reading)
    assert columns(reading) == {
        "impressions": 812,
        "reach": 600,
        "likes": 31,
        "comments": 5,
        "shares": 2,
        "saves": 7,
        "clicks": 9,
    }
    assert reading.extra == VALUES


@pytest.mark.parametrize(
    ("own", "number"),
    [
        ({}, 11),
        ({"version": "202604"}, 11),
        ({"version": "202603"}, 5),
        ({"tier": "development"}, 7),
        ({"tier": "development", "version": "202602"}, 5),
    ],
)
def test_only_what_version_and_tier_allow_is_asked_for(own: dict[str, str], number: int):
    made, sender = context(FakeMember(), PERSON, **own)
    read(made, posts(share(71)))
    assert metrics_asked(sender) == list(VALUES)[:number]


@pytest.mark.parametrize("wrapped", [False, True])
def test_both_forms_of_the_metrics_name_are_read(wrapped: bool):
    def answer(call: Any) -> Any:
        metric = metric_of(call)
        target = {"share": "urn:li:share:71"}
        kind = {OLD_TYPE: metric} if wrapped else metric
        found = {"count": VALUES[metric], "metricType": kind, "targetEntity": target}
        return {"elements": [found], "paging": {"start": 0, "count": 10, "links": []}}

    made, _ = context(answer, PERSON)
    (reading,) = read(made, posts(share(71)))
    assert isinstance(reading, Reading)
    assert reading.extra == VALUES


def test_elements_of_other_metrics_and_posts_are_ignored():
    def answer(call: Any) -> Any:
        metric = metric_of(call)
        other = {"share": "urn:li:share:72"}
        encoded = {"share": "urn%3Ali%3Ashare%3A71"}
        return {
            "elements": [
                {"count": 1, "metricType": "SOMETHING_ELSE"},
                {"count": 2, "metricType": metric, "targetEntity": other},
                {"count": 3, "metricType": metric, "targetEntity": encoded},
            ]
        }

    made, _ = context(answer, PERSON)
    (reading,) = read(made, posts(share(71)))
    assert isinstance(reading, Reading)
    assert set(reading.extra.values()) == {3}


def test_no_element_is_unsaid_not_zero():
    made, _ = context(FakeMember({"COMMENT": {"elements": []}}), PERSON)
    (reading,) = read(made, posts(share(71)))
    assert isinstance(reading, Reading)
    assert "comments" not in reading.columns
    assert "COMMENT" not in reading.extra
    assert reading.refused == frozenset()


def test_a_post_without_any_number_has_none_yet():
    made, _ = context(lambda _: {"elements": []}, PERSON)
    (failure,) = read(made, posts(share(71)))
    assert isinstance(failure, PostFailure)
    assert (failure.code, failure.tried, failure.definite) == ("no_numbers_yet", True, False)


def test_ids_that_linkedin_would_refuse_are_not_sent():
    made, sender = context(FakeMember(), PERSON)
    (failure,) = read(made, posts("urn:li:activity:7"))
    assert isinstance(failure, PostFailure)
    assert failure.code == "post_refused"
    assert sender.calls == []


# --- refused metrics


def test_a_metric_refused_by_name_is_retired_and_the_others_are_read():
    metrics = Metrics()
    made, sender = context(
        FakeMember({"COMMENT": input_refusal("queryType")}), PERSON, metrics=metrics
    )
    results = read(made, posts(*(share(n) for n in range(1, 7))))
    assert all(isinstance(result, Reading) and len(result.extra) == 10 for result in results)
    assert [(scope, metric) for scope, metric, _ in metrics.told] == [("member post", "COMMENT")]
    assert metrics_asked(sender).count("COMMENT") <= 4


@pytest.mark.parametrize("metric", ["IMPRESSION", "LINK_CLICKS"])
def test_a_metric_invalid_for_a_post_that_answers_others_is_retired(metric: str):
    metrics = Metrics()
    overrides = {f"={metric}&": refusal(400, "FIELD_INVALID")}
    made, _ = context(FakeMember(overrides), PERSON, metrics=metrics)
    (reading,) = read(made, posts(share(1)))
    assert isinstance(reading, Reading)
    assert len(reading.extra) == 10
    assert reading.refused == frozenset()
    assert metrics.names == {metric}


def test_a_retired_metric_is_not_asked_for():
    made, sender = context(FakeMember(), PERSON, metrics=Metrics("COMMENT", "RESHARE"))
    read(made, posts(share(1)))
    assert metrics_asked(sender) == [m for m in VALUES if m not in {"COMMENT", "RESHARE"}]


def test_a_metric_refused_for_one_post_is_remembered_for_that_post():
    metrics = Metrics()
    overrides = {"=POST_SAVE&": refusal(400), "=LINK_CLICKS&": refusal(403)}
    made, _ = context(FakeMember(overrides), PERSON, metrics=metrics)
    (reading,) = read(made, posts(share(1)))
    assert isinstance(reading, Reading)
    assert reading.refused == {"POST_SAVE", "LINK_CLICKS"}
    assert metrics.names == set()
    made, sender = context(FakeMember(), PERSON)
    read(made, [post(share(1), refused=reading.refused)])
    assert not {"POST_SAVE", "LINK_CLICKS"} & set(metrics_asked(sender))


def test_a_metric_that_many_posts_refuse_and_none_answers_is_retired():
    metrics = Metrics()
    made, _ = context(FakeMember({"=POST_SAVE&": refusal(400)}), PERSON, metrics=metrics)
    read(made, posts(*(share(n) for n in range(1, 4))))
    assert metrics.names == {"POST_SAVE"}


def test_a_metric_that_one_post_answers_is_not_retired():
    metrics = Metrics()
    overrides = {"Ashare%3A[2-9].*=POST_SAVE&": refusal(400)}
    made, _ = context(FakeMember(overrides), PERSON, metrics=metrics)
    read(made, posts(*(share(n) for n in range(1, 10))))
    assert metrics.names == set()


def test_a_refused_post_costs_three_calls_and_retires_nothing():
    metrics = Metrics()
    overrides = {"entity=": refusal(400, "FIELD_INVALID")}
    made, sender = context(FakeMember(overrides), PERSON, metrics=metrics)
    (failure,) = read(made, posts(share(1)))
    assert isinstance(failure, PostFailure)
    assert (failure.code, failure.tried) == ("post_refused", True)
    assert len(sender.calls) == 3
    assert metrics.names == set()


# --- refused posts and accounts


@pytest.mark.parametrize("status", [403, 404])
def test_a_post_that_is_not_shown_is_never_gone(status: int):
    made, sender = context(FakeMember({"entity=": refusal(status)}), PERSON)
    (failure,) = read(made, posts(share(1)))
    assert isinstance(failure, PostFailure)
    assert (failure.code, failure.definite, failure.sighting) == ("post_unavailable", False, False)
    assert sender.targets[1] == (
        "/rest/memberCreatorPostAnalytics?q=me&queryType=IMPRESSION&aggregation=TOTAL"
    )
    assert sum("q=me" in target for target in sender.targets) == 1


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [(403, "permission_missing", "r_member_postAnalytics"), (404, "version_expired", "202506")],
)
def test_a_token_without_the_right_stops_the_account(status: int, code: str, words: str):
    made, sender = context(lambda _: refusal(status), PERSON)
    came, failure = collect_until_raised(
        PLATFORM.read(made, posts(*(share(n) for n in range(1, 9))))
    )
    assert came == []
    assert isinstance(failure, AccountRefused)
    assert failure.code == code
    assert words in failure.hint
    assert sum("q=me" in target for target in sender.targets) == 1
    assert len(sender.calls) <= 5


def test_trouble_with_one_number_loses_no_other():
    made, _ = context(FakeMember({"=REACTION&": Temporary("down")}), PERSON)
    (reading,) = read(made, posts(share(1)))
    assert isinstance(reading, Reading)
    assert set(reading.extra) == set(VALUES) - {"REACTION"}
    assert reading.refused == frozenset()


def test_an_answer_not_understood_loses_no_other_number():
    made, _ = context(FakeMember({"=REACTION&": {"elements": 5}}), PERSON)
    (reading,) = read(made, posts(share(1)))
    assert isinstance(reading, Reading)
    assert set(reading.extra) == set(VALUES) - {"REACTION"}


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (Temporary("down"), "platform_unavailable"),
        (AnswerNotUnderstood("what"), "answer_not_understood"),
    ],
)
def test_a_post_in_trouble_stays_due_after_two_calls(trouble: Exception, code: str):
    made, sender = context(lambda _: trouble, PERSON)
    (failure,) = read(made, posts(share(1)))
    assert isinstance(failure, PostFailure)
    assert (failure.code, failure.tried) == (code, False)
    assert len(sender.calls) == 2


def test_when_the_calls_run_out_what_was_said_is_kept():
    spent = BudgetSpent("spent", until=START, bucket="b")
    calls = 0

    def answer(call: Any) -> Any:
        nonlocal calls
        calls += 1
        return spent if calls > 24 else FakeMember()(call)

    made, _ = context(answer, PERSON)
    came, failure = collect_until_raised(
        PLATFORM.read(made, posts(*(share(n) for n in range(1, 10))))
    )
    assert failure is spent
    assert sum(len(reading.extra) for reading in came) == 24
    assert len({reading.platform_post_id for reading in came}) == len(came)
    assert calls <= 24 + 4


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(refusal(429), RateLimited), (refusal(401, service=65602), CredentialRefused)],
)
def test_what_stops_the_account_is_raised(answer: Any, kind: type[Exception]):
    made, sender = context(lambda _: answer, PERSON)
    came, failure = collect_until_raised(
        PLATFORM.read(made, posts(*(share(n) for n in range(1, 10))))
    )
    assert came == []
    assert isinstance(failure, kind)
    assert len(sender.calls) <= 4
