"""Quotas of the simulated LinkedIn, and what else goes wrong while the request is right."""

import pytest

from analytics_sync.simulator.recorder import ConnectionCut
from support.linkedin_wire import FINDER, Wire, encoded, refused, shares_of


@pytest.fixture
def wire():
    return Wire()


@pytest.fixture
def finder(wire):
    return FINDER.format(encoded(wire.organization))


# Quotas.

APPLICATION = {
    "status": 429,
    "serviceErrorCode": 101,
    "message": "Resource level throttle APPLICATION DAY limit for calls to this resource is reached.",
}


def test_the_application_quota_is_by_endpoint_and_utc_day(wire, finder):
    wire.switch(app_calls_a_day={"posts": 2})
    answers = [wire.get(finder) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[2].json() == APPLICATION
    assert wire.statistics().status == 200
    wire.advance(hours=9, minutes=59)
    assert wire.get(finder).status == 429
    wire.advance(minutes=1)
    assert wire.get(finder).status == 200


def test_the_member_quota_is_by_member(wire, finder):
    wire.switch(member_calls_a_day=1)
    assert wire.get(finder).status == 200
    answer = wire.get(finder)
    assert answer.json() == {
        **APPLICATION,
        "message": APPLICATION["message"].replace("APPLICATION", "MEMBER"),
    }
    other = wire.service.populate(2, "Florist", 3)
    theirs = FINDER.format(encoded(other.platform_account_id))
    assert wire.get(theirs, token=other.token).status == 200


def test_the_development_tier_has_its_ceilings_over_all_endpoints(wire, finder):
    wire.switch(tier="development")
    answers = [wire.get(finder).status for _ in range(60)]
    answers += [wire.statistics().status for _ in range(60)]
    assert answers == [200] * 100 + [429] * 20
    assert "MEMBER DAY" in wire.get(finder).json()["message"]
    for business in range(2, 6):
        other = wire.service.populate(business, f"Shop {business}", 1)
        theirs = FINDER.format(encoded(other.platform_account_id))
        assert {wire.get(theirs, token=other.token).status for _ in range(100)} == {200}
    last = wire.service.populate(9, "Last", 1)
    theirs = FINDER.format(encoded(last.platform_account_id))
    assert wire.get(theirs, token=last.token).json() == APPLICATION
    assert wire.world.journal.charged["linkedin"] == 500


def test_a_burst_is_over_after_half_a_minute(wire, finder):
    wire.fault("burst", platform="linkedin", match="/rest/posts")
    answer = wire.get(finder)
    refused(answer, 429, serviceErrorCode=429, code="TOO_MANY_REQUESTS")
    assert "DAY" not in answer.json()["message"]
    assert wire.statistics().status == 200
    wire.advance(seconds=29)
    assert wire.get(finder).status == 429
    wire.advance(seconds=1)
    assert wire.get(finder).status == 200


def test_refused_calls_are_not_charged(wire, finder):
    wire.get(finder, token="AQXnobody")
    wire.get(finder, version="202511")
    assert wire.world.journal.charged["linkedin"] == 0
    wire.get(f"{finder}&limit=5")
    assert wire.world.journal.charged["linkedin"] == 1
    assert wire.world.journal.labels["linkedin posts finder"] == 3


# Lost roles, missing scopes, broken transport, what nobody documented.


def test_a_missing_scope_names_the_operation(wire, finder):
    wire.token.scopes -= {"r_organization_social"}
    assert refused(wire.get(finder), 403) == {
        "status": 403,
        "serviceErrorCode": 100,
        "code": "ACCESS_DENIED",
        "message": "Not enough permissions to access: posts.FINDER-author.20260701",
    }
    wire.token.scopes = frozenset()
    refused(wire.statistics(), 403, serviceErrorCode=100)


def test_a_lost_role_is_denied_while_the_token_lives(wire, finder):
    wire.switch(lost_roles=[wire.organization])
    shares = shares_of(wire.posts())
    for answer in (wire.get(finder), wire.statistics(shares=shares)):
        refused(answer, 403, code="ACCESS_DENIED", serviceErrorCode=100)
    acls = wire.get("/rest/organizationAcls?q=roleAssignee&role=ADMINISTRATOR&state=APPROVED")
    assert acls.json()["elements"] == []
    assert wire.get("/v2/userinfo").status == 200


def test_a_lost_role_may_also_answer_with_nothing(wire, finder):
    wire.switch(lost_roles=[wire.organization], lost_role_answer="empty")
    for answer in (wire.get(finder), wire.statistics(shares=shares_of(wire.posts()))):
        assert answer.status == 200
        assert answer.json()["elements"] == []
    other = wire.service.add_organization("Foreign", 1, number=5000)
    refused(wire.get(FINDER.format(encoded(other.id))), 403)


@pytest.mark.parametrize("status", [500, 504])
def test_server_trouble_is_answered_for_the_service(wire, finder, status):
    wire.fault("status", platform="linkedin", status=status)
    refused(wire.get(finder), status)
    assert wire.get(finder).status == 200


def test_broken_transport_is_carried_out_in_front_of_it(wire, finder):
    wire.fault("html", platform="linkedin", status=503)
    assert wire.get(finder).headers["content-type"] == "text/html"
    wire.fault("cut", platform="linkedin")
    with pytest.raises(ConnectionCut):
        wire.get(finder)
    wire.fault("slow", platform="linkedin", seconds=0.001)
    assert wire.get(finder).status == 200


def test_undocumented_fields_and_reactions_by_switch(wire):
    post = wire.posts()[-1].id
    target = f"/rest/socialMetadata/{encoded(post)}"
    plain = wire.get(target).json()
    wire.switch(unknown_fields=True)
    extended = wire.get(target).json()
    assert extended.keys() - plain.keys() == {"notYetDocumented"}
    assert extended["reactionSummaries"].keys() - plain["reactionSummaries"].keys()
    assert _likes(extended) == _likes(plain)


def _likes(metadata):
    return sum(kind["count"] for kind in metadata["reactionSummaries"].values())
