"""Trying a token: whose it is, which page it serves, what it may read."""

import asyncio
import re
from typing import Any

import pytest

from analytics_sync.domain.records import Identity
from analytics_sync.errors import AccountRefused, CredentialRefused, Temporary, WrongUsage
from analytics_sync.platforms.linkedin import PLATFORM
from support.linkedin_script import PAGE, PERSON, context, refusal

DENIED = refusal(403, "ACCESS_DENIED", 100)
ROLES = "/rest/organizationAcls?q=roleAssignee&role=ADMINISTRATOR&state=APPROVED"


ENC = "urn%3Ali%3Aorganization%3A1000"


def role(page: str) -> dict[str, str]:
    return {"organization": page, "role": "ADMINISTRATOR", "state": "APPROVED"}


def token(**overrides: Any) -> Any:
    """A token that may do all; overrides by a word in the address."""
    answers = {
        "organizationAcls": {"elements": [role(PAGE)], "paging": {"start": 0, "count": 10}},
        "organizationalEntityShareStatistics": {"elements": []},
        "posts": {"elements": []},
        "networkSizes": {"firstDegreeSize": 1},
        "organizations": {"id": 1000, "localizedName": "Acme"},
        "userinfo": {"sub": "AbC-12_x", "name": "Ada Example"},
        "me": DENIED,
        "memberCreatorPostAnalytics": {"elements": []},
        "memberFollowersCount": {"elements": []},
        **overrides,
    }
    return lambda call: answers[re.findall(r"/(?:rest|v2)/(\w+)", call.url)[0]]


def identified(answer: Any, account_id: str = PAGE, **facts: Any) -> tuple[Identity, list[str]]:
    made, sender = context(answer, account_id, **facts)
    return asyncio.run(PLATFORM.identify(made)), sender.targets


def test_a_page_whose_token_may_read_all():
    identity, targets = identified(token())
    assert identity == Identity(
        PAGE,
        name="Acme",
        kind="organization",
        may_read=("numbers of posts", "list of posts", "followers"),
    )
    assert targets == [
        ROLES,
        f"/rest/organizationalEntityShareStatistics?q=organizationalEntity&organizationalEntity={ENC}",
        "/rest/posts?q=author&author=urn%3Ali%3Aorganization%3A1000&start=0&count=1&sortBy=CREATED",
        "/rest/networkSizes/urn%3Ali%3Aorganization%3A1000?edgeType=COMPANY_FOLLOWED_BY_MEMBER",
        "/rest/organizations/1000",
    ]


def test_what_a_token_lacks_is_said():
    identity, _ = identified(token(posts=DENIED, networkSizes=DENIED, organizations=DENIED))
    assert identity.may_read == ("numbers of posts",)
    assert identity.name is None
    assert [lack.split(" (")[0] for lack in identity.lacks] == ["list of posts", "followers"]
    assert "r_organization_social" in identity.lacks[0]


def test_a_member_who_does_not_administer_the_page_is_refused():
    other = {"elements": [role("urn:li:organization:9")]}
    with pytest.raises(AccountRefused, match="urn:li:organization:9") as caught:
        identified(token(organizationAcls=other))
    assert PAGE in caught.value.message


def test_another_role_is_not_enough():
    analyst = {"elements": [{**role(PAGE), "role": "ANALYST"}]}
    with pytest.raises(AccountRefused):
        identified(token(organizationAcls=analyst))


def test_the_older_name_of_the_page_is_read():
    older = {"elements": [{"organizationalTarget": PAGE, "role": "ADMINISTRATOR"}]}
    assert identified(token(organizationAcls=older))[0].platform_account_id == PAGE


def test_where_roles_may_not_be_asked_for_the_numbers_decide():
    identity, _ = identified(token(organizationAcls=DENIED))
    assert identity.platform_account_id == PAGE
    with pytest.raises(AccountRefused):
        identified(token(organizationAcls=DENIED, organizationalEntityShareStatistics=DENIED))


def test_a_refused_token_and_trouble_are_told_as_such():
    with pytest.raises(CredentialRefused):
        identified(token(organizationAcls=refusal(401, service=65602)))
    with pytest.raises(Temporary):
        identified(token(posts=refusal(503)))


def test_an_old_version_is_warned_of():
    identity, _ = identified(token(), version="202601")
    assert any("202601" in lack and "2027-01-15" in lack for lack in identity.lacks)


# --- the account left out


def test_the_only_page_is_taken():
    identity, targets = identified(token(), "")
    assert identity.platform_account_id == PAGE
    assert targets.count(ROLES) == 1


def test_of_several_pages_one_must_be_named():
    two = {"elements": [role(PAGE), role("urn:li:organization:9")]}
    with pytest.raises(WrongUsage, match=f"2 pages: {PAGE}, urn:li:organization:9") as caught:
        identified(token(organizationAcls=two), "")
    assert "--platform-account-id" in caught.value.hint


def test_pages_are_asked_for_until_a_short_page():
    pages = [f"urn:li:organization:{n}" for n in range(1, 16)]

    def answer(call: Any) -> Any:
        start, count = (
            int(n) for n in (re.findall("start=([0-9]+)&count=([0-9]+)", call.url) or [(0, 10)])[0]
        )
        elements = [role(page) for page in pages[start : start + count]]
        return {"elements": elements, "paging": {"start": start, "count": count}}

    made, sender = context(answer, "")
    with pytest.raises(WrongUsage, match="15 pages"):
        asyncio.run(PLATFORM.identify(made))
    assert sender.targets == [ROLES, f"{ROLES}&start=10&count=100"]


def test_pages_that_repeat_end_the_asking():
    same = {"elements": [role(PAGE)] * 10, "paging": {"start": 0, "count": 10}}
    _, targets = identified(token(organizationAcls=same))
    assert sum("organizationAcls" in target for target in targets) == 2


@pytest.mark.parametrize("roles", [{"elements": []}, DENIED])
def test_without_pages_it_is_the_member(roles: Any):
    identity, targets = identified(token(organizationAcls=roles), "")
    assert (identity.platform_account_id, identity.name, identity.kind) == (
        PERSON,
        "Ada Example",
        "member",
    )
    assert identity.may_read == ("numbers of posts", "followers")
    assert any("post add" in lack for lack in identity.lacks)
    assert "/v2/userinfo" in targets


def test_the_kind_chooses_the_member():
    identity, targets = identified(token(), "", kind="member")
    assert identity.platform_account_id == PERSON
    assert not any("organizationAcls" in target for target in targets)


def test_the_kind_chooses_a_page():
    with pytest.raises(WrongUsage, match="does not tell of any page"):
        identified(token(organizationAcls=DENIED), "", kind="organization")


def test_an_older_call_tells_the_member_too():
    older = {"id": "AbC-12_x", "localizedFirstName": "Ada", "localizedLastName": "Example"}
    identity, _ = identified(token(userinfo=DENIED, me=older, organizationAcls=DENIED), "")
    assert (identity.platform_account_id, identity.name) == (PERSON, "Ada Example")


def test_a_token_that_tells_nothing_needs_a_name():
    with pytest.raises(WrongUsage, match="does not tell whose it is") as caught:
        identified(token(userinfo=DENIED, organizationAcls=DENIED), "")
    assert "urn:li:person:" in caught.value.hint


# --- members


def test_calls_about_the_member_carry_no_version():
    made, sender = context(token(), PERSON)
    asyncio.run(PLATFORM.identify(made))
    call = sender.calls[0]
    assert call.url.endswith("/v2/userinfo")
    assert dict(call.headers) == {"Authorization": "Bearer TOKEN"}


def test_a_members_token_is_tried():
    identity, targets = identified(token(memberFollowersCount=DENIED), PERSON)
    assert identity.kind == "member"
    assert identity.may_read == ("numbers of posts",)
    assert "r_member_profileAnalytics" in identity.lacks[0]
    assert targets == [
        "/v2/userinfo",
        "/rest/memberCreatorPostAnalytics?q=me&queryType=IMPRESSION&aggregation=TOTAL",
        "/rest/memberFollowersCount?q=me",
    ]


def test_a_members_token_need_not_tell_whose_it_is():
    identity, _ = identified(token(userinfo=DENIED), PERSON)
    assert (identity.platform_account_id, identity.name) == (PERSON, None)


def test_somebody_elses_token_is_refused():
    with pytest.raises(WrongUsage, match="belongs to urn:li:person:AbC-12_x"):
        identified(token(), "urn:li:person:Other")


def test_a_member_whose_numbers_may_not_be_read_is_refused():
    with pytest.raises(AccountRefused) as caught:
        identified(token(memberCreatorPostAnalytics=DENIED), PERSON)
    assert "r_member_postAnalytics" in caught.value.hint
