"""Consents and tokens of the simulated LinkedIn, over their lifetime."""

from urllib.parse import parse_qs, urlencode

import pytest

from analytics_sync.simulator.services._linkedin.apps import DEFAULT_APPLICATION, Application
from support.linkedin_wire import START, Wire, refused

CLIENT = {
    "client_id": DEFAULT_APPLICATION.client_id,
    "client_secret": DEFAULT_APPLICATION.client_secret,
}
YEAR = 31_536_000
INVALID = {
    "error": "invalid_request",
    "error_description": "The provided authorization grant or refresh token is invalid, "
    "expired or revoked",
}


@pytest.fixture
def wire():
    return Wire(posts=1)


@pytest.fixture
def consent(wire):
    return wire.service.authority.consents[0]


def refresh(wire, consent, **more):
    fields = {"grant_type": "refresh_token", "refresh_token": consent.refresh_token, **CLIENT}
    return wire.form("/oauth/v2/accessToken", {**fields, **more})


def introspect(wire, token, **more):
    answer = wire.form("/oauth/v2/introspectToken", {"token": token, **CLIENT, **more})
    assert answer.status == 200
    return answer.json()


def me(wire, token):
    return wire.get("/v2/me", token=token)


def test_refreshing_keeps_the_refresh_token_and_its_end(wire, consent):
    wire.advance(days=10)
    first = refresh(wire, consent).json()
    assert first["refresh_token"] == consent.refresh_token
    assert first["expires_in"] == 5_184_000
    assert first["refresh_token_expires_in"] == YEAR - 10 * 86_400
    assert first["scope"].split(",") == sorted(consent.scopes)
    assert me(wire, first["access_token"]).status == 200
    wire.advance(days=20)
    second = refresh(wire, consent).json()
    assert second["refresh_token"] == consent.refresh_token
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token_expires_in"] == YEAR - 30 * 86_400


def test_a_refreshed_token_has_the_same_rights(wire, consent):
    token = refresh(wire, consent).json()["access_token"]
    answer = wire.statistics(token=token)
    assert answer.status == 200
    assert len(token) > 400


def test_the_refresh_token_ends_a_year_after_the_consent(wire, consent):
    wire.advance(days=364)
    assert refresh(wire, consent).status == 200
    wire.advance(days=1)
    answer = refresh(wire, consent)
    assert (answer.status, answer.json()) == (400, INVALID)


def test_refresh_tokens_may_rotate_by_switch(wire, consent):
    wire.switch(rotate_refresh_tokens=True)
    old = consent.refresh_token
    new = refresh(wire, consent).json()["refresh_token"]
    assert new != old
    assert refresh(wire, consent, refresh_token=old).json() == INVALID
    assert refresh(wire, consent).status == 200


def test_applications_without_refresh_get_no_refresh_token(wire):
    small = wire.service.authority.add_application(
        Application("77small", "s3cret", refreshes=False)
    )
    given = wire.service.consent("urn:li:person:x", ["openid"], application=small)
    assert given.refresh_token is None
    code = wire.service.authority.code(given, "http://127.0.0.1/back")
    answer = wire.form(
        "/oauth/v2/accessToken",
        {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": "http://127.0.0.1/back",
            "client_id": "77small",
            "client_secret": "s3cret",
        },
    ).json()
    assert answer.keys() == {"access_token", "expires_in", "scope"}


def test_refusals_of_the_token_endpoint(wire, consent):
    path = "/oauth/v2/accessToken"
    assert refresh(wire, consent, refresh_token="AQWother").json() == INVALID
    wrong = refresh(wire, consent, client_secret="guess")
    assert (wrong.status, wrong.json()["error"]) == (401, "invalid_client")
    unknown = refresh(wire, consent, client_id="nobody")
    assert (unknown.status, unknown.json()["error"]) == (401, "invalid_client")
    missing = wire.form(path, {"grant_type": "refresh_token", **CLIENT})
    assert missing.status == 400
    assert missing.json()["error_description"] == 'A required parameter "refresh_token" is missing'
    grant = wire.form(path, {"grant_type": "password", **CLIENT})
    assert (grant.status, grant.json()["error"]) == (400, "unsupported_grant_type")
    assert wire.send("GET", path, {}).status == 405
    in_url = "&".join(f"{name}={value}" for name, value in CLIENT.items())
    kind = {"content-type": "application/x-www-form-urlencoded", "content-length": "0"}
    assert wire.send("POST", f"{path}?{in_url}", kind).status == 400
    json = wire.send("POST", path, {"content-type": "application/json"}, b"{}")
    assert (json.status, json.json()["error"]) == (400, "invalid_request")


def test_another_applications_refresh_token_is_invalid(wire, consent):
    wire.service.authority.add_application(Application("77other", "s3cret"))
    answer = refresh(wire, consent, client_id="77other", client_secret="s3cret")
    assert (answer.status, answer.json()) == (400, INVALID)


def test_access_tokens_expire_after_sixty_days(wire):
    wire.advance(days=59, hours=23)
    assert me(wire, wire.handle.token).status == 200
    wire.advance(hours=1)
    refused(
        me(wire, wire.handle.token),
        401,
        serviceErrorCode=65602,
        code="EXPIRED_ACCESS_TOKEN",
        message="The token used in the request has expired",
    )
    assert introspect(wire, wire.handle.token)["status"] == "expired"


def test_a_withdrawn_consent_revokes_its_tokens(wire, consent):
    wire.service.authority.withdraw(consent)
    refused(
        me(wire, wire.handle.token),
        401,
        serviceErrorCode=65601,
        code="REVOKED_ACCESS_TOKEN",
        message="The token used in the request has been revoked by the user",
    )
    assert refresh(wire, consent).json() == INVALID
    assert introspect(wire, wire.handle.token)["status"] == "revoked"


def test_a_fresh_token_may_need_some_seconds(wire, consent):
    wire.switch(refresh_settling=4)
    token = refresh(wire, consent).json()["access_token"]
    refused(me(wire, token), 401, serviceErrorCode=65601, code="REVOKED_ACCESS_TOKEN")
    assert introspect(wire, token)["active"] is True
    wire.advance(seconds=3)
    assert me(wire, token).status == 401
    wire.advance(seconds=1)
    assert me(wire, token).status == 200


def test_introspection_tells_times_and_scopes_without_quota(wire, consent):
    wire.advance(days=1)
    token = refresh(wire, consent).json()["access_token"]
    told = introspect(wire, token)
    day, start = 86_400, int(START.timestamp())
    assert told == {
        "active": True,
        "status": "active",
        "client_id": DEFAULT_APPLICATION.client_id,
        "scope": ",".join(sorted(consent.scopes)),
        "created_at": start + day,
        "authorized_at": start,
        "expires_at": start + 61 * day,
        "auth_type": "3L",
    }
    assert wire.world.journal.charged["linkedin"] == 0
    assert wire.world.journal.labels["linkedin introspection"] == 1


def test_introspection_of_refresh_and_foreign_tokens(wire, consent):
    told = introspect(wire, consent.refresh_token)
    assert told["active"] is True
    assert told["expires_at"] == int(START.timestamp()) + YEAR
    assert introspect(wire, "AQXnobody") == {"active": False}
    wire.service.authority.add_application(Application("77other", "s3cret"))
    other = {"client_id": "77other", "client_secret": "s3cret"}
    assert introspect(wire, wire.handle.token, **other) == {"active": False}
    wire.advance(days=365)
    assert introspect(wire, consent.refresh_token)["status"] == "expired"


def test_revoking_an_access_token_leaves_the_consent(wire, consent):
    answer = wire.form("/oauth/v2/revoke", {"token": wire.handle.token, **CLIENT})
    assert answer.status == 200
    refused(me(wire, wire.handle.token), 401, serviceErrorCode=65601)
    token = refresh(wire, consent).json()["access_token"]
    wire.form("/oauth/v2/revoke", {"token": consent.refresh_token, **CLIENT})
    refused(me(wire, token), 401, serviceErrorCode=65601)
    assert refresh(wire, consent).json() == INVALID


def test_other_scopes_invalidate_earlier_tokens(wire, consent):
    same = wire.service.consent(consent.member, sorted(consent.scopes))
    assert me(wire, wire.handle.token).status == 200
    wire.service.consent(consent.member, ["openid"])
    refused(me(wire, wire.handle.token), 401, serviceErrorCode=65601)
    refused(me(wire, same.tokens[-1].value), 401, serviceErrorCode=65601)


BACK = "http://127.0.0.1:5000/callback"
SCOPES = "openid r_basicprofile rw_organization_admin"


def authorize(wire, form=None, **more):
    fields = {
        "response_type": "code",
        "client_id": DEFAULT_APPLICATION.client_id,
        "redirect_uri": BACK,
        "scope": SCOPES,
        "state": "xyz",
        **more,
    }
    target = f"/oauth/v2/authorization?{urlencode(fields)}"
    if form is None:
        return wire.send("GET", target, {})
    kind = {"content-type": "application/x-www-form-urlencoded"}
    return wire.send("POST", target, kind, urlencode(form).encode())


def allow(wire, member=None, **more):
    person = member or wire.service.authority.consents[0].member
    return authorize(wire, {"decision": "allow", "person": person}, **more)


def exchange(wire, code, redirect=BACK):
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, **CLIENT}
    return wire.form("/oauth/v2/accessToken", fields)


def answer_of(answer):
    assert answer.status == 302
    address, _, query = answer.headers["location"].partition("?")
    assert address == BACK
    return {name: values[0] for name, values in parse_qs(query).items()}


def code_of(answer):
    return answer_of(answer)["code"]


def test_the_page_shows_members_app_and_scopes(wire):
    text = authorize(wire).body.decode()
    for part in ("Admin Bakery", "Sim Person", "Simulated app", 'id="scope-openid"'):
        assert part in text
    for button in ("allow", "cancel", "cancel-login"):
        assert f'id="{button}"' in text


def test_the_browsers_way_from_consent_to_token(wire, consent):
    answer = answer_of(allow(wire))
    assert answer.keys() == {"code", "state"}
    assert answer["state"] == "xyz"
    given = exchange(wire, answer["code"]).json()
    assert given["scope"] == "openid,r_basicprofile,rw_organization_admin"
    assert given["refresh_token_expires_in"] == YEAR
    assert me(wire, given["access_token"]).json()["id"] == consent.member.rpartition(":")[2]
    assert wire.statistics(token=given["access_token"]).status == 200
    assert exchange(wire, answer["code"]).json() == INVALID


def test_codes_last_half_an_hour_and_keep_their_address(wire):
    other = BACK.replace("5000", "5001")
    assert exchange(wire, code_of(allow(wire)), redirect=other).json() == INVALID
    code = code_of(allow(wire))
    wire.advance(minutes=29, seconds=59)
    assert exchange(wire, code).status == 200
    code = code_of(allow(wire))
    wire.advance(minutes=30)
    assert exchange(wire, code).json() == INVALID
    code = code_of(allow(wire))
    assert wire.service.expire_codes() == 1
    assert exchange(wire, code).json() == INVALID


def test_a_second_consent_with_other_scopes_kills_what_the_first_gave(wire, consent):
    first = exchange(wire, code_of(allow(wire))).json()
    waiting = code_of(allow(wire))
    second = exchange(wire, code_of(allow(wire, scope="openid r_basicprofile"))).json()
    refused(me(wire, first["access_token"]), 401, serviceErrorCode=65601)
    assert introspect(wire, first["access_token"])["status"] == "revoked"
    assert refresh(wire, consent, refresh_token=first["refresh_token"]).json() == INVALID
    assert exchange(wire, waiting).json() == INVALID
    assert me(wire, second["access_token"]).status == 200
    again = exchange(wire, code_of(allow(wire, scope="r_basicprofile openid"))).json()
    assert me(wire, second["access_token"]).status == me(wire, again["access_token"]).status == 200


def test_another_member_or_app_kills_nothing(wire, consent):
    member = wire.service.populate_member("Ann Author", 1).platform_account_id
    given = exchange(wire, code_of(allow(wire, member))).json()
    assert me(wire, given["access_token"]).json()["id"] == member.rpartition(":")[2]
    wire.service.add_app("Other", "77other", "s3cret")
    assert allow(wire, client_id="77other", scope="openid").status == 302
    assert me(wire, wire.handle.token).status == 200


def test_cancelling_leads_back_with_what_was_cancelled(wire):
    cancelled = answer_of(authorize(wire, {"decision": "cancel"}))
    assert cancelled["error"] == "user_cancelled_authorize"
    assert cancelled["state"] == "xyz"
    login = answer_of(authorize(wire, {"decision": "cancel-login"}))
    assert login["error"] == "user_cancelled_login"


def test_scopes_that_the_app_does_not_have_are_told_to_the_app(wire):
    wire.service.add_app("Small", "77small", "s3cret", scopes=["openid", "r_basicprofile"])
    for more in ({"scope": "openid everything"}, {"client_id": "77small"}):
        answer = answer_of(authorize(wire, **more))
        assert answer["error"] == "unauthorized_scope_error"
        assert answer["state"] == "xyz"
        assert answer["error_description"].startswith('Scope "')
    assert authorize(wire, client_id="77small", scope="openid").status == 200


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"client_id": "nobody"}, "client_id is invalid"),
        ({"redirect_uri": "http://127.0.0.1:5000/back"}, "redirect_uri does not match"),
        ({"response_type": "token"}, "response_type"),
        ({"scope": ""}, "scope"),
    ],
)
def test_a_wrong_request_leads_nowhere(wire, wrong, words):
    for answer in (authorize(wire, **wrong), allow(wire, **wrong)):
        assert answer.status == 400
        assert words in answer.body.decode()
        assert "location" not in answer.headers


def test_nobody_logs_in_who_does_not_exist(wire):
    assert allow(wire, "urn:li:person:nobody").status == 400


def test_a_member_has_several_pages_and_roles(wire):
    service = wire.service
    pages = [service.add_organization(f"Page {n}", 1, number=2000 + n).id for n in range(12)]
    ann = service.add_person("Ann", administers=pages, roles={wire.organization: "ANALYST"})
    token = exchange(wire, code_of(allow(wire, ann))).json()["access_token"]

    def listed(query):
        finder = "/rest/organizationAcls?q=roleAssignee&count=100"
        rows = wire.get(finder + query, token=token).json()["elements"]
        return [(row["organization"], row["role"]) for row in rows]

    assert listed("&role=ADMINISTRATOR&state=APPROVED") == [(p, "ADMINISTRATOR") for p in pages]
    assert listed("&role=ANALYST") == [(wire.organization, "ANALYST")]
    assert len(listed("")) == 13
    assert listed("&state=REQUESTED") == []
    refused(wire.statistics(token=token), 403, code="ACCESS_DENIED")


def test_one_person_administers_all_made_up_organisations(wire):
    other = wire.service.populate(2, "Other", 1)
    (everywhere,) = [one for one in wire.service.people() if one.name == "Sim Person"]
    token = exchange(wire, code_of(allow(wire, everywhere.id))).json()["access_token"]
    rows = wire.get("/rest/organizationAcls?q=roleAssignee", token=token).json()["elements"]
    assert [row["organization"] for row in rows] == [wire.organization, other.platform_account_id]


def test_the_service_knows_how_often_each_consent_was_refreshed(wire, consent):
    wire.switch(rotate_refresh_tokens=True)
    old = consent.refresh_token
    refresh(wire, consent)
    refresh(wire, consent, refresh_token=old)
    assert wire.service.authority.rotations == {old: 1}
    (facts,) = wire.service.grants()
    assert (facts.rotations, facts.refused, facts.alive) == (1, 1, True)
    assert facts.refresh_token == consent.refresh_token != old
    assert wire.service.withdraw(consent.member, "other") == 0
    assert wire.service.withdraw(consent.member) == 1
    assert not wire.service.grants()[0].alive
    assert introspect(wire, facts.access_token)["status"] == "revoked"


def test_other_oauth_addresses_do_not_exist(wire):
    refused(wire.get("/oauth/v2/device"), 404)
