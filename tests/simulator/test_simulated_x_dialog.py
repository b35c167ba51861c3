"""The simulated X: its page for logging in, and the codes that it gives."""

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from analytics_sync.simulator.services._x.apps import CONFIDENTIAL, PUBLIC, s256
from analytics_sync.simulator.services._x.oauth_form import FORM
from support.simulated_x import AskedX

BACK = "http://127.0.0.1:5050/callback"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-000"
RIGHT: dict[str, str] = {
    "response_type": "code",
    "client_id": PUBLIC.id,
    "redirect_uri": BACK,
    "scope": "tweet.read users.read offline.access",
    "state": "st&te",
    "code_challenge": s256(VERIFIER),
    "code_challenge_method": "S256",
}


def at(more: dict[str, Any], path: str = "/i/oauth2/authorize") -> str:
    asked = {name: value for name, value in {**RIGHT, **more}.items() if value is not None}
    return f"{path}?{urlencode(asked)}"


def press(x: AskedX, decision: str = "allow", person: str = "", **more: Any) -> httpx.Response:
    form = {"decision": decision, "person": person or x.user}
    return x.ask(at(more), method="POST", headers={"content-type": FORM}, data=form)


def answer_of(response: httpx.Response) -> dict[str, str]:
    assert response.status_code == 302
    address = response.headers["location"]
    assert address.startswith(BACK + "?")
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def exchange(x: AskedX, code: str, **more: Any) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
        "client_id": PUBLIC.id,
        **more,
    }
    return x.ask(
        "/2/oauth2/token",
        method="POST",
        headers={"content-type": FORM},
        data={name: value for name, value in form.items() if value is not None},
    )


def code_for(x: AskedX, **more: Any) -> str:
    return answer_of(press(x, **more))["code"]


@pytest.mark.parametrize("path", ["/i/oauth2/authorize", "/2/oauth2/authorize"])
def test_the_page_shows_the_app_its_scopes_and_everyone_who_can_log_in(path: str) -> None:
    x = AskedX()
    other = x.service.add_user("Zoë <b>")
    page = x.ask(at({}, path))
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for part in (
        f'id="person-{x.user}"',
        f'id="person-{other.id}"',
        "Zoë &lt;b&gt;",
        'id="scope-offline.access"',
        PUBLIC.name,
        '<button type="submit" id="allow" name="decision" value="allow">Authorize app',
        '<button type="submit" id="cancel"',
    ):
        assert part in page.text
    assert "<script" not in page.text
    assert "src=" not in page.text


def test_allowing_leads_back_with_code_and_state_and_to_tokens_of_that_person() -> None:
    x = AskedX()
    other = x.service.add_user("Other")
    answer = answer_of(press(x, person=other.id))
    assert answer.keys() == {"state", "code"}
    assert answer["state"] == "st&te"
    told = exchange(x, answer["code"])
    assert told.status_code == 200
    assert set(told.json()) == {
        *("token_type", "expires_in", "access_token", "scope", "refresh_token"),
    }
    me = x.ask("/2/users/me", told.json()["access_token"]).json()["data"]
    assert me["id"] == other.id


def test_without_offline_access_no_refresh_token_comes() -> None:
    x = AskedX()
    told = exchange(x, code_for(x, scope="tweet.read users.read")).json()
    assert "refresh_token" not in told
    assert told["scope"] == "tweet.read users.read"


def test_cancelling_leads_back_with_the_denial() -> None:
    assert answer_of(press(AskedX(), "cancel")) == {"error": "access_denied", "state": "st&te"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "nobody"},
        {"client_id": None},
        {"redirect_uri": "http://127.0.0.1:5050/other"},
        {"redirect_uri": "http://127.0.0.1/callback"},
        {"redirect_uri": "https://127.0.0.1:5050/callback"},
        {"redirect_uri": "http://127.0.0.1:5050/callback?x=1"},
        {"redirect_uri": "http://u@127.0.0.1:5050/callback"},
        {"redirect_uri": "http://127.0.0.2:5050/callback"},
        {"redirect_uri": "http://127.0.0.1:99999/callback"},
        {"redirect_uri": None},
        {"response_type": "token"},
        {"state": None},
        {"state": "s" * 501},
        {"code_challenge": None},
        {"code_challenge": "short"},
        {"code_challenge_method": None},
        {"code_challenge_method": "S512"},
        {"scope": None},
        {"scope": "tweet.read everything"},
    ],
)
def test_a_wrong_request_is_told_to_the_person_and_leads_nowhere(wrong: dict[str, Any]) -> None:
    x = AskedX()
    for page in (x.ask(at(wrong)), press(x, **wrong)):
        assert page.status_code == 400
        assert "location" not in page.headers
        assert "Something went wrong" in page.text


def test_nobody_logs_in_who_does_not_exist() -> None:
    x = AskedX()
    assert press(x, person="4711").status_code == 400
    x.account.facts["suspended"] = True
    assert press(x).status_code == 400


def test_other_ports_of_this_machine_and_registered_addresses_are_accepted() -> None:
    x = AskedX()
    x.service.add_app("Web", "web", "s", redirect_uris=("https://agency.example/back?for=x",))
    registered = {"client_id": "web", "redirect_uri": "https://agency.example/back?for=x"}
    assert (
        press(x, **registered)
        .headers["location"]
        .startswith("https://agency.example/back?for=x&state=")
    )
    assert press(x, redirect_uri="http://localhost:1/callback").status_code == 302
    assert press(x, redirect_uri=registered["redirect_uri"]).status_code == 400


def test_the_longest_state_comes_back_whole() -> None:
    state = "s" * 500
    assert answer_of(press(AskedX(), state=state))["state"] == state


def refused(answer: httpx.Response, words: str) -> None:
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"
    assert words in answer.json()["error_description"]


def test_a_code_lives_thirty_seconds() -> None:
    x = AskedX()
    late, soon = code_for(x), code_for(x)
    x.later(seconds=29)
    assert exchange(x, soon).status_code == 200
    x.later(seconds=1)
    refused(exchange(x, late), "authorization code was invalid")


def test_a_code_works_once_and_only_as_it_was_asked_for() -> None:
    x = AskedX()
    code = code_for(x)
    assert exchange(x, code).status_code == 200
    refused(exchange(x, code), "authorization code was invalid")
    other = BACK.replace("5050", "5051")
    refused(exchange(x, code_for(x), redirect_uri=other), "redirect uri")
    refused(exchange(x, code_for(x), code_verifier=VERIFIER + "x"), "code verifier")
    refused(exchange(x, code_for(x), code_verifier=None), "[code_verifier]")
    refused(exchange(x, code_for(x), redirect_uri=None), "[redirect_uri]")


def test_a_code_belongs_to_its_app_and_a_confidential_one_shows_its_secret() -> None:
    x = AskedX()
    code = code_for(x, client_id=CONFIDENTIAL.id)
    refused(exchange(x, code), "authorization code was invalid")
    assert exchange(x, code, client_id=CONFIDENTIAL.id).status_code == 401


def test_a_plain_challenge_is_compared_as_it_is() -> None:
    x = AskedX()
    plain = {"code_challenge": "challenge", "code_challenge_method": "plain"}
    assert exchange(x, code_for(x, **plain), code_verifier="challenge").status_code == 200
    refused(exchange(x, code_for(x, **plain), code_verifier="other"), "code verifier")


def test_codes_can_be_made_to_expire() -> None:
    x = AskedX()
    code = code_for(x)
    assert x.service.expire_codes() == 1
    refused(exchange(x, code), "authorization code was invalid")


def test_the_service_knows_how_often_each_consent_was_renewed() -> None:
    x = AskedX()
    first = exchange(x, code_for(x)).json()["refresh_token"]

    def refresh(token: str) -> httpx.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": PUBLIC.id}
        return x.ask("/2/oauth2/token", method="POST", headers={"content-type": FORM}, data=form)

    second = refresh(first).json()["refresh_token"]
    assert refresh(first).status_code == 400
    assert x.service.oauth.rotations == {first: 1}
    assert x.service.oauth.refusals == {first: 1}
    facts = x.service.grants()[-1]
    assert (facts.rotations, facts.refused, facts.alive) == (1, 1, True)
    assert facts.refresh_token == second
    assert x.service.withdraw(x.user, PUBLIC.id) == 1
    assert not x.service.grants()[-1].alive
    assert refresh(second).status_code == 400
    assert x.ask("/2/users/me", facts.access_token).status_code == 401
    assert x.ask("/2/users/me").status_code == 200
