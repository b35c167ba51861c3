"""The simulated X: refreshing and revoking tokens."""

import base64
import json
from typing import Any

import httpx
import pytest

from analytics_sync.simulator.recorder import ConnectionCut
from analytics_sync.simulator.services._x.apps import CONFIDENTIAL, PUBLIC, Grant
from analytics_sync.simulator.services._x.oauth_form import FORM
from support.simulated_x import AskedX

DEAD = {"error": "invalid_request", "error_description": "Value passed for the token was invalid."}
NO_HEADER = {
    "error": "unauthorized_client",
    "error_description": "Missing valid authorization header",
}


def basic(name: str, secret: str | None) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


OURS = basic(CONFIDENTIAL.id, CONFIDENTIAL.secret)


def ask(x: AskedX, what: str, headers: dict[str, str] | None = None, **form: Any) -> httpx.Response:
    return x.ask(
        f"/2/oauth2/{what}",
        method="POST",
        headers={**(headers or {}), "content-type": FORM},
        data={name: value for name, value in form.items() if value is not None},
    )


def refresh(x: AskedX, token: str | None, headers: dict[str, str] | None = None) -> httpx.Response:
    return ask(x, "token", headers or OURS, grant_type="refresh_token", refresh_token=token)


def test_a_refresh_answers_a_new_pair_that_lives_two_hours() -> None:
    x = AskedX()
    grant = x.service.oauth.grant(x.user)
    first = grant.access
    answer = refresh(x, grant.refresh)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert set(body) == {"token_type", "expires_in", "access_token", "scope", "refresh_token"}
    assert (body["token_type"], body["expires_in"]) == ("bearer", 7200)
    assert body["scope"] == "tweet.read users.read offline.access"
    assert len({first, body["access_token"], body["refresh_token"], grant.access}) == 3
    assert x.ask("/2/users/me", body["access_token"]).json()["data"]["id"] == x.user
    x.later(hours=2)
    assert x.ask("/2/users/me", body["access_token"]).status_code == 401


def test_a_refresh_token_works_once() -> None:
    x = AskedX()
    grant = x.service.oauth.grant(x.user)
    used = grant.refresh
    second = refresh(x, used).json()["refresh_token"]
    again = refresh(x, used)
    assert (again.status_code, again.json()) == (400, DEAD)
    assert refresh(x, second).status_code == 200


def test_an_answer_lost_on_its_way_has_used_up_the_refresh_token() -> None:
    x = AskedX()
    grant = x.service.oauth.grant(x.user)
    used = grant.refresh
    x.fault("lost", match="oauth2/token")
    with pytest.raises(ConnectionCut):
        refresh(x, used)
    assert refresh(x, used).json() == DEAD


def test_without_offline_access_there_is_no_refresh_token() -> None:
    x = AskedX()
    grant = x.service.oauth.grant(x.user, scopes=("tweet.read", "users.read"))
    assert grant.refresh is None
    assert x.ask("/2/users/me", grant.access).status_code == 200


def test_a_confidential_client_must_show_its_secret() -> None:
    x = AskedX()
    token = x.service.oauth.grant(x.user).refresh
    form = {"grant_type": "refresh_token", "refresh_token": token}
    missing = ask(x, "token", client_id=CONFIDENTIAL.id, **form)
    in_body = ask(x, "token", client_id=CONFIDENTIAL.id, client_secret=CONFIDENTIAL.secret, **form)
    wrong = refresh(x, token, basic(CONFIDENTIAL.id, "guess"))
    garbage = refresh(x, token, {"authorization": "Basic !!!"})
    for answer in (missing, in_body, wrong, garbage):
        assert (answer.status_code, answer.json()) == (401, NO_HEADER)
    assert refresh(x, token).status_code == 200


def test_a_public_client_names_itself_in_the_form() -> None:
    x = AskedX()
    token = x.service.oauth.grant(x.user, application=PUBLIC).refresh
    form = {"grant_type": "refresh_token", "refresh_token": token}
    nameless = ask(x, "token", **form)
    assert nameless.status_code == 400
    assert nameless.json()["error_description"] == "Missing required parameter [client_id]."
    assert ask(x, "token", client_id=PUBLIC.id, **form).status_code == 200


def test_an_unknown_client_and_anothers_token() -> None:
    x = AskedX()
    token = x.service.oauth.grant(x.user, application=PUBLIC).refresh
    unknown = refresh(x, token, basic("nobody", "secret"))
    assert (unknown.status_code, unknown.json()["error"]) == (401, "invalid_client")
    foreign = refresh(x, token)
    assert (foreign.status_code, foreign.json()) == (400, DEAD)
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": PUBLIC.id}
    assert ask(x, "token", **form).status_code == 200


@pytest.mark.parametrize(
    ("form", "error", "description"),
    [
        ({}, "invalid_request", "Missing required parameter [grant_type]."),
        (
            {"grant_type": "refresh_token"},
            "invalid_request",
            "Missing required parameter [refresh_token].",
        ),
        (
            {"grant_type": "password"},
            "unsupported_grant_type",
            "Unsupported grant type: password.",
        ),
        (
            {"grant_type": "authorization_code"},
            "invalid_request",
            "Missing required parameter [code].",
        ),
        (
            {
                "grant_type": "authorization_code",
                "code": "unknown",
                "redirect_uri": "http://127.0.0.1:5/callback",
                "code_verifier": "v" * 43,
            },
            "invalid_request",
            "Value passed for the authorization code was invalid.",
        ),
    ],
)
def test_what_the_form_lacks_is_told(form: dict[str, str], error: str, description: str) -> None:
    answer = ask(AskedX(), "token", OURS, **form)
    assert answer.status_code == 400
    assert answer.json() == {"error": error, "error_description": description}


def test_only_forms_are_read() -> None:
    answer = AskedX().ask(
        "/2/oauth2/token", method="POST", headers={**OURS, "content-type": "application/json"}
    )
    assert answer.status_code == 400
    assert "x-www-form-urlencoded" in answer.json()["error_description"]


@pytest.mark.parametrize("which", ["access", "refresh"])
def test_revoking_either_token_ends_the_consent(which: str) -> None:
    x = AskedX()
    grant = x.service.oauth.grant(x.user)
    answer = ask(x, "revoke", OURS, token=getattr(grant, which))
    assert (answer.status_code, answer.json()) == (200, {"revoked": True})
    assert x.ask("/2/users/me", grant.access).status_code == 401
    assert refresh(x, grant.refresh).json() == DEAD


def test_revoking_needs_the_client_and_a_token() -> None:
    x = AskedX()
    grant = x.service.oauth.grant(x.user)
    assert ask(x, "revoke", token=grant.access).status_code == 400
    assert ask(x, "revoke", OURS).json()["error_description"].endswith("[token].")
    assert x.ask("/2/users/me", grant.access).status_code == 200
    assert ask(x, "revoke", OURS, token="unknown").json() == {"revoked": True}


def test_the_user_may_withdraw_the_consent_at_x() -> None:
    x = AskedX()
    grant = x.service.oauth.grant(x.user)
    x.service.oauth.withdraw(grant)
    assert x.ask("/2/users/me", grant.access).status_code == 401
    assert refresh(x, grant.refresh).json() == DEAD


def test_made_up_accounts_have_a_token_without_end_or_one_to_refresh() -> None:
    x = AskedX()
    x.later(days=300)
    assert x.ask("/2/users/me").status_code == 200
    x.switch(token_lifetime=7200)
    handle = x.service.populate(2, "Other", 0)
    file = json.loads(handle.token)
    assert set(file) == {"access_token", "refresh_token", "expires_at", "scopes"}
    assert file["expires_at"] == "2027-09-19T14:00:00Z"
    assert file["scopes"] == ["tweet.read", "users.read", "offline.access"]
    assert x.ask("/2/users/me", file["access_token"]).status_code == 200
    assert refresh(x, file["refresh_token"]).status_code == 200


def test_secrets_are_not_shown() -> None:
    x = AskedX()
    grant = x.service.oauth.grant(x.user)
    assert isinstance(grant, Grant)
    shown = repr(grant) + repr(CONFIDENTIAL)
    assert grant.access not in shown
    assert str(grant.refresh) not in shown
    assert str(CONFIDENTIAL.secret) not in shown
