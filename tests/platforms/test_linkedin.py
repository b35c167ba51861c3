"""LinkedIn as a platform: settings, ids, addresses, and what its calls look like on the wire."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest

from analytics_sync.domain.records import Account
from analytics_sync.platforms import all_platforms
from analytics_sync.platforms._linkedin.calls import STATISTICS, Api, endpoint_of
from analytics_sync.platforms._linkedin.versions import version_warning
from analytics_sync.platforms.linkedin import PLATFORM
from analytics_sync.transport.call import Cap
from support.linkedin_script import BASE, PAGE, PERSON, context, refusal, reply, settings, share

ACCOUNT = Account(3, 1, "linkedin", PAGE, credential_id=7, app_id=2)
DAY = timedelta(days=1)


def test_it_is_found_in_its_folder():
    assert all_platforms()["linkedin"] is PLATFORM


def test_settings_are_declared_with_their_bounds():
    declared = {setting.name: setting for setting in PLATFORM.settings}
    assert declared["version"].default == "202607"
    assert re.fullmatch(declared["version"].pattern, "202609")
    assert declared["list_size"].default == 20
    assert declared["tier"].choices == ("standard", "development")
    assert PLATFORM.listings == {"posts": timedelta(hours=6)}
    assert PLATFORM.account_kinds == ("organization", "member")
    assert not PLATFORM.charges_reads


def test_the_standard_tier_has_no_ceiling_of_its_own():
    assert PLATFORM.caps(ACCOUNT, settings()) == ()


def test_the_development_tier_allows_500_calls_a_day_and_100_for_each_member():
    caps = PLATFORM.caps(ACCOUNT, settings(tier="development"))
    assert set(caps) == {Cap("linkedin:app:2", 500, DAY), Cap("linkedin:credential:7", 100, DAY)}


@pytest.mark.parametrize(("own", "expected"), [(200, 200), (900, 500)])
def test_of_two_ceilings_on_one_bucket_the_lower_holds(own: int, expected: int):
    values = settings(tier="development")
    object.__setattr__(values, "max_calls_per_day", own)
    object.__setattr__(values, "max_calls_per_hour", 50)
    caps = PLATFORM.caps(ACCOUNT, values)
    assert Cap("linkedin:app:2", expected, DAY) in caps
    assert Cap("linkedin:app:2", 50, timedelta(hours=1)) in caps
    assert len(caps) == 3


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("urn:li:organization:1000", "urn:li:organization:1000"),
        ("  urn:li:organization:1000\n", "urn:li:organization:1000"),
        ("urn%3Ali%3Aorganization%3A1000", "urn:li:organization:1000"),
        ("urn:li:organizationBrand:77", "urn:li:organizationBrand:77"),
        ("urn:li:person:AbC-12_x", "urn:li:person:AbC-12_x"),
        ("https://www.linkedin.com/company/1000/admin/", "urn:li:organization:1000"),
        ("linkedin.com/showcase/1001", "urn:li:organization:1001"),
    ],
)
def test_account_ids_are_stored_as_urns(text: str, stored: str):
    assert PLATFORM.parse_account_id(text) == stored


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1000", "Is urn:li:organization:1000 meant"),
        ("", "urn:li:organization:1000 for a page"),
        ("urn:li:company:1000", "urn:li:organization:1000 for a page"),
        ("urn:li:organization:", "urn:li:person:AbC12 for a member"),
        ("urn:li:organization:1000 ) or 1", "not a LinkedIn account id"),
        ("https://www.linkedin.com/company/acme/", "/company/<number>/admin"),
        ("https://linkedin.com.example.org/company/1000", "not a LinkedIn account id"),
        ("https://[linkedin.com/company/1000", "not a LinkedIn account id"),
        ("urn:li:share:1", "not a LinkedIn account id"),
    ],
)
def test_other_account_ids_are_refused_with_words(text: str, words: str):
    with pytest.raises(ValueError, match=re.escape(words)):
        PLATFORM.parse_account_id(text)


N = 7000000000000000001


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        (f"urn:li:share:{N}", f"urn:li:share:{N}"),
        (f" urn:li:ugcPost:{N} ", f"urn:li:ugcPost:{N}"),
        (f"urn%3Ali%3Ashare%3A{N}", f"urn:li:share:{N}"),
        (f"https://www.linkedin.com/feed/update/urn:li:share:{N}", f"urn:li:share:{N}"),
        (f"https://www.linkedin.com/feed/update/urn:li:share:{N}/?utm=1", f"urn:li:share:{N}"),
        (f"www.linkedin.com/feed/update/urn%3Ali%3AugcPost%3A{N}/", f"urn:li:ugcPost:{N}"),
        (f"https://linkedin.com/embed/feed/update/urn:li:share:{N}", f"urn:li:share:{N}"),
        (f"https://www.linkedin.com/posts/acme_2024-share-9-share-{N}-AbCd", f"urn:li:share:{N}"),
        (f"https://de.linkedin.com/posts/acme_x-ugcPost-{N}-AbCd/", f"urn:li:ugcPost:{N}"),
    ],
)
def test_post_ids_are_taken_from_urns_and_web_addresses(text: str, stored: str):
    assert PLATFORM.parse_post_id(text) == stored


@pytest.mark.parametrize(
    "text",
    [
        f"urn:li:activity:{N}",
        f"https://www.linkedin.com/feed/update/urn:li:activity:{N}/",
        f"https://www.linkedin.com/feed/update/urn:li:activity:{N}/?x=urn:li:share:{N}",
        f"https://www.linkedin.com/posts/acme_some-words-activity-{N}-AbCd?utm_source=share",
    ],
)
def test_an_activity_is_refused_and_told_where_the_right_id_is(text: str):
    with pytest.raises(ValueError, match="activity") as caught:
        PLATFORM.parse_post_id(text)
    assert "x-restli-id" in str(caught.value)
    assert "post discover" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (str(N), "whether it is a share or a ugcPost"),
        ("", "urn:li:share:<number>"),
        ("urn:li:groupPost:1-2", "urn:li:share:<number>"),
        ("urn:li:share:x", "urn:li:share:<number>"),
        ("https://www.linkedin.com/in/somebody/", "urn:li:share:<number>"),
        (f"https://example.org/feed/update/{N}", "urn:li:share:<number>"),
    ],
)
def test_other_post_ids_are_refused_with_words(text: str, words: str):
    with pytest.raises(ValueError, match=re.escape(words)):
        PLATFORM.parse_post_id(text)


def test_a_posts_number_tells_when_it_was_published():
    moment = datetime(2026, 11, 20, 1, 2, 3, 456000, tzinfo=UTC)
    number = (1795136523456 << 22) | 4242
    assert PLATFORM.published_from_id(f"urn:li:share:{number}") == datetime(
        2026, 11, 20, 1, 2, 3, 456000, tzinfo=UTC
    )
    assert PLATFORM.published_from_id(f"urn:li:ugcPost:{number}") == moment


@pytest.mark.parametrize("urn", ["urn:li:share:5", f"urn:li:activity:{N}", "5", ""])
def test_ids_without_a_time_tell_none(urn: str):
    assert PLATFORM.published_from_id(urn) is None


@pytest.mark.parametrize(
    ("account_id", "said", "kind"),
    [
        (PAGE, None, "organization"),
        (PERSON, None, "member"),
        (PERSON, "organization", "member"),
        ("", "member", "member"),
        ("", None, None),
    ],
)
def test_the_urn_tells_the_kind_of_account(account_id: str, said: str | None, kind: str | None):
    assert PLATFORM.account_kind(account_id, said) == kind


def test_members_posts_cannot_be_listed():
    assert PLATFORM.can_list(ACCOUNT)
    assert not PLATFORM.can_list(Account(4, 1, "linkedin", PERSON))


def test_a_finder_on_the_wire():
    made, _ = context(lambda _: {})
    call = Api.of(made).finder(STATISTICS, "organizationalEntity", [("shares", [share(1)])])
    assert call.url == (
        f"{BASE}/rest/organizationalEntityShareStatistics"
        "?q=organizationalEntity&shares=List(urn%3Ali%3Ashare%3A1)"
    )
    assert call.method == "GET"
    assert call.body is None
    assert dict(call.headers) == {
        "Authorization": "Bearer TOKEN",
        "LinkedIn-Version": "202607",
        "X-Restli-Protocol-Version": "2.0.0",
        "X-RestLi-Method": "FINDER",
    }


def test_calls_draw_on_the_budgets_of_member_and_app_the_endpoints_first():
    made, _ = context(lambda _: {})
    call = Api.of(made).get("posts", share(1))
    assert call.buckets == (
        "linkedin:credential:7:posts",
        "linkedin:app:2:posts",
        "linkedin:credential:7",
        "linkedin:app:2",
    )
    assert endpoint_of(call) == "posts"
    assert call.charge == 1
    assert call.repeatable


def test_no_token_is_shown_by_repr_or_label():
    made, _ = context(lambda _: {})
    api = Api.of(made)
    call = api.get("posts", share(1))
    assert "TOKEN" not in f"{api!r}{call!r}{call.label}"


@pytest.mark.parametrize(("length", "tunnelled"), [(4000, False), (4001, True)])
def test_queries_over_4000_characters_are_tunnelled(length: int, tunnelled: bool):
    made, _ = context(lambda _: {})
    text = "x" * (length - len("q=author&author="))
    call = Api.of(made).finder("posts", "author", [("author", text)])
    query = f"q=author&author={text}"
    if not tunnelled:
        assert (call.method, call.url, call.body) == ("GET", f"{BASE}/rest/posts?{query}", None)
        return
    assert (call.method, call.url) == ("POST", f"{BASE}/rest/posts")
    assert call.body == query.encode()
    assert call.headers["X-HTTP-Method-Override"] == "GET"
    assert call.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert call.headers["X-RestLi-Method"] == "FINDER"
    assert call.repeatable


def test_a_base_address_with_a_path_is_kept():
    made, _ = context(lambda _: {})
    object.__setattr__(made.settings, "base_url", "http://127.0.0.1:9/linkedin/")
    assert Api.of(made).get("posts", share(1)).url == (
        "http://127.0.0.1:9/linkedin/rest/posts/urn%3Ali%3Ashare%3A1"
    )


def test_followers_of_a_page():
    made, sender = context(lambda _: {"firstDegreeSize": 4210, "more": {"deep": 1}})
    totals = asyncio.run(PLATFORM.totals(made))
    assert sender.targets == [
        "/rest/networkSizes/urn%3Ali%3Aorganization%3A1000?edgeType=COMPANY_FOLLOWED_BY_MEMBER"
    ]
    assert sender.calls[0].headers["X-RestLi-Method"] == "GET"
    assert totals is not None
    assert totals.followers == 4210
    assert totals.extra == {"firstDegreeSize": 4210, "more.deep": 1}


def test_followers_of_a_member():
    made, sender = context(lambda _: {"elements": [{"memberFollowersCount": 512}]}, PERSON)
    totals = asyncio.run(PLATFORM.totals(made))
    assert sender.targets == ["/rest/memberFollowersCount?q=me"]
    assert totals is not None
    assert (totals.followers, totals.extra) == (512, {"memberFollowersCount": 512})


def test_unsaid_followers_are_unknown_not_zero():
    for account_id, body in ((PAGE, {}), (PERSON, {"elements": []})):
        made, _ = context(lambda _, body=body: body, account_id)
        totals = asyncio.run(PLATFORM.totals(made))
        assert totals is not None
        assert (totals.followers, totals.extra) == (None, {})


@pytest.mark.parametrize("account_id", [PAGE, PERSON])
def test_where_the_scope_is_missing_there_are_no_totals(account_id: str):
    made, _ = context(lambda _: refusal(403, "ACCESS_DENIED"), account_id)
    assert asyncio.run(PLATFORM.totals(made)) is None


def test_a_version_is_warned_of_60_days_before_its_end():
    assert version_warning("202607", datetime(2027, 5, 15, tzinfo=UTC)) is None
    soon = version_warning("202607", datetime(2027, 5, 17, tzinfo=UTC))
    assert soon is not None
    assert "ends on 2027-07-15" in soon
    gone = version_warning("202511", datetime(2026, 11, 23, tzinfo=UTC))
    assert gone is not None
    assert "ended on 2026-11-16" in gone
    assert version_warning("202609", datetime(2030, 1, 1, tzinfo=UTC)) is None


def test_an_answer_that_is_no_json_object_is_not_understood():
    from analytics_sync.errors import AnswerNotUnderstood

    made, _ = context(lambda _: reply(b"[]"))
    with pytest.raises(AnswerNotUnderstood):
        asyncio.run(PLATFORM.totals(made))
