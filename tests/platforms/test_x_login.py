"""X's log-in against its simulator, and against servers that answer in every wrong way."""

import base64
import logging
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from analytics_sync.domain.credentials import App, Reachable, Token
from analytics_sync.domain.records import Account
from analytics_sync.errors import (
    AnswerNotUnderstood,
    CallFailed,
    ConfigurationInvalid,
    CredentialRefused,
    PlatformStopped,
    RateLimited,
    Temporary,
    WrongUsage,
)
from analytics_sync.logs import redacted
from analytics_sync.platforms._oauth import challenge_of
from analytics_sync.platforms._x.login import LOGIN
from analytics_sync.platforms.x import PLATFORM
from analytics_sync.simulator.faults import Fault
from analytics_sync.simulator.services._x.oauth import CONFIDENTIAL as KNOWN
from analytics_sync.simulator.services._x.oauth import PUBLIC as KNOWN_PUBLIC
from support.fake_clock import FakeClock
from support.fault_server import raw, resets, says
from support.login_desk import against, settings_of, simulated

CONFIDENTIAL = App("x", KNOWN.id, KNOWN.secret)
PUBLIC = App("x", KNOWN_PUBLIC.id)
SCOPES = ("tweet.read", "users.read", "offline.access")
VERIFIER = "v" * 43
REDIRECT = LOGIN.redirect_uri
HOUR = timedelta(hours=1)
DEAD = b'{"error":"invalid_request","error_description":"Value passed for the token was invalid."}'
GOOD = b'{"access_token":"second-access","refresh_token":"second-refresh","expires_in":7200}'
both_clients = pytest.mark.parametrize("app", [CONFIDENTIAL, PUBLIC], ids=["secret", "public"])


@pytest.fixture(scope="module")
def desk():
    with simulated("x") as made:
        yield made


@pytest.fixture
def person(desk):
    """The id of an account that can log in."""
    return desk.simulator.services["x"].add_user("Ada").id


def address(desk, app, scopes=SCOPES):
    return LOGIN.authorize_url(
        app,
        settings_of("x", f"{desk.origin}/x"),
        redirect_uri=REDIRECT,
        state="the-state",
        challenge=challenge_of(VERIFIER),
        scopes=scopes,
    )


def code_for(desk, person, app=CONFIDENTIAL, scopes=SCOPES):
    answer = desk.authorized(address(desk, app, scopes), person)
    assert answer["state"] == "the-state"
    return answer["code"]


def exchange(desk, code, app=CONFIDENTIAL, redirect_uri=REDIRECT, verifier=VERIFIER):
    return desk.talk(
        app,
        lambda talk: LOGIN.exchange(talk, code=code, redirect_uri=redirect_uri, verifier=verifier),
    )


def logged_in(desk, person, app=CONFIDENTIAL, scopes=SCOPES):
    return exchange(desk, code_for(desk, person, app, scopes), app)


def renew(desk, token, app=CONFIDENTIAL):
    return desk.talk(app, lambda talk: LOGIN.renew(talk, token))


def inspect(desk, token, account=None):
    return desk.talk(CONFIDENTIAL, lambda talk: LOGIN.inspect(talk, token, account))


def account_of(person):
    return Account(7, 1, "x", person, credential_id=3)


# --- the whole way --------------------------------------------------------------------------------


def test_the_address_asks_by_pkce_and_holds_no_secret():
    settings = replace(settings_of("x", ""), authorize_url=PLATFORM.authorize_url)
    made = LOGIN.authorize_url(
        replace(CONFIDENTIAL, client_secret="never-shown"),
        settings,
        redirect_uri=REDIRECT,
        state="s t&a=t/e",
        challenge=challenge_of(VERIFIER),
        scopes=SCOPES,
    )
    assert made.startswith("https://x.com/i/oauth2/authorize?")
    assert dict(parse_qsl(urlsplit(made).query)) == {
        "response_type": "code",
        "client_id": KNOWN.id,
        "redirect_uri": REDIRECT,
        "scope": "tweet.read users.read offline.access",
        "state": "s t&a=t/e",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
    assert "never-shown" not in made
    assert VERIFIER not in made


@both_clients
def test_a_person_logs_in_is_renewed_and_leaves_again(desk, person, app, caplog):
    caplog.set_level(logging.DEBUG)
    first = logged_in(desk, person, app)
    assert first.scopes == SCOPES
    assert first.expires_at == desk.clock.now() + 2 * HOUR
    reached = desk.talk(app, lambda talk: LOGIN.reach(talk, first))
    username = desk.world.accounts["x", person].facts["username"]
    assert (reached.subject_id, reached.subject, reached.token) == (person, username, first)
    (account,) = reached.accounts
    assert account == Reachable("x", person, None, username)

    second = renew(desk, first, app)
    assert second.access_token != first.access_token
    assert second.refresh_token not in {None, first.refresh_token}
    with pytest.raises(CredentialRefused, match="Value passed for the token was invalid"):
        renew(desk, first, app)

    desk.talk(app, lambda talk: LOGIN.revoke(talk, second))
    assert not inspect(desk, second).alive
    with pytest.raises(CredentialRefused):
        renew(desk, second, app)
    desk.talk(app, lambda talk: LOGIN.revoke(talk, second))  # a dead one is no failure
    said = caplog.text
    for token in (first, second):
        assert token.access_token not in said
        assert token.refresh_token not in said
        assert "[redacted]" in redacted(f"{token.refresh_token}")


@pytest.mark.parametrize(
    ("scopes", "lacking", "renews"),
    [
        (SCOPES, (), True),
        (("tweet.read", "users.read"), ("offline.access",), False),
    ],
)
def test_what_a_smaller_consent_lacks_is_said(desk, person, scopes, lacking, renews):
    token = logged_in(desk, person, scopes=scopes)
    (account,) = desk.talk(CONFIDENTIAL, lambda talk: LOGIN.reach(talk, token)).accounts
    assert [words.rpartition("(scope ")[2] for words in account.lacks] == [
        f"{scope})" for scope in lacking
    ]
    assert LOGIN.renews(token) is renews
    assert inspect(desk, token).missing == lacking


def test_it_is_renewed_five_minutes_ahead_where_it_can_be(desk, person):
    token = logged_in(desk, person)
    assert LOGIN.renew_at(token) == token.expires_at - timedelta(minutes=5)
    for never in (
        replace(token, refresh_token=None),
        replace(token, expires_at=None),
        replace(token, refreshes=False),
    ):
        assert LOGIN.renew_at(never) is None


# --- codes that are not taken ---------------------------------------------------------------------


def test_a_code_lives_thirty_seconds(desk, person):
    code = code_for(desk, person)
    desk.world.clock.advance(timedelta(seconds=30))
    with pytest.raises(WrongUsage, match="too old") as caught:
        exchange(desk, code)
    assert "30 seconds" in caught.value.hint
    assert code not in caught.value.message


def test_a_code_works_once_and_is_sent_once(desk, person):
    code = code_for(desk, person)
    exchange(desk, code)
    desk.labels()
    with pytest.raises(WrongUsage):
        exchange(desk, code)
    assert desk.labels() == {"x token": 1}


@pytest.mark.parametrize(
    "wrong",
    [
        {"verifier": "w" * 43},
        {"redirect_uri": "http://127.0.0.1:8914/other"},
        {"app": PUBLIC},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_code_of_another_attempt_is_not_taken(desk, person, wrong):
    code = code_for(desk, person)
    with pytest.raises(WrongUsage, match=r"another app or address \(invalid_request: "):
        exchange(desk, code, **wrong)


@pytest.mark.parametrize(
    "app",
    [
        replace(CONFIDENTIAL, client_secret="wrong-client-secret"),
        replace(CONFIDENTIAL, client_secret=None),
        replace(CONFIDENTIAL, client_id="nobody-knows-it"),
        replace(PUBLIC, client_id="nobody-knows-it"),
        replace(CONFIDENTIAL, client_id=""),
    ],
    ids=["secret", "no secret", "client", "public client", "no client"],
)
def test_an_app_that_x_does_not_know_is_the_configurations_fault(desk, person, app):
    """401 unauthorized_client says nothing about the person's consent."""
    token = logged_in(desk, person)
    with pytest.raises(ConfigurationInvalid, match="X does not take the default app") as caught:
        renew(desk, token, app)
    with pytest.raises(ConfigurationInvalid):
        exchange(desk, code_for(desk, person), app)
    assert "wrong-client-secret" not in caught.value.message + caught.value.hint
    assert renew(desk, token).refresh_token


# --- what is on the wire --------------------------------------------------------------------------


def sent_by(app, work):
    """Header and form of the one request that `work` makes."""
    _, server = against([says(200, GOOD)], app, FakeClock(), work)
    (request,) = server.requests
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return lines[0], headers, {name: value[0] for name, value in parse_qs(body.decode()).items()}


TOKEN = Token("first-access", "first-refresh", FakeClock().now(), SCOPES)


def test_a_confidential_client_shows_its_secret_by_basic_alone():
    app = App("x", "id-1", "a-secret-of-1")
    line, headers, form = sent_by(app, lambda talk: LOGIN.renew(talk, TOKEN))
    assert line == "POST /2/oauth2/token HTTP/1.1"
    assert (
        base64.b64decode(headers["authorization"].removeprefix("Basic ")) == b"id-1:a-secret-of-1"
    )
    assert form == {"grant_type": "refresh_token", "refresh_token": "first-refresh"}


@pytest.mark.parametrize("secret", [None, ""])
def test_a_public_client_names_itself_in_the_form(secret):
    app = App("x", "id-1", secret)
    _, headers, form = sent_by(app, lambda talk: LOGIN.renew(talk, TOKEN))
    assert "authorization" not in headers
    assert form["client_id"] == "id-1"


def test_a_code_is_exchanged_with_its_verifier():
    app = App("x", "id-1")
    _, headers, form = sent_by(
        app,
        lambda talk: LOGIN.exchange(talk, code="c-1", redirect_uri=REDIRECT, verifier=VERIFIER),
    )
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert form == {
        "grant_type": "authorization_code",
        "code": "c-1",
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        "client_id": "id-1",
    }


def test_both_tokens_are_revoked():
    app = App("x", "id-1", "a-secret-of-1")
    _, server = against(
        [says(200, b'{"revoked":true}')], app, FakeClock(), lambda talk: LOGIN.revoke(talk, TOKEN)
    )
    assert server.targets == [b"/2/oauth2/revoke"] * 2
    assert [request.rpartition(b"\r\n\r\n")[2] for request in server.requests] == [
        b"token=first-refresh&token_type_hint=refresh_token",
        b"token=first-access&token_type_hint=access_token",
    ]


def test_a_dead_token_needs_no_revoking_and_trouble_is_told():
    def revoke(*answers):
        return against([*answers], CONFIDENTIAL, FakeClock(), lambda t: LOGIN.revoke(t, TOKEN))[0]

    assert revoke(says(400, DEAD)) is None
    assert isinstance(revoke(says(503, b"")), CallFailed)


# --- a renewal is one request, whatever happens to it ---------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (says(500, b"{}"), Temporary),
        (says(503, b"<html>over capacity</html>"), Temporary),
        (says(400, DEAD), CredentialRefused),
        (says(429, b"{}", retry_after=900), RateLimited),
        (says(404, b""), CallFailed),
        (says(401, b"<html>a proxy</html>"), CallFailed),
        (says(401, b'{"error":"unauthorized_client"}'), ConfigurationInvalid),
        (says(200, b"<html>log in to the wifi</html>"), AnswerNotUnderstood),
        (says(200, b'{"access_token":"cut'), AnswerNotUnderstood),
        (says(200, b"{}"), AnswerNotUnderstood),
        (says(200, b""), AnswerNotUnderstood),
        (says(200, b"[" * 50_000), AnswerNotUnderstood),
        (says(302, b"", location="https://elsewhere.example/"), AnswerNotUnderstood),
        (raw(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{", close=True), Temporary),
        (raw(b"not HTTP at all\r\n\r\n", close=True), Temporary),
        (resets(), Temporary),
    ],
)
def test_every_wrong_answer_to_a_renewal_is_one_request_and_sorted(answer, kind):
    clock = FakeClock()
    failure, server = against([answer], CONFIDENTIAL, clock, lambda talk: LOGIN.renew(talk, TOKEN))
    assert isinstance(failure, kind), failure
    assert len(server.requests) == 1
    assert clock.slept == []
    told = f"{failure!r} {failure.message} {failure.hint}"
    for secret in ("first-refresh", "first-access", KNOWN.secret):
        assert secret not in told


@pytest.mark.parametrize("kind", ["lost", "clipped"])
def test_an_answer_that_is_lost_on_the_way_is_not_asked_for_again(desk, person, kind):
    """X has renewed it, and nobody here knows: the one window that no client can close."""
    token = logged_in(desk, person)
    desk.labels()
    desk.world.faults.add(Fault(kind, "x", match="oauth2/token"))
    with pytest.raises(CallFailed):
        renew(desk, token)
    assert desk.labels() == {"x token": 1}
    with pytest.raises(CredentialRefused):
        renew(desk, token)


def test_a_successor_without_a_refresh_token_keeps_the_known_one():
    body = b'{"access_token":"second-access","refresh_token":""}'
    token, _ = against(
        [says(200, body)], CONFIDENTIAL, FakeClock(), lambda talk: LOGIN.renew(talk, TOKEN)
    )
    assert token.refresh_token == "first-refresh"
    assert token.scopes == SCOPES
    assert token.expires_at == FakeClock().now() + 2 * HOUR


# --- inspection -----------------------------------------------------------------------------------


def test_inspection_is_one_call_for_the_own_user_and_says_what_it_costs(desk, person):
    token = logged_in(desk, person)
    desk.labels()
    found = inspect(desk, token, account_of(person))
    assert desk.labels() == {"x me": 1}
    assert (found.alive, found.subject_id, found.role) == (True, person, "owner")
    assert (found.scopes, found.missing, found.expires_at) == (SCOPES, (), token.expires_at)
    assert "one user read" in found.notes[0]


def test_somebody_elses_token_is_told_from_the_accounts_own(desk, person):
    found = inspect(desk, logged_in(desk, person), account_of("2244994945"))
    assert (found.alive, found.role) == (True, None)
    assert any("only public numbers" in note for note in found.notes)


def test_an_expired_token_that_can_be_renewed_says_so(desk, person):
    token = logged_in(desk, person)
    desk.world.clock.advance(3 * HOUR)
    assert "renews it at the next use" in inspect(desk, token).reason
    lonely = inspect(desk, replace(token, refresh_token=None))
    assert (lonely.alive, "X refused the token" in lonely.reason) == (False, True)
    assert inspect(desk, renew(desk, token)).alive


def test_a_withdrawn_consent_is_an_answer(desk, person):
    token = logged_in(desk, person)
    desk.simulator.services["x"].withdraw(person)
    found = inspect(desk, token, account_of(person))
    assert (found.alive, found.subject_id) == (False, None)
    assert "revoked" in found.reason


def test_a_token_of_the_app_itself_is_alive_and_belongs_to_nobody(desk, person):
    app_token = desk.simulator.services["x"].oauth.app_token.value
    found = inspect(desk, Token(app_token), account_of(person))
    assert (found.alive, found.subject, found.missing) == (True, None, ())
    assert any("does not say whose it is" in note for note in found.notes)


def test_trouble_is_no_answer_about_the_token(desk, person):
    token = logged_in(desk, person)
    desk.world.faults.add(Fault("credits_depleted", "x", match="users/me"))
    with pytest.raises(PlatformStopped):
        inspect(desk, token)


# --- what a person is told ------------------------------------------------------------------------


def test_the_setup_names_what_x_needs_to_the_letter():
    steps = " ".join(LOGIN.setup.steps)
    assert REDIRECT in steps
    assert "30 seconds" in steps
    assert LOGIN.setup.create_at.startswith("https://developer.x.com/")
    assert tuple(scope.name for scope in LOGIN.scopes) == SCOPES
    assert (LOGIN.pkce, LOGIN.needs_secret) == (True, False)
    assert PLATFORM.login() is PLATFORM.login("anything") is LOGIN
