"""Requests, batches and listings of the Graph API, byte for byte."""

import asyncio
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from analytics_sync.domain.records import Account
from analytics_sync.errors import (
    AccountRefused,
    AnswerNotUnderstood,
    CredentialRefused,
    RateLimited,
    Refused,
    Temporary,
)
from analytics_sync.platforms._graph.batch import BatchFailed, ask_batch, stopper
from analytics_sync.platforms._graph.paging import next_position, pages
from analytics_sync.platforms._graph.requests import (
    Graph,
    appsecret_proof,
    graph_time,
    relative_url,
)
from analytics_sync.platforms.facebook import PLATFORM
from support.fake_clock import FakeClock
from support.graph_doubles import (
    GONE,
    TOKEN,
    Answer,
    GraphSender,
    Node,
    batch_of,
    context_for,
    error,
    form_of,
)

ACCOUNT = Account(3, 1, "facebook", "1110001", credential_id=7, app_id=5)
BUCKETS = ("facebook:page:1110001", "facebook:credential:7", "facebook:app:5")


def graph_over(node: Node, secret: str | None = None) -> tuple[Graph, GraphSender]:
    clock = FakeClock()
    sender = GraphSender(node, clock)
    context = context_for(PLATFORM, sender, clock, ACCOUNT)
    base = "https://graph.facebook.com/"
    return Graph(context, base, "v26.0", "facebook:page:1110001", secret), sender


def silent(path: str, params: dict[str, str]) -> Answer | None:
    return None if path == "batch" else Answer({"id": path})


def asked(node: Node, urls: list[str]) -> tuple[list[object], GraphSender]:
    graph, sender = graph_over(node)
    return list(asyncio.run(ask_batch(graph, urls, "test"))), sender


# Requests


def test_proof_is_the_documented_vector() -> None:
    proof = "5ce7e27778ee701854c15400a27248a17dca845fae4a6a40efc6de3c6e504067"
    assert appsecret_proof("appsecret", "TOKEN") == proof


def test_get_carries_the_token_in_the_header_only() -> None:
    graph, _ = graph_over(silent)
    call = graph.get_call("1110001", {"fields": "id,name", "limit": 5}, "one page")
    assert call.url == "https://graph.facebook.com/v26.0/1110001?fields=id,name&limit=5"
    assert call.headers["Authorization"] == f"Bearer {TOKEN}"
    assert call.buckets == BUCKETS
    assert (call.method, call.charge, call.body) == ("GET", 1, None)
    assert TOKEN not in repr(call)


def test_proof_is_a_parameter_made_with_the_token_of_the_request() -> None:
    graph, _ = graph_over(silent, secret="s3cret")
    call = graph.get_call("me", {"fields": "id"}, "me")
    sent = parse_qs(urlsplit(call.url).query)["appsecret_proof"][0]
    assert sent == hmac.new(b"s3cret", TOKEN.encode(), hashlib.sha256).hexdigest()
    assert "s3cret" not in repr(graph)


def test_nested_fields_survive_encoding() -> None:
    url = relative_url("1/posts", {"fields": "id,a{b,c},comments.limit(0).summary(true)"})
    assert url == "1/posts?fields=id,a%7Bb,c%7D,comments.limit(0).summary(true)"
    assert parse_qs(url.partition("?")[2])["fields"] == [
        "id,a{b,c},comments.limit(0).summary(true)"
    ]


def test_batch_is_a_form_post_to_the_root_of_the_version() -> None:
    graph, _ = graph_over(silent, secret="s3cret")
    call = graph.batch_call(["1_2?fields=id", "1_3/insights?metric=a,b&period=lifetime"], "two")
    assert call.url == "https://graph.facebook.com/v26.0/"
    assert call.method == "POST"
    assert call.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert call.charge == 2
    assert call.buckets == BUCKETS
    form = form_of(call)
    assert form["access_token"] == TOKEN
    assert form["include_headers"] == "true"
    assert form["appsecret_proof"] == appsecret_proof("s3cret", TOKEN)
    assert form["batch"] == (
        '[{"method":"GET","relative_url":"1_2?fields=id"},'
        '{"method":"GET","relative_url":"1_3/insights?metric=a,b&period=lifetime"}]'
    )


def test_an_answer_that_is_no_object_is_told() -> None:
    graph, _ = graph_over(lambda path, params: Answer([1]))
    with pytest.raises(AnswerNotUnderstood, match="one page: a JSON object"):
        asyncio.run(graph.get("1", {}, "one page"))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23T10:00:00+0000", datetime(2026, 11, 23, 10, tzinfo=UTC)),
        ("2026-11-23T10:00:00-0800", datetime(2026, 11, 23, 18, tzinfo=UTC)),
        ("2026-11-23T10:00:00", None),
        ("soon", None),
        (5, None),
    ],
)
def test_times_need_a_zone(text: object, moment: datetime | None) -> None:
    assert graph_time(text) == moment


# Batches


def test_batches_hold_at_most_fifty_and_keep_the_order() -> None:
    answers, sender = asked(silent, [f"{number}?fields=id" for number in range(120)])
    assert [len(batch) for batch in sender.batches] == [50, 50, 20]
    assert [call.charge for call in sender.calls] == [50, 50, 20]
    assert answers == [{"id": str(number)} for number in range(120)]


def test_items_are_judged_alone() -> None:
    nodes = {"1": Answer({"id": "1"}), "2": GONE, "3": error(100, "(#100) bad", status=500)}
    answers, sender = asked(
        lambda path, params: nodes.get(path), [f"{number}?fields=id" for number in (1, 2, 3)]
    )
    assert answers[0] == {"id": "1"}
    assert isinstance(answers[1], Refused)
    assert isinstance(answers[2], Refused)
    assert len(sender.batches) == 1


def test_nulls_are_asked_again_in_halves_and_only_they() -> None:
    """40 of 50 time out at first; half of these once more."""
    seen: dict[str, int] = {}

    def node(path: str, params: dict[str, str]) -> Answer | None:
        if path == "batch":
            return None
        seen[path] = seen.get(path, 0) + 1
        tries = 1 if int(path) < 10 else 2 if int(path) < 30 else 3
        return Answer({"id": path}) if seen[path] >= tries else None

    answers, sender = asked(node, [f"{number}?fields=id" for number in range(50)])
    assert answers == [{"id": str(number)} for number in range(50)]
    assert [len(batch) for batch in sender.batches] == [50, 20, 20, 10, 10]


def test_nulls_end_after_a_few_rounds() -> None:
    answers, sender = asked(lambda path, params: None, ["1", "2", "3", "4"])
    assert all(isinstance(answer, Temporary) for answer in answers)
    assert [len(batch) for batch in sender.batches] == [4, 2, 2, 1, 1, 1, 1]
    assert sender.clock.slept == [0, 1, 2]


def test_transient_items_and_too_much_data_are_asked_again() -> None:
    first = {"1": error(2, "try later"), "2": error(1, "Please reduce the amount of data")}

    def node(path: str, params: dict[str, str]) -> Answer | None:
        return None if path == "batch" else first.pop(path, Answer({"id": path}))

    answers, sender = asked(node, ["1", "2", "3"])
    assert answers == [{"id": "1"}, {"id": "2"}, {"id": "3"}]
    assert [len(batch) for batch in sender.batches] == [3, 1, 1]


def test_a_throttled_item_stops_the_rest_and_keeps_what_came() -> None:
    def node(path: str, params: dict[str, str]) -> Answer | None:
        if path == "batch":
            return None
        return error(80001, "too many") if int(path) >= 60 else Answer({"id": path})

    answers, sender = asked(node, [str(number) for number in range(150)])
    assert [len(batch) for batch in sender.batches] == [50, 50]
    assert answers[:60] == [{"id": str(number)} for number in range(60)]
    assert all(isinstance(answer, RateLimited) for answer in answers[60:])
    stop = stopper(answers)  # type: ignore[arg-type]
    assert isinstance(stop, RateLimited)
    assert stop.bucket == "facebook:page:1110001"
    assert stop.until == sender.clock.now() + timedelta(hours=1)
    assert sender.limits[0].stop_until == stop.until


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(190, "dead", subcode=463), CredentialRefused),
        (error(368, "blocked"), AccountRefused),
        (CredentialRefused("ours"), CredentialRefused),
    ],
)
def test_what_stops_the_account_stops_the_batch(answer: Answer, kind: type) -> None:
    answers, sender = asked(lambda path, params: answer if path == "batch" else None, ["1"] * 60)
    assert all(isinstance(told, kind) for told in answers)
    assert len(sender.calls) == 1


def test_a_post_that_fails_is_not_repeated_here() -> None:
    """The transport has tried it several times already."""
    answers, sender = asked(lambda path, params: Temporary("down"), ["1", "2"])
    assert all(isinstance(told, BatchFailed) for told in answers)
    assert len(sender.calls) == 1


def test_a_post_asked_for_too_much_is_halved() -> None:
    def node(path: str, params: dict[str, str]) -> Answer | None:
        if path != "batch":
            return Answer({"id": path})
        large = params["batch"].count("relative_url") > 10
        return error(1, "Please reduce the amount of data you're asking for") if large else None

    answers, sender = asked(node, [str(number) for number in range(40)])
    assert answers == [{"id": str(number)} for number in range(40)]
    assert [len(batch) for batch in sender.batches] == [40, 20, 20, 10, 10, 10, 10]


def test_answers_of_another_shape_are_not_taken_for_answers() -> None:
    short, sender = asked(lambda path, params: Answer([{"code": 200, "body": "{}"}]), ["1", "2"])
    assert short == [{}, {}]
    assert sender.batches == [["1", "2"], ["2"]]
    lone, _ = asked(lambda path, params: Answer({"data": []}), ["1"])
    assert isinstance(lone[0], BatchFailed)
    half, _ = asked(lambda path, params: Answer([{"code": 200, "body": '{"id": '}]), ["1"])
    assert isinstance(half[0], AnswerNotUnderstood)


def test_usage_headers_of_items_are_heeded() -> None:
    usage = '{"1110001":[{"type":"pages","call_count":95,"total_cputime":1,"total_time":1}]}'

    def node(path: str, params: dict[str, str]) -> Answer | None:
        headers = {"X-Business-Use-Case-Usage": usage} if path == "2" else {}
        return None if path == "batch" else Answer({"id": path}, headers=headers)

    _, sender = asked(node, ["1", "2"])
    assert [limit.bucket for limit in sender.limits] == ["facebook:page:1110001"]
    assert sender.limits[0].stop_until == sender.clock.now() + timedelta(hours=1)


# Listings


def listing(
    rows: list[object], after: str | None, *, more: bool, token: str = ""
) -> dict[str, object]:
    paging: dict[str, object] = {"cursors": {"before": "b", "after": after}}
    if more:
        paging["next"] = f"https://graph.facebook.com/v26.0/1/posts?access_token={token}&after=x"
    return {"data": rows, "paging": paging}


def walked(node: Node, limit: int = 100) -> tuple[list[list[dict[str, object]]], GraphSender]:
    graph, sender = graph_over(node)

    async def collect() -> list[list[dict[str, object]]]:
        return [rows async for rows in pages(graph, "1/posts", {"fields": "id"}, "t", limit=limit)]

    return asyncio.run(collect()), sender


def test_listing_goes_on_over_an_empty_page_and_ends_only_without_next() -> None:
    answers = {
        None: listing([{"id": "1"}], "c1", more=True, token=TOKEN),
        "c1": listing([], "c2", more=True, token=TOKEN),
        "c2": listing([{"id": "2"}, "odd"], "c3", more=False),
    }
    found, sender = walked(lambda path, params: Answer(answers[params.get("after")]))
    assert found == [[{"id": "1"}], [], [{"id": "2"}]]
    assert [params.get("after") for _, params in sender.asked] == [None, "c1", "c2"]
    assert all(TOKEN not in call.url for call in sender.calls)
    assert all(params["fields"] == "id" for _, params in sender.asked)


def test_page_size_is_halved_when_less_data_is_asked_for() -> None:
    def node(path: str, params: dict[str, str]) -> Answer:
        if int(params["limit"]) > 30:
            return error(1, "Please reduce the amount of data you're asking for", status=500)
        return Answer(listing([], "c", more=False))

    _, sender = walked(node)
    assert [params["limit"] for _, params in sender.asked] == ["100", "50", "25"]


def test_even_one_row_may_be_too_much() -> None:
    refusal = error(1, "Please reduce the amount of data you're asking for", status=500)
    with pytest.raises(Refused):
        walked(lambda path, params: refusal, limit=2)


def test_a_listing_in_a_circle_ends() -> None:
    with pytest.raises(AnswerNotUnderstood, match="circle"):
        walked(lambda path, params: Answer(listing([], "same", more=True)))


def test_a_time_paged_listing_goes_on_without_the_token() -> None:
    following = f"https://g/v26.0/1/feed?access_token={TOKEN}&limit=25&until=17&__paging_token=q"
    assert next_position({"paging": {"next": following}}) == {"until": "17", "__paging_token": "q"}


@pytest.mark.parametrize("paging", [None, [], {"next": 5}, {"next": ""}, {"cursors": {}}])
def test_no_next_is_the_end(paging: object) -> None:
    assert next_position({"paging": paging}) == {}


def test_batch_of_reads_what_was_sent() -> None:
    graph, _ = graph_over(silent)
    assert batch_of(graph.batch_call(["a?b=c%7Bd", "e"], "x")) == ["a?b=c%7Bd", "e"]
