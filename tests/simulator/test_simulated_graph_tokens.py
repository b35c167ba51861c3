"""Tokens: how they come, how they die, and the proofs that go with them."""

import hashlib
import hmac
from datetime import timedelta

import pytest

from analytics_sync.simulator.services._graph.tokens import proof_of
from support.graph_wire import START, Wire


@pytest.fixture
def wire():
    return Wire(posts=12, media=12)


def test_tokens_come_by_parameter_form_or_header(wire):
    token = wire.page.token
    path = "/facebook/v26.0/me"
    by = [
        wire.send("GET", path, params={"access_token": token}),
        wire.send("GET", path, headers={"Authorization": f"Bearer {token}"}),
        wire.send("GET", path, headers={"Authorization": f"OAuth {token}"}),
        wire.send("POST", path, data={"access_token": token, "method": "GET"}),
        wire.send("POST", path, json={"access_token": token, "method": "GET"}),
        wire.send("POST", path, files={"access_token": (None, token), "method": (None, "GET")}),
    ]
    assert [answer.json().get("id") for answer in by] == [wire.page_id] * len(by)


def test_a_call_without_a_token(wire):
    assert wire.error(wire.page_id, token=None) == (
        400,
        {
            "message": "An access token is required to request this resource.",
            "type": "OAuthException",
            "code": 104,
        },
    )
    assert wire.error("me", token=None)[1]["code"] == 2500
    assert wire.error("me", token="")[1]["code"] == 2500


def test_unknown_tokens_and_tokens_of_the_other_host(wire):
    wanted = (
        400,
        {
            "message": "Invalid OAuth access token - Cannot parse access token",
            "type": "OAuthException",
            "code": 190,
        },
    )
    assert wire.error("me", token="EAANonsense") == wanted
    assert wire.error("me", token=wire.direct.token) == wanted
    assert wire.error("me", token=wire.page.token, host="instagram") == wanted


def test_an_expired_token(wire):
    token = wire.token("page", wire.page_id, "x", expires_at=START + timedelta(hours=1))
    assert wire.get("me", token=token).status_code == 200
    wire.advance(hours=1)
    status, error = wire.error("me", token=token)
    assert status == 400
    assert error.pop("message").startswith(
        "Error validating access token: Session has expired on Monday, 23-Nov-26 15:00:00 UTC."
    )
    assert error == {"type": "OAuthException", "code": 190, "error_subcode": 463}


@pytest.mark.parametrize("subcode", [458, 459, 460, 463, 464, 467, 492])
def test_a_revoked_token_says_why(wire, subcode):
    wire.world.tokens[wire.page.token].revoked = str(subcode)
    status, error = wire.error("me")
    assert (status, error["type"], error["code"]) == (400, "OAuthException", 190)
    assert error["error_subcode"] == subcode
    assert error["message"].startswith("Error validating access token: ")


def test_a_dead_token_may_have_no_subcode_or_code_102_or_status_401(wire):
    token = wire.world.tokens[wire.page.token]
    token.revoked = "some reason"
    assert "error_subcode" not in wire.error("me")[1]
    wire.switch(facebook__token_status=401)
    assert wire.error("me")[0] == 401
    token.revoked = "102"
    assert wire.error("me")[1]["code"] == 102


def test_refusals_carry_a_challenge(wire):
    wire.world.tokens[wire.page.token].revoked = "460"
    challenge = wire.get("me").headers["www-authenticate"]
    assert challenge.startswith('OAuth "Facebook Platform" "invalid_token" "Error validating')


def test_the_proof_of_the_documentation():
    assert (
        proof_of("appsecret", "TOKEN")
        == "5ce7e27778ee701854c15400a27248a17dca845fae4a6a40efc6de3c6e504067"
    )


def proof(secret, token):
    return hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize("host", ["facebook", "instagram"])
def test_a_required_proof_must_belong_to_the_token(wire, host):
    token = wire.page.token if host == "facebook" else wire.direct.token
    wire.switch(**{f"{host}__require_proof": "s3cret"})
    status, error = wire.error("me", host=host)
    assert (status, error["code"], error["type"]) == (400, 100, "GraphMethodException")
    assert error["message"] == "API calls from the server require an appsecret_proof argument"
    for wrong in (
        proof("other", token),
        proof("s3cret", "other"),
        "x",
        proof("s3cret", token).upper(),
    ):
        error = wire.error("me", host=host, appsecret_proof=wrong)[1]
        assert error["message"] == "Invalid appsecret_proof provided in the API argument"
        assert error["code"] == 100
    right = wire.get("me", host=host, appsecret_proof=proof("s3cret", token))
    assert right.status_code == 200


def test_a_proof_that_is_not_required_is_checked_when_the_secret_is_known(wire):
    assert wire.get("me", appsecret_proof="anything").status_code == 200
    wire.switch(facebook__app_secret="s3cret")
    assert wire.error("me", appsecret_proof="anything")[1]["code"] == 100
    assert wire.get("me").status_code == 200


def test_the_proof_of_an_added_app_is_checked_always(wire):
    wire.facebook.add_app("Other", "77", "s3cret")
    token = wire.token("user", "77", facts={"app_id": "77", "pages": []})
    wrong = wire.error("me", token=token, appsecret_proof=proof("appsecret", token))
    assert wrong[1]["code"] == 100
    right = wire.get("me", token=token, appsecret_proof=proof("s3cret", token))
    assert right.status_code == 200


def test_every_item_with_its_own_token_needs_its_own_proof(wire):
    wire.switch(facebook__require_proof="s3cret")
    own, other = wire.page.token, wire.behind.token
    answer = wire.batch(
        "me?fields=id",
        f"me?fields=id&access_token={other}",
        f"me?fields=id&access_token={other}&appsecret_proof={proof('s3cret', other)}",
        token=own,
        appsecret_proof=proof("s3cret", own),
    )
    assert [item["code"] for item in answer.json()] == [200, 400, 200]


def test_an_application_token(wire):
    assert wire.error("me", token="42|appsecret")[1]["code"] == 2500
    assert wire.error(wire.page_id, token="42|appsecret")[1]["code"] == 10
    assert wire.error("me", token="42|wrong")[1]["code"] == 190
