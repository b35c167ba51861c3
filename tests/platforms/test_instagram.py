"""Instagram's ids, listings, totals and identities, request by request."""

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from analytics_sync.domain.records import Account, FoundPost, Horizon, Identity
from analytics_sync.errors import (
    AccountRefused,
    AnswerNotUnderstood,
    CredentialRefused,
    RateLimited,
    Refused,
    WrongUsage,
)
from analytics_sync.platforms import names_meant, platform_named
from analytics_sync.platforms._graph.requests import appsecret_proof
from analytics_sync.platforms.instagram import PLATFORM, account_bucket
from analytics_sync.transport.call import Call, Reply
from support.fake_clock import START, FakeClock
from support.graph_doubles import GONE, Answer, GraphSender, error
from support.instagram_double import (
    ACCOUNT_ID,
    BEHIND_PAGE,
    DIRECT,
    DIRECT_TOKEN,
    NOT_ALLOWED,
    PAGE_TOKEN,
    SECRET,
    at,
    context_of,
    settings,
)

BOTH = pytest.mark.parametrize("account", [DIRECT, BEHIND_PAGE], ids=lambda one: str(one.kind))
SINCE = START - timedelta(days=90)
LISTED = "id,media_type,media_product_type,timestamp,permalink,caption"


class Script:
    """Answers by path; a list is given out one after the other."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = dict(answers)

    def __call__(self, path: str, params: dict[str, str]) -> Answer | Exception | None:
        if path == "batch":
            return None
        told = self.answers.get(path, GONE)
        if isinstance(told, list):
            told = told.pop(0)
        return told if isinstance(told, Answer) else Answer(told)


def sender_of(answers: Mapping[str, Any]) -> GraphSender:
    return GraphSender(Script(answers), FakeClock())


def row(post_id: str, time: str, product: str = "FEED", kind: str = "IMAGE") -> dict[str, str]:
    return {
        "id": post_id,
        "media_type": kind,
        "media_product_type": product,
        "timestamp": time,
        "permalink": f"https://www.instagram.com/p/{post_id}/",
        "caption": "Grüße",
    }


def page(*rows: Any, after: str = "", more: bool = False) -> dict[str, Any]:
    paging: dict[str, Any] = {"cursors": {"before": "b", "after": after or "end"}}
    if more:
        paging["next"] = f"https://graph.instagram.com/v26.0/x?access_token=secret&after={after}"
    return {"data": list(rows), "paging": paging}


# What the platform declares


def test_it_is_found_by_its_names() -> None:
    assert platform_named("ig") is PLATFORM
    assert set(names_meant("meta")) == {"facebook", "instagram"}


def test_a_kind_that_nobody_said_is_not_made_up_for_the_token_tells_it() -> None:
    assert PLATFORM.account_kinds == ("instagram-login", "facebook-login")
    assert PLATFORM.account_kind(ACCOUNT_ID, None) is None
    assert PLATFORM.account_kind(ACCOUNT_ID, "facebook-login") == "facebook-login"


def test_listings_and_the_life_of_stories() -> None:
    assert PLATFORM.listings == {"posts": timedelta(hours=1), "stories": timedelta(hours=3)}
    assert PLATFORM.lifetimes == {"story": timedelta(hours=24)}
    assert PLATFORM.published_from_id("17900") is None


def test_rules_look_at_instagrams_share_of_the_usage_header() -> None:
    rules = PLATFORM.rules(BEHIND_PAGE, settings())
    told = '{"1":[{"type":"pages","call_count":99},{"type":"instagram","call_count":80}]}'
    reply = Reply(200, {"x-business-use-case-usage": told}, b"{}")
    (limit,) = rules.limits(Call(url="https://x", label="x"), reply, START)
    assert limit.bucket == account_bucket(BEHIND_PAGE) == f"instagram:account:{ACCOUNT_ID}"
    assert limit.slow_down > 0
    assert limit.stop_until is None


def test_importing_it_stays_cheap() -> None:
    code = (
        "import sys; import analytics_sync.platforms.instagram; "
        "heavy = {'httpx', 'sqlmodel', 'sqlalchemy', 'pydantic', 'typer', 'starlette'}; "
        "sys.exit(len(heavy & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("text", ["17841400000000001", " 17841400000000001\n"])
def test_account_ids_are_digits(text: str) -> None:
    assert PLATFORM.parse_account_id(text) == "17841400000000001"


@pytest.mark.parametrize("text", ["acme", "@acme", "https://www.instagram.com/acme/", "", "١٢"])
def test_other_account_ids_are_refused_with_the_form(text: str) -> None:
    with pytest.raises(ValueError, match="digits only"):
        PLATFORM.parse_account_id(text)


def test_post_ids_are_digits() -> None:
    assert PLATFORM.parse_post_id(" 17900000000000123 ", DIRECT) == "17900000000000123"


@pytest.mark.parametrize(
    "text",
    [
        "https://www.instagram.com/p/C0ffee_-123/",
        "instagram.com/reel/C0ffee123",
        "https://instagr.am/p/C0ffee123",
        "https://www.instagram.com/stories/acme/3141592653589793238/",
    ],
)
def test_addresses_of_posts_are_refused_with_where_the_id_is_found(text: str) -> None:
    with pytest.raises(ValueError, match="analytics-sync post discover"):
        PLATFORM.parse_post_id(text)


@pytest.mark.parametrize("text", ["C0ffee123", "", "1_2", "https://example.com/p/123"])
def test_other_post_ids_are_refused_with_the_form(text: str) -> None:
    with pytest.raises(ValueError, match="digits only"):
        PLATFORM.parse_post_id(text)


# Discovery


def discover(
    answers: Mapping[str, Any], listing: str = "posts", account: Account = DIRECT
) -> tuple[list[FoundPost], GraphSender]:
    sender = sender_of(answers)

    async def collect() -> list[FoundPost]:
        pages = PLATFORM.discover(context_of(sender, account), listing, Horizon(SINCE))
        return [post async for found in pages for post in found]

    return asyncio.run(collect()), sender


def test_posts_are_listed_from_the_horizon_on() -> None:
    rows = [
        row("905", "2026-11-22T10:00:00+0000", "REELS", "VIDEO"),
        row("904", "2026-11-21T10:00:00+0000", "FEED", "CAROUSEL_ALBUM"),
        row("903", "2026-11-20T10:00:00+0000", "AD"),
        row("902", "2026-11-19T10:00:00+0000", "FEED", "VIDEO"),
        row("901", "2026-11-18T12:00:00+0200"),
    ]
    found, sender = discover({f"{ACCOUNT_ID}/media": page(*rows)})
    assert [(post.platform_post_id, post.kind) for post in found] == [
        ("905", "reel"),
        ("904", "carousel"),
        ("902", "video"),
        ("901", "image"),
    ]
    assert found[-1] == FoundPost(
        "901",
        at("2026-11-18T10:00:00+00:00"),
        kind="image",
        text="Grüße",
        permalink="https://www.instagram.com/p/901/",
    )
    (call,) = sender.calls
    assert call.url == (
        f"https://graph.instagram.com/v26.0/{ACCOUNT_ID}/media?fields={LISTED}"
        f"&since={int(SINCE.timestamp())}&limit=100"
    )
    assert call.headers["Authorization"] == f"Bearer {DIRECT_TOKEN}"


def test_behind_a_page_facebooks_host_lists_with_a_proof() -> None:
    _, sender = discover({f"{ACCOUNT_ID}/media": page()}, account=BEHIND_PAGE)
    (call,) = sender.calls
    assert call.url == (
        f"https://graph.facebook.com/v26.0/{ACCOUNT_ID}/media?fields={LISTED}"
        f"&since={int(SINCE.timestamp())}&limit=100"
        f"&appsecret_proof={appsecret_proof(SECRET, PAGE_TOKEN)}"
    )


def test_pages_go_on_by_cursor_until_there_is_no_next_even_over_an_empty_one() -> None:
    pages = [
        page(row("903", "2026-11-22T10:00:00+0000"), after="one", more=True),
        page(after="two", more=True),
        page(row("902", "2026-11-21T10:00:00+0000"), after="three"),
    ]
    found, sender = discover({f"{ACCOUNT_ID}/media": pages})
    assert [post.platform_post_id for post in found] == ["903", "902"]
    asked = sender.asked_of("/media")
    assert [params.get("after") for params in asked] == [None, "one", "two"]
    assert all(params["since"] == str(int(SINCE.timestamp())) for params in asked)
    assert all("secret" not in call.url for call in sender.calls)


def test_the_listing_ends_at_the_horizon_and_not_at_an_old_post_that_is_pinned() -> None:
    old = "2025-01-01T00:00:00+0000"
    pages = [
        page(row("700", old), row("903", "2026-11-22T10:00:00+0000"), after="one", more=True),
        page(row("902", "2026-11-21T10:00:00+0000"), row("701", old), after="two", more=True),
    ]
    found, sender = discover({f"{ACCOUNT_ID}/media": pages})
    assert [post.platform_post_id for post in found] == ["903", "902"]
    assert len(sender.calls) == 2


def test_rows_without_id_or_time_are_passed_over() -> None:
    rows = [{"id": "1"}, {"timestamp": "2026-11-22T10:00:00+0000"}, "x", row("2", "not a time")]
    assert discover({f"{ACCOUNT_ID}/media": page(*rows)})[0] == []


def test_a_row_without_product_type_is_known_by_its_media_type() -> None:
    told = {"id": "9", "media_type": "IMAGE", "timestamp": "2026-11-22T10:00:00+0000"}
    assert discover({f"{ACCOUNT_ID}/media": page(told)})[0][0].kind == "image"


def test_live_stories_are_a_listing_of_their_own() -> None:
    rows = [row("801", "2026-11-23T09:00:00+0000", "STORY", "VIDEO")]
    found, sender = discover({f"{ACCOUNT_ID}/stories": page(*rows)}, "stories")
    assert [(post.platform_post_id, post.kind) for post in found] == [("801", "story")]
    assert sender.calls[0].url == (
        f"https://graph.instagram.com/v26.0/{ACCOUNT_ID}/stories?fields={LISTED}&limit=100"
    )


@pytest.mark.parametrize("listing", ["posts", "stories"])
def test_a_listing_that_may_not_be_read_is_the_accounts_failure(listing: str) -> None:
    edge = {"posts": "media", "stories": "stories"}[listing]
    with pytest.raises(AccountRefused) as caught:
        discover({f"{ACCOUNT_ID}/{edge}": NOT_ALLOWED}, listing)
    assert caught.value.code == "permission_missing"
    assert "instagram_basic" in caught.value.hint


@pytest.mark.parametrize("listing", ["posts", "stories"])
def test_other_refusals_of_a_listing_stay_what_they_are(listing: str) -> None:
    with pytest.raises(Refused):
        discover({}, listing)


def test_a_listing_that_is_too_much_is_asked_in_smaller_pages() -> None:
    words = "Please reduce the amount of data you're asking for, then retry your request"
    answers = [error(1, words, status=500), page(row("901", "2026-11-22T10:00:00+0000"))]
    found, sender = discover({f"{ACCOUNT_ID}/media": answers})
    assert len(found) == 1
    assert [params["limit"] for params in sender.asked_of("/media")] == ["100", "50"]


# One post, and totals


def test_a_post_is_looked_up_by_its_id() -> None:
    sender = sender_of({"901": row("901", "2026-11-18T10:00:00+0000", "REELS", "VIDEO")})
    found = asyncio.run(PLATFORM.look_up(context_of(sender), "901"))
    assert (found.platform_post_id, found.kind) == ("901", "reel")
    assert sender.calls[0].url == f"https://graph.instagram.com/v26.0/901?fields={LISTED}"


def test_what_is_no_media_is_not_understood() -> None:
    with pytest.raises(AnswerNotUnderstood, match="no id or no timestamp"):
        asyncio.run(PLATFORM.look_up(context_of(sender_of({"901": {"id": "901"}})), "901"))


def test_a_post_that_is_not_shown_is_refused() -> None:
    with pytest.raises(Refused):
        asyncio.run(PLATFORM.look_up(context_of(sender_of({})), "901"))


@BOTH
def test_totals_of_the_account(account: Account) -> None:
    node = {"followers_count": 4321, "follows_count": 0, "id": ACCOUNT_ID}
    sender = sender_of({ACCOUNT_ID: node})
    totals = asyncio.run(PLATFORM.totals(context_of(sender, account)))
    assert totals is not None
    assert totals.followers == 4321
    assert totals.extra == {"followers_count": 4321, "follows_count": 0}
    fields = sender.asked_of(ACCOUNT_ID)[0]["fields"]
    assert fields == "followers_count,follows_count,media_count"


def test_totals_that_may_not_be_read_are_none() -> None:
    assert asyncio.run(PLATFORM.totals(context_of(sender_of({ACCOUNT_ID: NOT_ALLOWED})))) is None


def test_totals_of_an_account_that_is_not_there_are_refused() -> None:
    with pytest.raises(Refused):
        asyncio.run(PLATFORM.totals(context_of(sender_of({}))))


# Identity

ME = {"user_id": ACCOUNT_ID, "id": "99", "username": "acme"}
RIGHTS: dict[str, Any] = {
    ACCOUNT_ID: {"id": ACCOUNT_ID, "username": "acme", "follows_count": 3, "followers_count": 5},
    f"{ACCOUNT_ID}/media": page(),
    f"{ACCOUNT_ID}/insights": {"data": []},
}
NO_LIST = error(100, "(#100) Tried accessing nonexisting field (accounts) on node type (Page)")


def identify(
    answers: Mapping[str, Any], account: Account = DIRECT, token: str | None = None
) -> tuple[Identity, GraphSender]:
    sender = sender_of({**RIGHTS, **answers})
    return asyncio.run(PLATFORM.identify(context_of(sender, account, token=token))), sender


def failing(answers: Mapping[str, Any], account: Account, kind: type[Exception]) -> Any:
    with pytest.raises(kind) as caught:
        identify(answers, account)
    return caught.value


def unnamed(account: Account) -> Account:
    return account._replace(platform_account_id="")


@pytest.mark.parametrize("account", [DIRECT, unnamed(DIRECT)], ids=["named", "left out"])
def test_with_instagram_login_user_id_is_the_account(account: Account) -> None:
    found, sender = identify({"me": ME}, account)
    probe = "metric=reach&period=day&metric_type=total_value"
    assert found == Identity(
        ACCOUNT_ID,
        name="acme",
        kind="instagram-login",
        may_read=(
            "followers (instagram_business_basic)",
            "posts of the account (instagram_business_basic)",
            "numbers of posts (instagram_business_manage_insights)",
        ),
    )
    assert [call.url for call in sender.calls] == [
        "https://graph.instagram.com/v26.0/me?fields=user_id,username",
        f"https://graph.instagram.com/v26.0/{ACCOUNT_ID}?fields=followers_count",
        f"https://graph.instagram.com/v26.0/{ACCOUNT_ID}/media?fields=id&limit=1",
        f"https://graph.instagram.com/v26.0/{ACCOUNT_ID}/insights?{probe}",
    ]


def test_an_answer_inside_data_is_read_too() -> None:
    assert identify({"me": {"data": [ME]}})[0].platform_account_id == ACCOUNT_ID


@pytest.mark.parametrize("given", ["99", "17841400000000002"])
def test_another_id_than_the_tokens_own_is_wrong(given: str) -> None:
    account = DIRECT._replace(platform_account_id=given)
    failure = failing({"me": ME}, account, WrongUsage)
    assert ACCOUNT_ID in failure.message
    assert given in failure.message


def test_without_user_id_the_answer_is_not_understood() -> None:
    failing({"me": {"id": "99"}}, DIRECT, AnswerNotUnderstood)


def test_a_dead_token_says_so() -> None:
    dead = error(190, "Error validating access token", subcode=463)
    assert "expired" in failing({"me": dead}, DIRECT, CredentialRefused).message
    failing({"me": ME, f"{ACCOUNT_ID}/insights": dead}, DIRECT, CredentialRefused)


@BOTH
def test_what_the_token_lacks_is_told(account: Account) -> None:
    found, _ = identify({"me": ME, f"{ACCOUNT_ID}/insights": NOT_ALLOWED}, account)
    assert len(found.may_read) == 2
    assert [what.partition(" (")[0] for what in found.lacks] == ["numbers of posts"]


@BOTH
@pytest.mark.parametrize(
    "trouble",
    [
        error(100, "metric[0] must be one of the following values: views"),
        error(2, "Service temporarily unavailable"),
        error(80002, "(#80002) There have been too many calls"),
    ],
    ids=["retired metric", "trouble", "limit"],
)
def test_a_retired_metric_or_trouble_spoils_no_set_up(account: Account, trouble: Answer) -> None:
    found, _ = identify({"me": ME, f"{ACCOUNT_ID}/insights": trouble}, account)
    assert found.platform_account_id == ACCOUNT_ID
    assert found.lacks == ()
    assert len(found.may_read) == 2


def test_with_facebook_login_the_named_account_is_asked_for() -> None:
    found, sender = identify({}, BEHIND_PAGE)
    assert (found.platform_account_id, found.name, found.kind) == (
        ACCOUNT_ID,
        "acme",
        "facebook-login",
    )
    assert found.may_read == (
        "followers (instagram_basic)",
        "posts of the account (instagram_basic)",
        "numbers of posts (instagram_manage_insights)",
    )
    assert sender.calls[0].url.startswith(
        f"https://graph.facebook.com/v26.0/{ACCOUNT_ID}?fields=id,username,follows_count&appsecret"
    )
    assert sender.batches == [
        [
            f"{ACCOUNT_ID}?fields=followers_count",
            f"{ACCOUNT_ID}/media?fields=id&limit=1",
            f"{ACCOUNT_ID}/insights?metric=reach&period=day&metric_type=total_value",
        ]
    ]


def test_the_id_of_a_page_is_told_apart() -> None:
    words = "(#100) Tried accessing nonexisting field (follows_count) on node type (Page)"
    failure = failing({ACCOUNT_ID: error(100, words)}, BEHIND_PAGE, WrongUsage)
    assert "id of a Page" in failure.message


def test_an_account_that_the_token_does_not_see_is_refused() -> None:
    failing({ACCOUNT_ID: GONE}, BEHIND_PAGE, Refused)


def connected(page_id: str, account_id: str = "", name: str = "") -> dict[str, Any]:
    node = {"instagram_business_account": {"id": account_id, "username": name}}
    return {"id": page_id, **(node if account_id else {})}


def test_the_only_account_behind_the_pages_of_a_person_is_taken() -> None:
    answers = {
        "me/accounts": [page({"id": "1"}, after="x", more=True), page({"id": "2"})],
        "1": connected("1"),
        "2": connected("2", ACCOUNT_ID, "acme"),
    }
    found, sender = identify(answers, unnamed(BEHIND_PAGE))
    assert (found.platform_account_id, found.name) == (ACCOUNT_ID, "acme")
    assert sender.asked_of("me/accounts")[0]["fields"] == "id,name"
    assert sender.asked_of("2")[0]["fields"] == "id,instagram_business_account{id,username}"


def test_several_accounts_are_named() -> None:
    answers = {
        "me/accounts": page({"id": "1"}, {"id": "2"}),
        "1": connected("1", "17841400000000009", "other"),
        "2": connected("2", ACCOUNT_ID, "acme"),
    }
    failure = failing(answers, unnamed(BEHIND_PAGE), WrongUsage)
    assert f"17841400000000009 (other), {ACCOUNT_ID} (acme)" in failure.hint
    assert "--platform-account-id" in failure.hint


def test_no_account_behind_the_pages_is_told() -> None:
    answers = {"me/accounts": page({"id": "1"}), "1": connected("1")}
    failure = failing(answers, unnamed(BEHIND_PAGE), WrongUsage)
    assert "No Instagram professional account" in failure.message
    assert (
        "No Instagram" in failing({"me/accounts": page()}, unnamed(BEHIND_PAGE), WrongUsage).message
    )


def test_a_pages_own_token_knows_its_account() -> None:
    answers = {"me/accounts": NO_LIST, "me": connected("1", ACCOUNT_ID, "acme")}
    found, _ = identify(answers, unnamed(BEHIND_PAGE))
    assert found.platform_account_id == ACCOUNT_ID


def test_a_refused_list_of_pages_is_told() -> None:
    failing({"me/accounts": NOT_ALLOWED}, unnamed(BEHIND_PAGE), Refused)


def test_a_limit_while_looking_for_the_account_is_told_as_one() -> None:
    limit = error(4, "(#4) Application request limit reached")
    answers = {"me/accounts": page({"id": "1"}, {"id": "2"}), "1": limit, "2": limit}
    failing(answers, unnamed(BEHIND_PAGE), RateLimited)


@pytest.mark.parametrize(
    ("token", "kind"), [(PAGE_TOKEN, "facebook-login"), (DIRECT_TOKEN, "instagram-login")]
)
def test_where_the_kind_was_not_said_the_token_tells_it(token: str, kind: str) -> None:
    account = DIRECT._replace(kind=None)
    found, _ = identify({"me": ME}, account, token)
    assert found.kind == kind


@pytest.mark.parametrize("kind", ["facebook-login", "instagram-login"])
def test_a_kind_that_was_said_goes_before_what_the_token_looks_like(kind: str) -> None:
    for token in (PAGE_TOKEN, DIRECT_TOKEN, "other"):
        found, _ = identify({"me": ME}, DIRECT._replace(kind=kind), token)
        assert found.kind == kind


def test_secrets_stand_in_no_repr() -> None:
    sender = sender_of({ACCOUNT_ID: RIGHTS[ACCOUNT_ID]})
    asyncio.run(PLATFORM.totals(context_of(sender, BEHIND_PAGE)))
    assert PAGE_TOKEN not in repr(sender.calls[0])
    assert SECRET not in repr(settings())
