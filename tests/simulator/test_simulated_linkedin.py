"""The way into the simulated LinkedIn: headers in their order, and Rest.li on the wire."""

from datetime import UTC, datetime

import pytest

from analytics_sync.simulator.world import Token
from support.linkedin_wire import (
    FINDER,
    STATISTICS,
    Wire,
    bad_input,
    encoded,
    refused,
    restli_list,
    shares_of,
    ugc_posts_of,
)


@pytest.fixture
def wire():
    return Wire()


@pytest.fixture
def finder(wire):
    return FINDER.format(encoded(wire.organization))


# Headers, in the order in which they are looked at.


def test_without_a_token_nothing_else_is_looked_at(wire, finder):
    shown = refused(wire.send("GET", finder, {}), 401, serviceErrorCode=401)
    assert shown == {"status": 401, "serviceErrorCode": 401, "message": "Empty oauth2_access_token"}
    empty = wire.get(finder, headers={"authorization": "Bearer "})
    assert empty.json() == shown


def test_another_scheme_is_unknown(wire, finder):
    answer = wire.get(finder, headers={"authorization": "Basic abc"})
    refused(answer, 401, message="Unknown authentication schema")


def test_a_wrong_token_is_refused_before_the_version(wire, finder):
    answer = wire.get(finder, token="AQXnobody", without={"linkedin-version"})
    refused(
        answer,
        401,
        serviceErrorCode=65600,
        code="INVALID_ACCESS_TOKEN",
        message="Invalid access token",
    )


def test_another_platforms_token_is_unknown(wire, finder):
    wire.world.add_token(Token("EAAB", "facebook", "page", "1"))
    refused(wire.get(finder, token="EAAB"), 401, serviceErrorCode=65600)


def test_the_version_is_required(wire, finder):
    answer = wire.get(finder, without={"linkedin-version", "x-restli-protocol-version"})
    assert refused(answer, 400) == {
        "status": 400,
        "code": "VERSION_MISSING",
        "message": "A version must be present. Please specify a version by adding the "
        "LinkedIn-Version header.",
    }


@pytest.mark.parametrize("version", ["202511", "202512", "202610", "2026-07", "v202607", "203013"])
def test_versions_that_are_gone_or_never_were_stop_everything(wire, finder, version):
    answer = wire.get(finder, version=version, without={"x-restli-protocol-version"})
    assert refused(answer, 426) == {
        "status": 426,
        "code": "NONEXISTENT_VERSION",
        "message": f"Requested version {version} is not active",
    }


@pytest.mark.parametrize("version", ["202601", "202604", "202607", "202609"])
def test_active_versions_answer(wire, finder, version):
    assert wire.get(finder, version=version).status == 200


def test_a_version_dies_on_its_day(wire, finder):
    wire.advance(days=52)  # 2027-01-14
    assert wire.get(finder, token=fresh(wire), version="202601").status == 200
    wire.advance(hours=10)
    refused(wire.get(finder, token=fresh(wire), version="202601"), 426)


def fresh(wire):
    """A new token: the first may be too old after moving the clock."""
    consent = wire.service.authority.consents[0]
    return wire.service.authority.issue(consent).value


def test_more_versions_by_switch(wire, finder):
    wire.switch(versions={"202611": "2027-11-15", "202607": "2026-11-01"})
    assert wire.get(finder, version="202611").status == 200
    refused(wire.get(finder, version="202607"), 426)


def test_a_version_older_than_the_resource_is_a_404():
    early = Wire(start=datetime(2026, 3, 1, tzinfo=UTC))
    target = "/rest/memberCreatorPostAnalytics?q=me&queryType=IMPRESSION"
    answer = early.get(target, version="202505", without={"x-restli-protocol-version"})
    refused(answer, 404, code="NOT_FOUND")
    refused(early.get(target, version="202506"), 403)
    followers = "/rest/memberFollowersCount?q=dateRange&dateRange=(start:(day:1,month:2,year:2026),end:(day:2,month:2,year:2026))"
    refused(early.get(followers, version="202504"), 404, code="NOT_FOUND")
    refused(early.get("/rest/memberFollowersCount?q=me", version="202504"), 403)


@pytest.mark.parametrize("sent", [None, "1.0.0", "2.0"])
def test_the_protocol_header_is_required(wire, finder, sent):
    if sent is None:
        answer = wire.get(finder, without={"x-restli-protocol-version"})
    else:
        answer = wire.get(finder, headers={"x-restli-protocol-version": sent})
    refused(answer, 400)


def test_the_protocol_header_with_an_underscore_is_another_header(wire, finder):
    answer = wire.get(
        finder,
        without={"x-restli-protocol-version"},
        headers={"x-restli-protocol_version": "2.0.0"},
    )
    refused(answer, 400)


def test_the_announced_method_has_to_fit(wire, finder):
    assert wire.get(finder, headers={"x-restli-method": "FINDER"}).status == 200
    refused(wire.get(finder, headers={"x-restli-method": "BATCH_GET"}), 400)
    one = f"/rest/posts/{encoded(wire.posts()[0].id)}"
    assert wire.get(one, headers={"x-restli-method": "get"}).status == 200
    refused(wire.get(one, headers={"x-restli-method": "FINDER"}), 400)


def test_answers_are_traced_and_tell_no_limits(wire, finder):
    wire.switch(app_calls_a_day=1)
    first, second = wire.get(finder), wire.get(finder)
    for answer in (first, second):
        assert {"x-li-uuid", "x-li-fabric", "x-li-request-id"} <= answer.headers.keys()
        assert not [n for n in answer.headers if "rate" in n or "retry" in n]
    assert first.headers["x-li-request-id"] != second.headers["x-li-request-id"]


# Rest.li over the raw query string.


@pytest.mark.parametrize(
    "old",
    ["shares[0]=urn%3Ali%3Ashare%3A1", "ugcPosts%5B0%5D=x", "timeIntervals.timeRange.start=1"],
)
def test_protocol_one_syntax_is_denied(wire, old):
    answer = wire.get(f"{STATISTICS}&organizationalEntity={encoded(wire.organization)}&{old}")
    name = old.partition("=")[0].replace("%5B", "[").replace("%5D", "]")
    refused(
        answer,
        403,
        code="ACCESS_DENIED",
        serviceErrorCode=100,
        message="Unpermitted fields present in PARAMETER: Data Processing Exception while "
        f"processing fields [/{name}]",
    )


def test_unknown_parameters_are_named(wire, finder):
    bad_input(wire.get(f"{finder}&limit=5"), "QUERY_PARAM_NOT_ALLOWED", "limit")
    bad_input(wire.get(f"{finder}&what[0]=5"), "QUERY_PARAM_NOT_ALLOWED", "what[0]")
    bad_input(wire.get(f"{finder}&ids=List(a)"), "QUERY_PARAM_NOT_ALLOWED", "q")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("organizationalEntity=urn:li:organization:1001", "organizationalEntity"),
        ("organizationalEntity=urn%253Ali%253Aorganization%253A1001", "organizationalEntity"),
        ("organizationalEntity=1001", "organizationalEntity"),
        ("", "organizationalEntity"),
        ("organizationalEntity={}&shares=List(urn:li:share:1)", "shares"),
        ("organizationalEntity={}&shares=List%28urn%3Ali%3Ashare%3A1%29", "shares"),
        ("organizationalEntity={}&shares=List(urn%253Ali%253Ashare%253A1)", "shares"),
        ("organizationalEntity={}&shares=List(urn%3Ali%3Ashare%3A1", "shares"),
        ("organizationalEntity={}&shares=urn%3Ali%3Ashare%3A1", "shares"),
        ("organizationalEntity={}&shares=List()", "shares"),
        ("organizationalEntity={}&shares=List(12)", "shares"),
        ("organizationalEntity={}&shares=List((a:b))", "shares"),
        ("organizationalEntity={}&shares=List(urn%3Ali%3Ashare%3Ax)", "shares"),
        ("organizationalEntity={}&timeIntervals=DAY", "timeIntervals"),
        ("organizationalEntity={}&start=-1", "start"),
    ],
)
def test_bad_encoding_is_a_400(wire, query, field):
    query = query.format(encoded(wire.organization))
    answer = wire.get(f"{STATISTICS}&{query}" if query else STATISTICS)
    bad_input(answer, "FIELD_INVALID", field)


def test_missing_or_unknown_finders_are_a_400(wire):
    bad_input(wire.get("/rest/posts"), "FIELD_INVALID", "q")
    bad_input(wire.get("/rest/posts?q=owner"), "FIELD_INVALID", "q")


@pytest.mark.parametrize("key", ["urn:li:share:1", "urn%253Ali%253Ashare%253A1", "12", "%zz"])
def test_path_keys_are_encoded_exactly_once(wire, key):
    refused(wire.get(f"/rest/posts/{key}"), 400)


def test_wrong_urn_types_are_named(wire):
    share, ugc = shares_of(wire.posts())[0], ugc_posts_of(wire.posts())[0]
    bad_input(wire.statistics(shares=[share, ugc]), "INVALID_URN_TYPE", "shares")
    bad_input(wire.statistics(ugc_posts=[share]), "INVALID_URN_TYPE", "ugcPosts")
    person = encoded("urn:li:person:abc")
    answer = wire.get(f"{STATISTICS}&organizationalEntity={person}")
    bad_input(answer, "INVALID_URN_TYPE", "organizationalEntity")


def test_activities_are_denied(wire):
    activity = "urn:li:activity:7000000000000000001"
    denied = {"code": "ACCESS_DENIED", "serviceErrorCode": 100}
    refused(wire.statistics(shares=[activity]), 403, **denied)
    refused(wire.get(f"/rest/posts/{encoded(activity)}"), 403, **denied)


def test_a_long_url_is_a_414_and_its_tunnel_works(wire):
    shares = [*shares_of(wire.posts()), *(f"urn:li:share:{n}" for n in range(1, 400))]
    long = wire.statistics(shares=shares)
    refused(long, 414)
    query = (
        f"q=organizationalEntity&organizationalEntity={encoded(wire.organization)}"
        f"&shares={restli_list(shares)}"
    )
    path = STATISTICS.partition("?")[0]
    answer = wire.tunnelled(path, query)
    assert answer.status == 200
    assert {e["share"] for e in answer.json()["elements"]} <= set(shares)
    assert wire.world.journal.labels["linkedin share statistics"] == 2


def test_tunnels_need_the_override_the_form_and_a_length(wire, finder):
    path, _, query = finder.partition("?")
    assert wire.tunnelled(path, query).status == 200
    refused(wire.tunnelled(path, query, **{"content-type": "application/json"}), 400)
    refused(wire.tunnelled(path, query, **{"x-http-method-override": "DELETE"}), 405)
    refused(wire.tunnelled(finder, query), 400)
    refused(wire.send("POST", path, {"authorization": f"Bearer {wire.handle.token}"}), 411)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_other_methods_are_a_405(wire, finder, method):
    headers = {
        "authorization": f"Bearer {wire.handle.token}",
        "linkedin-version": "202607",
        "x-restli-protocol-version": "2.0.0",
        "content-length": "0",
    }
    refused(wire.send(method, finder, headers), 405)


def test_unknown_addresses_are_a_404(wire):
    for target in ("/rest/nothing", "/rest/posts/a/b", "/v2/shares", "/", "/v26.0/me"):
        refused(wire.get(target), 404, code="NOT_FOUND")
