"""Instagram's log-ins: over real HTTP, against the simulated Instagram and prepared answers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import pytest

from analytics_sync.clock import EPOCH
from analytics_sync.domain.credentials import App, Inspection, Reachable, Token
from analytics_sync.domain.records import Account
from analytics_sync.errors import (
    AnalyticsSyncError,
    CallFailed,
    ConfigurationInvalid,
    CredentialRefused,
    Refused,
    Temporary,
    WrongUsage,
)
from analytics_sync.logs import redacted
from analytics_sync.platforms._facebook.login import BEHIND_PAGES
from analytics_sync.platforms._instagram.login import login_of
from analytics_sync.platforms._instagram.own_login import LOGIN
from analytics_sync.platforms._login import Talk
from analytics_sync.platforms.facebook import PLATFORM as FACEBOOK
from analytics_sync.platforms.instagram import PLATFORM
from analytics_sync.simulator.app import Simulator
from analytics_sync.simulator.clock import SimulatedClock
from analytics_sync.simulator.server import serving
from analytics_sync.simulator.service import Handle
from analytics_sync.simulator.services.facebook import SimulatedFacebook
from analytics_sync.simulator.services.instagram import SimulatedInstagram
from analytics_sync.simulator.world import World
from analytics_sync.transport.client import Transport
from support.consenting import consent
from support.fake_clock import START
from support.fault_server import says
from support.house import WorldClock
from support.meta_login import SECRET, Conversation, error, settings_at, talk_at, told
from support.transport_doubles import OpenBudgets

T = TypeVar("T")
BACK = "https://localhost:8914/callback"
CODE = "AQBcode-of-the-log-in-0123456789"
SHORT, LONG = "IGAAshort0123456789", "IGAAlong0123456789"
BASIC, INSIGHTS = "instagram_business_basic", "instagram_business_manage_insights"
DAY = timedelta(days=1)


# Which log-in.


def test_each_kind_has_its_log_in() -> None:
    assert PLATFORM.login("facebook-login") is BEHIND_PAGES
    assert PLATFORM.login("instagram-login") is PLATFORM.login() is LOGIN
    assert "--kind facebook-login" in LOGIN.setup.who
    assert "--kind instagram-login" in BEHIND_PAGES.setup.who
    with pytest.raises(ValueError, match="no accounts of kind 'page'"):
        PLATFORM.login("page")


@pytest.mark.parametrize(
    ("kind", "token", "login"),
    [
        (None, "EAAPtoken", "facebook-login"),
        (None, "IGAAtoken", "instagram-login"),
        ("facebook-login", "IGAAtoken", "facebook-login"),
        ("instagram-login", "EAAPtoken", "instagram-login"),
    ],
)
def test_where_nobody_said_a_kind_the_token_tells_it(
    kind: str | None, token: str, login: str
) -> None:
    stored = PLATFORM.account_kind("17841400000000001", kind)
    account = Account(1, 1, "instagram", "17841400000000001", kind=stored)
    assert login_of(account, token) == login


def test_the_dialog_asks_for_scopes() -> None:
    url = LOGIN.authorize_url(
        App("instagram", "4242", SECRET),
        settings_at("https://ig.example", PLATFORM),
        redirect_uri=BACK,
        state="s1",
        challenge="",
        scopes=(BASIC, INSIGHTS),
    )
    assert url.startswith("https://ig.example/oauth/authorize?")
    assert {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()} == {
        "client_id": "4242",
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": f"{BASIC},{INSIGHTS}",
        "state": "s1",
    }


# The exchange.


def exchange(talk: Talk) -> Awaitable[Token]:
    return LOGIN.exchange(talk, code=f"{CODE}#_", redirect_uri=BACK, verifier="")


ALONE = {"access_token": SHORT, "user_id": 17841, "permissions": [BASIC, INSIGHTS]}
IN_DATA = {"data": [{**ALONE, "permissions": f"{BASIC},{INSIGHTS}"}]}
BEARER = {"access_token": LONG, "token_type": "bearer", "expires_in": 5184000}


@pytest.mark.parametrize("first", [ALONE, IN_DATA], ids=["alone", "in data"])
def test_a_code_becomes_a_token_of_sixty_days(first: Any) -> None:
    talk = Conversation(PLATFORM, told(first), told(BEARER))
    token = talk.run(exchange)
    assert token.access_token == LONG
    assert token.scopes == (BASIC, INSIGHTS)
    assert token.expires_at == START + 60 * DAY
    assert token.issued_at == START
    assert talk.lines == ["POST /oauth/access_token", "GET /access_token"]
    assert talk.sent(0) == {
        "client_id": "4242",
        "client_secret": SECRET,
        "grant_type": "authorization_code",
        "redirect_uri": BACK,
        "code": CODE,
    }
    grant = {"grant_type": "ig_exchange_token", "client_secret": SECRET, "access_token": SHORT}
    assert talk.sent(1) == grant
    for secret in (CODE, SECRET, SHORT, LONG):
        assert secret not in redacted(f"it said {secret} again")


def flat(message: str) -> dict[str, Any]:
    return {"error_type": "OAuthException", "code": 400, "error_message": message}


REFUSALS = {
    "unknown code": (flat("Invalid authorization code"), WrongUsage),
    "used code": (flat("Matching code was not found or was already used"), WrongUsage),
    "old code": (error(100, "This authorization code has expired.", 36007), WrongUsage),
    "another address": (flat("Invalid redirect_uri"), ConfigurationInvalid),
    "the other app's id": (flat("Invalid platform app"), ConfigurationInvalid),
    "wrong secret": (error(1, "Error validating client secret."), ConfigurationInvalid),
    "no tester": (
        error(100, "Unsupported request - method type: get"),
        ConfigurationInvalid,
    ),
    "too often": (error(4, "(#4) Application request limit reached"), AnalyticsSyncError),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refused_exchange_says_who_mends_it(refusal: str) -> None:
    body, kind = REFUSALS[refusal]
    talk = Conversation(PLATFORM, told(body, 400))
    with pytest.raises(kind) as caught:
        talk.run(exchange)
    assert caught.value.hint
    assert len(talk.requests) == 1


@pytest.mark.parametrize(
    "odd", [says(200, b"<html>"), told([]), told({"data": "x"}), told(flat(""))]
)
def test_an_odd_answer_gives_no_token(odd: Any) -> None:
    with pytest.raises(AnalyticsSyncError):
        Conversation(PLATFORM, odd).run(exchange)


def test_what_travels_in_a_query_is_in_no_log_and_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    echoed = f"Bad: client_secret={SECRET}&access_token={SHORT} {SECRET}"
    for last in (told(error(100, echoed), 400), says(500, b"<html>"), says(302, location="/x")):
        talk = Conversation(PLATFORM, told(ALONE), last)
        with pytest.raises(AnalyticsSyncError) as caught:
            talk.run(exchange)
        shown = f"{caught.value.message} {caught.value.hint} {caught.value.__cause__!r}"
        for secret in (CODE, SECRET, SHORT):
            assert secret not in shown + caplog.text


def test_a_server_that_is_gone_shows_no_address_either() -> None:
    async def renew() -> None:
        world = World(SimulatedClock(START))
        clock = WorldClock(world.clock)
        async with Transport(budgets=OpenBudgets(), clock=clock) as transport:
            talk = talk_at("http://127.0.0.1:9", PLATFORM, transport, clock)
            await LOGIN.renew(talk, Token(LONG))

    with pytest.raises(Temporary) as caught:
        asyncio.run(renew())
    assert LONG not in f"{caught.value} {caught.value.__cause__!r} {caught.value.__context__!r}"


# When it is renewed.


@pytest.mark.parametrize(
    ("token", "at"),
    [
        (Token(LONG, expires_at=START + 60 * DAY, issued_at=START), START + 30 * DAY),
        (Token(LONG, expires_at=START + 20 * DAY, issued_at=START - 40 * DAY), START - 10 * DAY),
        (Token(LONG, expires_at=START + 20 * DAY, issued_at=START), START + DAY),
        (Token(LONG, expires_at=START + 20 * DAY), START - 10 * DAY),
        (Token(LONG, issued_at=START), START + DAY),
        (Token(LONG), EPOCH),
        (Token(LONG, expires_at=START, refreshes=False), None),
        (Token("EAABof-facebook", expires_at=START), None),
    ],
    ids=[
        "with 30 days left",
        "late",
        "never before a day",
        "age not known",
        "end not known",
        "nothing known",
        "another program does it",
        "of Facebook",
    ],
)
def test_it_is_renewed_with_thirty_days_left(token: Token, at: datetime | None) -> None:
    assert LOGIN.renew_at(token) == at
    assert LOGIN.renews(token) == (at is not None)


def test_a_renewal_is_one_request_whatever_comes() -> None:
    for answer in (says(500, b""), told(error(2, "trouble"), 500), says(200, b"half")):
        talk = Conversation(PLATFORM, answer)
        with pytest.raises(CallFailed):
            talk.run(lambda talk: LOGIN.renew(talk, Token(LONG)))
        assert talk.lines == ["GET /refresh_access_token"]


def test_a_log_in_can_not_be_ended_from_here() -> None:
    assert not LOGIN.revocable
    with pytest.raises(CallFailed) as caught:
        Conversation(PLATFORM, told({})).run(lambda talk: LOGIN.revoke(talk, Token(LONG)))
    assert caught.value.hint == LOGIN.revoke_by_hand


# Against the simulated Instagram, over a socket.


@dataclass
class Scene:
    """One account with Instagram Login, whose token is ten days old."""

    world: World
    facebook: SimulatedFacebook
    instagram: SimulatedInstagram
    origin: str
    handle: Handle

    def run(self, work: Callable[[Talk], Awaitable[T]], secret: str = SECRET) -> T:
        async def ran() -> T:
            clock = WorldClock(self.world.clock)
            facebook = settings_at(
                f"{self.origin}/facebook",
                FACEBOOK,
                client_id="42",
                client_secret=self.facebook.host.app_secret,
            )
            async with Transport(budgets=OpenBudgets(), clock=clock) as transport:
                talk = talk_at(
                    f"{self.origin}/instagram",
                    PLATFORM,
                    transport,
                    clock,
                    secret=secret,
                    siblings={"facebook": facebook},
                )
                return await work(talk._replace(app=replace(talk.app, client_id="ours")))

        return asyncio.run(ran())

    @property
    def account(self) -> Account:
        return Account(4, 1, "instagram", self.handle.platform_account_id, kind="instagram-login")

    @property
    def token(self) -> Token:
        made = self.world.tokens[self.handle.token]
        return Token(made.value, expires_at=made.expires_at, scopes=tuple(sorted(made.scopes)))

    def log_in(self, person: str) -> str:
        """The code with which the browser of somebody who agrees comes back."""
        address = LOGIN.authorize_url(
            App("instagram", "ours", SECRET),
            settings_at(f"{self.origin}/instagram", PLATFORM),
            redirect_uri=BACK,
            state="s1",
            challenge="",
            scopes=(BASIC, INSIGHTS),
        )
        answer = parse_qs(urlsplit(consent(address, person=person)).query)
        assert answer["state"] == ["s1"]
        return answer["code"][0]

    def exchange(self, code: str, back: str = BACK, **more: Any) -> Token:
        return self.run(
            lambda talk: LOGIN.exchange(talk, code=code, redirect_uri=back, verifier=""), **more
        )

    def renew(self, token: Token) -> Token:
        return self.run(lambda talk: LOGIN.renew(talk, token))

    def inspect(self, token: Token, account: Account | None = None) -> Inspection:
        return self.run(lambda talk: LOGIN.inspect(talk, token, account))


@pytest.fixture(scope="module")
def serving_scene() -> Iterator[Scene]:
    world = World(SimulatedClock(START))
    simulator = Simulator(world)
    facebook, instagram = simulator.services["facebook"], simulator.services["instagram"]
    assert isinstance(facebook, SimulatedFacebook)
    assert isinstance(instagram, SimulatedInstagram)
    handle = instagram.populate(2, "Gallery", 0)
    instagram.add_app("ours", "ours", SECRET, redirect_uris=(BACK,))
    with serving(simulator) as origin:
        yield Scene(world, facebook, instagram, origin, handle)


@pytest.fixture
def scene(serving_scene: Scene) -> Iterator[Scene]:
    yield serving_scene
    serving_scene.world.clock.advance(START - serving_scene.world.clock.now())
    serving_scene.world.tokens[serving_scene.handle.token].revoked = None


def test_one_log_in_reaches_its_own_account(scene: Scene) -> None:
    found = scene.run(lambda talk: LOGIN.reach(talk, scene.token))
    account_id = scene.handle.platform_account_id
    assert found.accounts == (Reachable("instagram", account_id, "instagram-login", "gallery"),)
    assert (found.subject_id, found.subject) == (account_id, "gallery")
    assert found.token == scene.token
    half = Token(scene.handle.token, scopes=(BASIC,))
    found = scene.run(lambda talk: LOGIN.reach(talk, half))
    assert found.accounts[0].lacks == (f"numbers of posts ({INSIGHTS})",)


def test_a_renewed_token_lives_sixty_days_more_and_says_its_age(scene: Scene) -> None:
    fresh = scene.renew(scene.token)
    assert fresh.access_token != scene.token.access_token
    assert fresh.expires_at == START + 60 * DAY
    assert fresh.issued_at == START
    assert set(fresh.scopes) == {BASIC, INSIGHTS}
    with pytest.raises(Refused, match="24 hours"):
        scene.renew(fresh)
    assert scene.inspect(fresh, scene.account).alive


def test_an_expired_or_revoked_token_is_not_renewed(scene: Scene) -> None:
    token = scene.token
    scene.world.tokens[token.access_token].revoked = "460"
    with pytest.raises(CredentialRefused, match="password was changed"):
        scene.renew(token)
    scene.world.tokens[token.access_token].revoked = None
    scene.world.clock.advance(51 * DAY)
    with pytest.raises(CredentialRefused, match="has expired") as caught:
        scene.renew(token)
    assert "account connect" in caught.value.hint
    dead = scene.inspect(token, scene.account)
    assert not dead.alive
    assert "has expired" in dead.reason


def test_a_living_token_is_inspected(scene: Scene) -> None:
    told_of = scene.inspect(scene.token, scene.account)
    assert told_of.alive
    assert told_of.subject == "gallery"
    assert told_of.role == "owner"
    assert told_of.expires_at == START + 50 * DAY
    assert told_of.missing == ()
    elsewhere = scene.inspect(scene.token, scene.account._replace(platform_account_id="17841"))
    assert elsewhere.alive
    assert elsewhere.role is None
    assert elsewhere.notes == ("The token is that of gallery, not of this account.",)


def test_a_pages_token_given_by_hand_is_inspected_by_facebook(scene: Scene) -> None:
    page = scene.facebook.populate(7, "Bakery", 0)
    behind = scene.facebook.add_instagram(page.platform_account_id, "Bakery", 0)
    account = Account(5, 1, "instagram", behind.platform_account_id, kind="facebook-login")
    told_of = scene.inspect(Token(behind.token), account)
    assert told_of.alive
    assert told_of.missing == ()
    assert told_of.app == "acme"


@pytest.mark.parametrize("wrapped", [False, True])
def test_one_logs_in_at_three_hosts_that_follow_the_base_url(scene: Scene, wrapped: bool) -> None:
    scene.world.switches["instagram.wrapped_answer"] = wrapped
    zoe = scene.instagram.add_user("zoe")
    token = scene.exchange(scene.log_in(zoe.id))
    assert token.expires_at == START + 60 * DAY
    assert set(token.scopes) == {BASIC, INSIGHTS}
    found = scene.run(lambda talk: LOGIN.reach(talk, token))
    assert [account.platform_account_id for account in found.accounts] == [zoe.id]


def test_codes_work_once_for_an_hour_at_one_address(scene: Scene) -> None:
    account_id = scene.handle.platform_account_id
    code = scene.log_in(account_id)
    with pytest.raises(ConfigurationInvalid, match="redirect"):
        scene.exchange(code, back="https://localhost:1/elsewhere")
    with pytest.raises(ConfigurationInvalid, match="client secret"):
        scene.exchange(code, secret="wrong-secret")
    scene.exchange(code)
    with pytest.raises(WrongUsage, match="used"):
        scene.exchange(code)
    late = scene.log_in(account_id)
    scene.world.clock.advance(timedelta(hours=1))
    with pytest.raises(WrongUsage, match="expired"):
        scene.exchange(late)
