"""Reading pages: lists on the wire, what a left-out post means, and what a refusal costs."""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from analytics_sync.domain.codes import ErrorCode
from analytics_sync.domain.records import PostFailure, Reading
from analytics_sync.errors import AccountRefused, RateLimited, Temporary
from analytics_sync.platforms.linkedin import PLATFORM
from support.fake_clock import START
from support.linkedin_script import (
    PAGE,
    collect_until_raised,
    columns,
    context,
    post,
    posts,
    read,
    refusal,
    reply,
    share,
    ugc,
)

ENC = "urn%3Ali%3Aorganization%3A1000"
STATS = "/rest/organizationalEntityShareStatistics"
URN = re.compile(r"urn%3Ali%3A(?:share|ugcPost)%3A[0-9]+")
ZEROS = dict.fromkeys(["impressions", "reach", "likes", "comments", "shares", "clicks"], 0)
NUMBERS = {
    "impressionCount": 2100,
    "uniqueImpressionsCount": 1400,
    "clickCount": 35,
    "likeCount": 22,
    "commentCount": 4,
    "shareCount": 2,
    "engagement": 0.03,
}


def element(urn: str, **numbers: Any) -> dict[str, Any]:
    kind = "share" if ":share:" in urn else "ugcPost"
    said = {**NUMBERS, **numbers}
    return {"organizationalEntity": PAGE, kind: urn, "totalShareStatistics": said}


class FakePage:
    """A page at LinkedIn: posts with numbers, posts without, and the member's role."""

    def __init__(
        self,
        numbers: dict[str, dict[str, Any]] | None = None,
        shown: Iterable[str] = (),
        *,
        role: bool = True,
        overrides: dict[str, Any] | None = None,
    ) -> None:
        self.numbers = numbers or {}
        self.shown = set(shown) | set(self.numbers)
        self.role = role
        self.overrides = overrides or {}
        self.listed: list[str] = []

    def __call__(self, call: Any) -> Any:
        target = call.url.split("/rest/", 1)[1]
        for pattern, answer in self.overrides.items():
            if re.search(pattern, target):
                return answer
        asked = [unquote(found) for found in URN.findall(target)]
        if target.startswith("organizationalEntityShareStatistics"):
            return self.statistics(asked)
        if target.startswith("posts?ids="):
            return {"results": {urn: self.element(urn) for urn in asked if urn in self.shown}}
        if target.startswith("posts?q=author"):
            return {"elements": [self.element(urn) for urn in self.listed]}
        if target.startswith("posts/"):
            return self.element(asked[0]) if asked[0] in self.shown else refusal(404, "NOT_FOUND")
        assert target.startswith("organizationAcls?")
        return {"elements": [{"organization": PAGE}] if self.role else []}

    def statistics(self, asked: list[str]) -> Any:
        found = [element(urn, **self.numbers[urn]) for urn in asked if urn in self.numbers]
        return {"paging": {"start": 0, "count": 10, "links": []}, "elements": found[::-1]}

    def element(self, urn: str) -> dict[str, Any]:
        return {"id": urn, "author": PAGE, "lifecycleState": "PUBLISHED", "commentary": "words"}


def by_id(results: list[Reading | PostFailure]) -> dict[str, Reading | PostFailure]:
    assert len({result.platform_post_id for result in results}) == len(results)
    return {result.platform_post_id: result for result in results}


def test_the_statistics_call_on_the_wire():
    made, sender = context(FakePage({share(71): {}, share(72): {}}))
    read(made, posts(share(71), share(72)))
    (target,) = sender.targets
    assert target == (
        f"{STATS}?q=organizationalEntity"
        "&organizationalEntity=urn%3Ali%3Aorganization%3A1000"
        "&shares=List(urn%3Ali%3Ashare%3A71,urn%3Ali%3Ashare%3A72)"
    )
    assert sender.calls[0].headers["X-RestLi-Method"] == "FINDER"


def test_numbers_fill_the_columns_and_all_of_them_are_kept_under_their_own_names():
    page = FakePage({share(71): {"commentMentionsCount": 1, "reactions": {"PRAISE": {"count": 4}}}})
    made, _ = context(page)
    (reading,) = read(made, posts(share(71)))
    assert isinstance(reading, Reading)
    assert columns(reading) == {
        "impressions": 2100,
        "reach": 1400,
        "likes": 22,
        "comments": 4,
        "shares": 2,
        "clicks": 35,
    }
    assert reading.columns["reach"] == {"uniqueImpressionsCount": 1400}
    assert reading.extra == {**NUMBERS, "commentMentionsCount": 1, "reactions.PRAISE.count": 4}
    assert reading.confirmed
    assert not reading.charged


def test_what_was_not_said_or_is_no_number_stays_unsaid():
    statistics = {"impressionCount": 5, "likeCount": None, "shareCount": True, "clickCount": "x"}
    answer = {"elements": [{"share": share(71), "totalShareStatistics": statistics}]}
    made, _ = context(lambda _: answer)
    (reading,) = read(made, posts(share(71)))
    assert isinstance(reading, Reading)
    assert columns(reading) == {"impressions": 5}
    assert reading.extra == {"impressionCount": 5}


@pytest.mark.parametrize("statistics", [{}, {"likeCount": None}, {"viewCountOfLater": 5}, [], 1])
def test_statistics_without_a_count_that_is_known_are_no_reading(statistics):
    answer = {"elements": [{"share": share(71), "totalShareStatistics": statistics}]}
    made, _ = context(lambda _: answer)
    (failure,) = read(made, [post(share(71), said={"likes": 30})])
    assert isinstance(failure, PostFailure)
    assert failure.code == ErrorCode.ANSWER_NOT_UNDERSTOOD


def test_numbers_may_be_negative_or_fall():
    made, _ = context(FakePage({share(71): {"likeCount": -2}}))
    (reading,) = read(made, [post(share(71), said={"likes": 30})])
    assert isinstance(reading, Reading)
    assert columns(reading)["likes"] == -2


def test_both_types_of_urn_share_a_call_each_in_a_list_of_its_own():
    urns = [urn for n in range(1, 46) for urn in (share(n), ugc(100 + n))][:70]
    made, sender = context(FakePage({urn: {} for urn in urns}))
    results = by_id(read(made, posts(*urns)))
    assert set(results) == set(urns)
    assert sorted(len(URN.findall(target)) for target in sender.targets) == [10, 20, 20, 20]
    for target in sender.targets:
        of_shares, of_ugc_posts = target.split("&shares=")[1].split("&ugcPosts=")
        assert len(URN.findall(of_shares)) == of_shares.count("urn%3Ali%3Ashare%3A")
        assert len(URN.findall(of_ugc_posts)) == of_ugc_posts.count("urn%3Ali%3AugcPost%3A")


def test_the_size_of_lists_is_a_setting():
    urns = [share(n) for n in range(1, 11)]
    made, sender = context(FakePage({urn: {} for urn in urns}), list_size=4)
    read(made, posts(*urns))
    assert [len(URN.findall(target)) for target in sender.targets] == [4, 4, 2]


def test_a_long_list_is_tunnelled():
    urns = [ugc(7_000_000_000_000_000_000 + n) for n in range(100)]
    made, sender = context(lambda _: {"elements": [element(urn) for urn in urns]}, list_size=100)
    results = read(made, posts(*urns))
    assert {result.platform_post_id for result in results} == set(urns)
    (call,) = sender.calls
    assert (call.method, sender.targets) == ("POST", [STATS])
    listed = ",".join(urn.replace(":", "%3A") for urn in urns)
    assert (
        call.body
        == (
            "q=organizationalEntity&organizationalEntity=urn%3Ali%3Aorganization%3A1000"
            f"&ugcPosts=List({listed})"
        ).encode()
    )
    assert call.headers["X-HTTP-Method-Override"] == "GET"


def test_elements_are_matched_by_urn_and_strangers_are_ignored():
    answer = {
        "elements": [
            element(share(99), impressionCount=9),
            "noise",
            {"totalShareStatistics": {"impressionCount": 1}},
            element(share(72), impressionCount=2),
            {**element(share(71), impressionCount=1), "share": "urn%3Ali%3Ashare%3A71"},
            element(share(71), impressionCount=3),
        ]
    }
    made, _ = context(lambda _: answer)
    results = by_id(read(made, posts(share(71), share(72))))
    said = {urn: columns(result)["impressions"] for urn, result in results.items()}  # type: ignore[arg-type]
    assert said == {share(71): 1, share(72): 2}


def test_a_post_asked_for_twice_is_read_once():
    made, sender = context(FakePage({share(71): {}}))
    assert len(read(made, posts(share(71), share(71)))) == 1
    assert len(URN.findall(sender.targets[0])) == 1


def test_ids_that_linkedin_would_refuse_are_not_sent():
    made, sender = context(FakePage({share(71): {}}))
    results = by_id(read(made, posts("urn:li:activity:7", "12345", share(71))))
    assert isinstance(results[share(71)], Reading)
    for urn in ("urn:li:activity:7", "12345"):
        failure = results[urn]
        assert isinstance(failure, PostFailure)
        assert (failure.code, failure.definite, failure.tried) == ("post_refused", False, True)
        assert "x-restli-id" in failure.message
    assert len(sender.calls) == 1


def test_nothing_to_read_is_no_call():
    made, sender = context(FakePage())
    assert read(made, []) == []
    assert sender.calls == []


# --- refused lists


@pytest.mark.parametrize("status", [400, 413, 414])
def test_a_refused_list_is_halved_until_the_post_at_fault_is_alone(status: int):
    bad = share(75)

    def answer(call: Any) -> Any:
        if bad.replace(":", "%3A") in call.url:
            return refusal(status, "FIELD_INVALID")
        return FakePage({share(n): {} for n in range(71, 79)})(call)

    made, sender = context(answer)
    results = by_id(read(made, posts(*(share(n) for n in range(71, 79)))))
    failure = results.pop(bad)
    assert isinstance(failure, PostFailure)
    assert (failure.code, failure.tried, failure.definite) == ("post_refused", True, False)
    assert all(isinstance(result, Reading) for result in results.values())
    assert len(results) == 7
    sizes = [len(URN.findall(target)) for target in sender.targets]
    assert sorted(sizes, reverse=True) == [8, 4, 4, 2, 2, 1, 1]


def test_too_long_a_list_costs_one_more_call():
    def answer(call: Any) -> Any:
        if len(URN.findall(call.url)) > 10:
            return refusal(400, "QUERY_PARAM_NOT_ALLOWED")
        return FakePage({share(n): {} for n in range(1, 21)})(call)

    made, sender = context(answer)
    assert len(read(made, posts(*(share(n) for n in range(1, 21))))) == 20
    assert len(sender.calls) == 3


def test_a_list_that_meets_trouble_stays_due_and_the_others_are_read():
    page = FakePage({share(1): {}, share(2): {}}, overrides={"share%3A1": Temporary("down")})
    made, _ = context(page, list_size=1)
    results = by_id(read(made, posts(share(1), share(2))))
    failure = results[share(1)]
    assert isinstance(failure, PostFailure)
    assert (failure.code, failure.tried) == ("platform_unavailable", False)
    assert isinstance(results[share(2)], Reading)


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"elements": {}}', b"<html>", b'{"elements": ['])
def test_an_answer_that_is_not_understood_says_nothing_about_posts(body: bytes):
    made, sender = context(lambda _: reply(body))
    (failure,) = read(made, [post(share(1), said={"likes": 3})])
    assert isinstance(failure, PostFailure)
    assert (failure.code, failure.tried) == ("answer_not_understood", False)
    assert len(sender.calls) == 1


def test_an_element_without_statistics_is_not_a_left_out_post():
    made, sender = context(lambda _: {"elements": [{"share": share(1)}]})
    (failure,) = read(made, posts(share(1)))
    assert isinstance(failure, PostFailure)
    assert failure.code == "answer_not_understood"
    assert len(sender.calls) == 1


def test_a_404_of_the_statistics_is_never_a_gone_post():
    made, sender = context(lambda _: refusal(404, "NOT_FOUND"))
    results = by_id(read(made, posts(*(share(n) for n in range(1, 50)))))
    assert len(results) == 49
    for failure in results.values():
        assert isinstance(failure, PostFailure)
        assert (failure.code, failure.definite, failure.tried) == ("call_refused", False, False)
    assert len(sender.calls) == 3 + 1


@pytest.mark.parametrize("status", [403, 404])
def test_one_post_that_is_not_shown_is_found_in_its_list(status: int):
    urns = [share(n) for n in range(71, 79)]
    overrides = {"List.*share%3A75": refusal(status, "ACCESS_DENIED")}
    made, sender = context(FakePage({urn: {} for urn in urns}, overrides=overrides))
    results = by_id(read(made, posts(*urns)))
    failure = results.pop(share(75))
    assert isinstance(failure, PostFailure)
    assert (failure.code, failure.definite, failure.tried) == ("post_unavailable", False, True)
    assert all(isinstance(result, Reading) for result in results.values())
    assert sender.targets.count(f"{STATS}?q=organizationalEntity&organizationalEntity={ENC}") == 1


def test_a_lost_right_stops_the_account_after_what_was_answered():
    denied = refusal(403, "ACCESS_DENIED", 100)
    page = FakePage({share(1): {}}, overrides={"share%3A2": denied, f"{ENC}$": denied})
    made, _ = context(page, list_size=1)
    came, failure = collect_until_raised(PLATFORM.read(made, posts(share(1), share(2))))
    assert [result.platform_post_id for result in came] == [share(1)]
    assert isinstance(failure, AccountRefused)


# --- posts left out


def test_a_post_seen_a_short_while_ago_has_implied_zeros():
    made, sender = context(FakePage())
    recent = post(share(1), confirmed_at=START - timedelta(hours=5), said={"likes": 0})
    (reading,) = read(made, [recent])
    assert isinstance(reading, Reading)
    assert columns(reading) == ZEROS
    assert reading.extra["impressionCount"] == 0
    assert reading.extra["implied"] == 1
    assert "engagement" not in reading.extra
    assert not reading.confirmed
    assert len(sender.calls) == 1


def test_a_post_not_seen_lately_is_looked_for_before_it_counts_as_zero():
    made, sender = context(FakePage(shown=[share(1)]))
    (reading,) = read(made, [post(share(1), confirmed_at=START - timedelta(hours=7))])
    assert isinstance(reading, Reading)
    assert columns(reading) == ZEROS
    assert reading.confirmed
    assert sender.targets[1:] == ["/rest/posts/urn%3Ali%3Ashare%3A1"]
    assert sender.calls[1].headers["X-RestLi-Method"] == "GET"


def test_several_posts_are_looked_for_in_one_list():
    urns = [share(1), ugc(2), share(3)]
    made, sender = context(FakePage(shown=urns))
    results = by_id(read(made, posts(*urns)))
    assert set(results) == set(urns)
    assert all(columns(result) == ZEROS for result in results.values())  # type: ignore[arg-type]
    assert sender.targets[1:] == [
        "/rest/posts?ids=List(urn%3Ali%3Ashare%3A1,urn%3Ali%3AugcPost%3A2,urn%3Ali%3Ashare%3A3)"
    ]
    assert sender.calls[1].headers["X-RestLi-Method"] == "BATCH_GET"


def test_keys_of_a_list_may_come_back_encoded():
    def answer(call: Any) -> Any:
        got = FakePage(shown=[share(1), share(2)])(call)
        if "results" in got:
            got["results"] = {k.replace(":", "%3A"): v for k, v in got["results"].items()}
        return got

    made, sender = context(answer)
    assert len(read(made, posts(share(1), share(2)))) == 2
    assert len(sender.calls) == 2


def test_only_a_404_of_the_post_itself_says_that_it_is_gone():
    made, sender = context(FakePage(shown=[share(1)]))
    results = by_id(read(made, posts(share(1), share(2))))
    assert isinstance(results[share(1)], Reading)
    gone = results[share(2)]
    assert isinstance(gone, PostFailure)
    assert (gone.code, gone.definite, gone.tried) == ("post_gone", True, True)
    assert sender.targets[-1] == "/rest/posts/urn%3Ali%3Ashare%3A2"


def test_a_deleted_post_never_becomes_zero():
    made, _ = context(FakePage({share(1): {}}))
    gone = post(share(2), confirmed_at=START, said={"impressions": 10})
    results = by_id(read(made, [post(share(1)), gone]))
    failure = results[share(2)]
    assert isinstance(failure, PostFailure)
    assert failure.definite


def test_a_post_that_had_numbers_is_looked_for_however_lately_it_was_seen():
    made, sender = context(FakePage({share(1): {}}, shown=[share(2)]))
    quiet = post(share(2), confirmed_at=START, said={"impressions": 10})
    results = by_id(read(made, [post(share(1)), quiet]))
    assert columns(results[share(2)]) == ZEROS  # type: ignore[arg-type]
    assert sender.targets[-1] == "/rest/posts/urn%3Ali%3Ashare%3A2"


@pytest.mark.parametrize(
    ("answer", "code"),
    [(refusal(403, "ACCESS_DENIED"), "post_unavailable"), (refusal(400), "post_refused")],
)
def test_a_post_that_is_not_shown_is_not_zero_and_not_gone(answer: Any, code: str):
    made, _ = context(FakePage(overrides={"posts/": answer}))
    (failure,) = read(made, posts(share(1)))
    assert isinstance(failure, PostFailure)
    assert (failure.code, failure.definite, failure.sighting) == (code, False, False)


def test_trouble_while_looking_leaves_the_post_due():
    made, _ = context(FakePage({share(1): {}}, overrides={"posts/": Temporary("down")}))
    results = by_id(read(made, posts(share(1), share(2))))
    failure = results[share(2)]
    assert isinstance(failure, PostFailure)
    assert (failure.code, failure.tried) == ("platform_unavailable", False)


def test_somebody_elses_post_has_no_zeros():
    page = FakePage(shown=[share(1)])
    page.element = lambda urn: {"id": urn, "author": "urn:li:organization:9"}  # type: ignore[method-assign]
    made, _ = context(page)
    (failure,) = read(made, posts(share(1)))
    assert isinstance(failure, PostFailure)
    assert failure.code == "post_refused"
    assert "urn:li:organization:9" in failure.message


def test_in_the_development_tier_the_newest_posts_show_most_of_those_left_out():
    urns = [share(1), share(2), share(3)]
    page = FakePage(shown=urns)
    page.listed = urns[:2]
    made, sender = context(page, tier="development")
    results = by_id(read(made, posts(*urns)))
    assert all(columns(result) == ZEROS for result in results.values())  # type: ignore[arg-type]
    assert sender.targets[1:] == [
        f"/rest/posts?q=author&author={ENC}&start=0&count=100&sortBy=CREATED",
        "/rest/posts/urn%3Ali%3Ashare%3A3",
    ]


def test_in_the_development_tier_few_posts_are_looked_for_singly():
    urns = [share(n) for n in range(1, 10)]
    made, sender = context(FakePage({share(99): {}}, shown=urns), tier="development")
    results = read(made, posts(*urns, share(99)))
    assert len(results) == 1 + 5
    assert not any("ids=" in target for target in sender.targets)
    assert len(sender.calls) == 1 + 1 + 5


def test_in_the_development_tier_a_sighting_holds_for_a_day():
    made, sender = context(FakePage(), tier="development")
    (reading,) = read(made, [post(share(1), confirmed_at=START - timedelta(hours=23))])
    assert isinstance(reading, Reading)
    assert len(sender.calls) == 1


def test_where_lists_are_refused_posts_are_looked_for_singly():
    urns = [share(1), share(2), share(3)]
    page = FakePage(shown=urns, overrides={r"posts\?ids": refusal(403, "ACCESS_DENIED")})
    made, _ = context(page)
    results = by_id(read(made, posts(*urns)))
    assert all(isinstance(result, Reading) for result in results.values())


def test_a_token_that_may_not_look_is_not_asked_post_by_post():
    urns = [share(n) for n in range(1, 16)]
    made, sender = context(FakePage(overrides={"posts": refusal(403, "ACCESS_DENIED")}))
    results = by_id(read(made, posts(*urns)))
    assert len(results) == 15
    codes = [result.code for result in results.values() if isinstance(result, PostFailure)]
    assert codes.count("permission_missing") == 15
    assert [target.split("?")[0] for target in sender.targets] == [
        STATS,
        "/rest/organizationAcls",
        "/rest/posts",
        "/rest/posts",
    ]


def test_a_limit_while_looking_ends_the_account_after_all_numbers():
    page = FakePage({share(1): {}}, overrides={"posts/": refusal(429)})
    made, _ = context(page)
    came, failure = collect_until_raised(PLATFORM.read(made, posts(share(1), share(2))))
    assert [result.platform_post_id for result in came] == [share(1)]
    assert isinstance(failure, RateLimited)
    assert failure.bucket == "linkedin:credential:7:posts"


# --- sudden silence


def test_sudden_silence_of_all_posts_asks_for_the_role():
    page = FakePage(shown=[share(1), share(2)], role=False)
    made, sender = context(page)
    wanted = [post(share(1), said={"impressions": 10}), post(share(2))]
    came, failure = collect_until_raised(PLATFORM.read(made, wanted))
    assert came == []
    assert isinstance(failure, AccountRefused)
    assert PAGE in failure.message
    assert "ADMINISTRATOR" in failure.hint
    assert sender.targets[1:] == [
        "/rest/organizationAcls?q=roleAssignee&role=ADMINISTRATOR&state=APPROVED"
    ]


def test_zeros_for_all_posts_ask_for_the_role_too():
    zeros = dict.fromkeys(NUMBERS, 0)
    wanted = [post(share(1), said={"impressions": 10}), post(share(2), said={"likes": 1})]
    page = FakePage({share(1): zeros, share(2): zeros}, role=False)
    made, _ = context(page)
    came, failure = collect_until_raised(PLATFORM.read(made, wanted))
    assert came == []
    assert isinstance(failure, AccountRefused)
    page.role = True
    made, sender = context(page)
    results = by_id(read(made, wanted))
    assert all(columns(result) == ZEROS for result in results.values())  # type: ignore[arg-type]
    assert len(sender.calls) == 2


def test_with_the_role_still_there_the_silence_is_true():
    page = FakePage(shown=[share(1)])
    made, sender = context(page)
    (reading,) = read(made, [post(share(1), said={"impressions": 10})])
    assert columns(reading) == ZEROS  # type: ignore[arg-type]
    assert len(sender.calls) == 3


def test_one_post_with_numbers_proves_the_role():
    zeros = dict.fromkeys(NUMBERS, 0)
    made, sender = context(FakePage({share(1): {}, share(2): zeros}, role=False))
    wanted = [post(share(1)), post(share(2), said={"likes": 2})]
    results = by_id(read(made, wanted))
    assert columns(results[share(2)]) == ZEROS  # type: ignore[arg-type]
    assert len(sender.calls) == 1


def test_many_posts_without_any_number_are_suspicious_from_the_beginning():
    urns = [share(n) for n in range(1, 6)]
    for role in (True, False):
        made, _ = context(FakePage(shown=urns, role=role))
        came, failure = collect_until_raised(PLATFORM.read(made, posts(*urns)))
        assert len(came) == (5 if role else 0)
        assert isinstance(failure, AccountRefused) != role


def test_posts_that_never_had_numbers_raise_no_suspicion():
    zeros = dict.fromkeys(NUMBERS, 0)
    made, sender = context(FakePage({share(1): zeros}, shown=[share(2)], role=False))
    assert len(read(made, posts(share(1), share(2)))) == 2
    assert not any("organizationAcls" in target for target in sender.targets)


def test_a_role_that_may_not_be_asked_for_counts_as_lost():
    page = FakePage(shown=[share(1)], overrides={"organizationAcls": refusal(403)})
    made, _ = context(page)
    _, failure = collect_until_raised(
        PLATFORM.read(made, [post(share(1), said={"impressions": 10})])
    )
    assert isinstance(failure, AccountRefused)


def test_trouble_while_asking_for_the_role_stores_nothing():
    zeros = dict.fromkeys(NUMBERS, 0)
    page = FakePage({share(1): zeros}, overrides={"organizationAcls": Temporary("down")})
    made, _ = context(page)
    wanted = [post(share(1), said={"likes": 1}), post(share(2), said={"likes": 1})]
    results = by_id(read(made, wanted))
    assert {result.tried for result in results.values()} == {False}  # type: ignore[union-attr]
    assert len(results) == 2
