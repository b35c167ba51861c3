"""Facebook Login: over real HTTP, against the simulated Facebook and against prepared answers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from analytics_sync.domain.credentials import App, Inspection, Reach, Reachable, Token
from analytics_sync.domain.records import Account
from analytics_sync.errors import (
    AccountRefused,
    AnalyticsSyncError,
    CallFailed,
    ConfigurationInvalid,
    CredentialRefused,
    Temporary,
    WrongUsage,
)
from analytics_sync.logs import redacted
from analytics_sync.platforms._facebook.login import BEHIND_PAGES, LOGIN
from analytics_sync.platforms._login import Talk
from analytics_sync.platforms.facebook import PLATFORM
from analytics_sync.simulator.app import Simulator
from analytics_sync.simulator.clock import SimulatedClock
from analytics_sync.simulator.server import serving
from analytics_sync.simulator.services.facebook import SimulatedFacebook
from analytics_sync.simulator.world import World
from analytics_sync.transport.client import Transport
from support.consenting import consent
from support.fake_clock import START
from support.fault_server import says
from support.house import WorldClock
from support.meta_login import SECRET, Conversation, batch, error, settings_at, talk_at, told
from support.transport_doubles import OpenBudgets

T = TypeVar("T")
BACK = "http://localhost:8914/callback"
CODE = "AQcode-of-the-log-in-0123456789"
SHORT, LONG = "EAABshort0123456789", "EAABlong0123456789"
PAGE_SCOPES = ("pages_read_engagement", "read_insights", "pages_read_user_content")
ALL_SCOPES = tuple(scope.name for scope in LOGIN.scopes)
NEEDED = set(PAGE_SCOPES) | {"pages_show_list", "instagram_basic", "instagram_manage_insights"}


def page(page_id: str = "1110001", **more: Any) -> Account:
    return Account(3, 1, "facebook", page_id, credential_id=7)._replace(**more)


# The dialog.


def asked_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def dialog(**own: str) -> str:
    return LOGIN.authorize_url(
        App("facebook", "42", SECRET),
        settings_at("https://graph.example", PLATFORM, own=own),
        redirect_uri=BACK,
        state="s1",
        challenge="",
        scopes=("pages_show_list", "read_insights"),
    )


def test_the_dialog_asks_for_scopes_and_again_for_those_refused_before() -> None:
    assert dialog().startswith("https://graph.example/v26.0/dialog/oauth?")
    assert asked_of(dialog()) == {
        "client_id": "42",
        "redirect_uri": BACK,
        "state": "s1",
        "response_type": "code",
        "scope": "pages_show_list,read_insights",
        "auth_type": "rerequest",
    }


def test_a_configuration_of_login_for_business_takes_the_place_of_scopes() -> None:
    asked = asked_of(dialog(config_id="9001"))
    assert asked["config_id"] == "9001"
    assert {"scope", "auth_type"}.isdisjoint(asked)


def test_both_platforms_share_the_log_in_and_its_credentials() -> None:
    assert PLATFORM.login() is LOGIN
    assert BEHIND_PAGES.platform == LOGIN.platform == "facebook"
    assert LOGIN.needs_secret
    assert LOGIN.revocable
    assert not LOGIN.pkce
    with pytest.raises(ValueError, match="one kind of account"):
        PLATFORM.login("page")


# The exchange.


def exchange(talk: Talk) -> Awaitable[Token]:
    return LOGIN.exchange(talk, code=f"{CODE}#_=_", redirect_uri=BACK, verifier="")


def bearer(token: str, seconds: int | None = None) -> dict[str, Any]:
    said: dict[str, Any] = {"access_token": token, "token_type": "bearer"}
    return said if seconds is None else {**said, "expires_in": seconds}


def test_a_code_becomes_a_token_of_sixty_days_and_no_address_holds_a_secret() -> None:
    talk = Conversation(PLATFORM, told(bearer(SHORT, 5000)), told(bearer(LONG, 5184000)))
    token = talk.run(exchange)
    assert token.access_token == LONG
    assert token.expires_at == START + timedelta(days=60)
    assert token.issued_at == START
    assert token.refresh_token is None
    assert [request.split(b"\r\n")[0] for request in talk.requests] == [
        b"POST /v26.0/oauth/access_token HTTP/1.1"
    ] * 2
    app = {"client_id": "42", "client_secret": SECRET}
    assert talk.sent(0) == {**app, "redirect_uri": BACK, "code": CODE}
    grant = {"grant_type": "fb_exchange_token", "fb_exchange_token": SHORT}
    assert talk.sent(1) == {**app, **grant}
    for secret in (CODE, SECRET, SHORT, LONG):
        assert secret not in redacted(f"it said {secret} again")


def test_a_token_without_an_end_needs_no_exchange() -> None:
    talk = Conversation(PLATFORM, told(bearer(LONG)))
    assert talk.run(exchange).expires_at is None
    assert len(talk.requests) == 1


REFUSALS = {
    "too old": (error(100, "This authorization code has expired.", 36007), WrongUsage),
    "used": (error(100, "This authorization code has been used.", 36009), WrongUsage),
    "another address": (
        error(100, "Error validating verification code. redirect_uri is not identical", 36008),
        ConfigurationInvalid,
    ),
    "wrong secret": (error(1, "Error validating client secret."), ConfigurationInvalid),
    "no such app": (
        error(101, "Error validating application. Invalid application ID."),
        ConfigurationInvalid,
    ),
    "dead token": (error(190, "Session has expired", 463), CredentialRefused),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refused_exchange_says_who_mends_it(refusal: str) -> None:
    body, kind = REFUSALS[refusal]
    talk = Conversation(PLATFORM, told(body, 400))
    with pytest.raises(kind) as caught:
        talk.run(exchange)
    assert caught.value.hint
    assert len(talk.requests) == 1


def test_a_refusal_of_the_second_exchange_is_told_too() -> None:
    talk = Conversation(
        PLATFORM, told(bearer(SHORT, 5000)), told(error(190, f"dead: {SHORT}", 460), 400)
    )
    with pytest.raises(CredentialRefused, match="password was changed") as caught:
        talk.run(exchange)
    assert SHORT not in caught.value.message


def test_a_code_is_never_sent_twice_but_a_token_may_be() -> None:
    talk = Conversation(PLATFORM, says(500, b"<html>"))
    with pytest.raises(Temporary):
        talk.run(exchange)
    assert len(talk.requests) == 1
    talk = Conversation(
        PLATFORM,
        told(bearer(SHORT, 5000)),
        told(error(2, "An unexpected error has occurred."), 500),
        told(bearer(LONG, 5184000)),
    )
    assert talk.run(exchange).access_token == LONG
    assert len(talk.requests) == 3


def test_nothing_echoed_reaches_a_log_or_an_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    said = f"Odd: code={CODE} client_secret={SECRET} {SHORT}"
    talk = Conversation(PLATFORM, told(error(100, said), 400))
    with pytest.raises(AnalyticsSyncError) as caught:
        talk.run(exchange)
    for secret in (CODE, SECRET):
        assert secret not in f"{caught.value.message} {caught.value.hint} {caplog.text}"


def test_an_app_without_a_secret_can_not_exchange() -> None:
    with pytest.raises(ConfigurationInvalid, match="client secret"):
        Conversation(PLATFORM, told({})).run(exchange, secret=None)


# What a log-in reaches, by prepared answers.


def debugged(*scopes: str, **more: Any) -> dict[str, Any]:
    return {
        "data": {
            "app_id": "42",
            "type": "USER",
            "application": "acme",
            "is_valid": True,
            "expires_at": 1800000000,
            "data_access_expires_at": 1801000000,
            "scopes": list(scopes),
            "user_id": "77",
            **more,
        }
    }


def listed(*rows: dict[str, Any], after: str | None = None) -> dict[str, Any]:
    paging: dict[str, Any] = {"cursors": {"before": "b", "after": after or "end"}}
    if after is not None:
        paging["next"] = f"https://graph.facebook.com/next?access_token={LONG}&after={after}"
    return {"data": list(rows), "paging": paging}


def row(page_id: str, *tasks: str, token: bool = True, **more: Any) -> dict[str, Any]:
    said: dict[str, Any] = {"id": page_id, "name": f"Page {page_id}", **more}
    if tasks:
        said["tasks"] = list(tasks)
    if token:
        said["access_token"] = f"EAAPtoken-of-{page_id}"
    return said


def behind(page_id: str, account_id: str | None = None) -> dict[str, Any]:
    if account_id is None:
        return {"id": page_id}
    account = {"id": account_id, "username": f"ig{account_id}"}
    return {"id": page_id, "instagram_business_account": account}


ME = {"id": "77", "name": "Ann"}
PERSON = Token(LONG, expires_at=START + timedelta(days=60), issued_at=START)


def reach(talk: Talk) -> Awaitable[Reach]:
    return LOGIN.reach(talk, PERSON)


def test_pages_of_businesses_are_found_beside_the_persons_own() -> None:
    talk = Conversation(
        PLATFORM,
        batch(debugged(*ALL_SCOPES)),
        batch(ME, listed(row("1", "ANALYZE"), after="x"), listed({"id": "9", "name": "Agency"})),
        batch(listed(row("2", "MODERATE"))),
        batch(listed(row("1"), row("3")), listed(row("4", token=False))),
        batch(behind("1", "178401"), behind("2"), behind("3", "178403")),
    )
    found = talk.run(reach)
    assert (found.subject_id, found.subject) == ("77", "Ann")
    lacks = ("insights: the person's role on the Page lacks the task ANALYZE",)
    assert found.accounts == (
        Reachable("facebook", "1", None, "Page 1"),
        Reachable("facebook", "2", None, "Page 2", lacks),
        Reachable("facebook", "3", None, "Page 3"),
        Reachable("instagram", "178401", "facebook-login", "ig178401"),
        Reachable("instagram", "178403", "facebook-login", "ig178403"),
    )
    assert found.token.account_tokens == {
        "1": "EAAPtoken-of-1",
        "2": "EAAPtoken-of-2",
        "3": "EAAPtoken-of-3",
        "178401": "EAAPtoken-of-1",
        "178403": "EAAPtoken-of-3",
    }
    assert found.token.scopes == ALL_SCOPES
    assert found.token.expires_at is None, "the tokens of Pages have no end"
    (note,) = found.notes
    assert note.startswith("The Page Page 4 (4) of the Business Agency (9) can't be reached")
    assert talk.asked(2) == ["me/accounts?fields=id,name,access_token,tasks&after=x&limit=100"]
    assert talk.asked(3) == [
        "9/owned_pages?fields=id,name,access_token&limit=100",
        "9/client_pages?fields=id,name,access_token&limit=100",
    ]
    assert set(talk.lines) == {"POST /v26.0/"}
    for request in talk.requests:
        address = request.split(b"\r\n")[0]
        assert b"EAA" not in address
        assert SECRET.encode() not in address


def test_tokens_of_pages_are_kept_out_of_all_logs() -> None:
    test_pages_of_businesses_are_found_beside_the_persons_own()
    assert "EAAPtoken-of-3" not in redacted("it said EAAPtoken-of-3 again")


def test_instagram_comes_first_where_the_log_in_was_for_it() -> None:
    talk = Conversation(
        PLATFORM,
        batch(debugged(*ALL_SCOPES)),
        batch(ME, listed(row("1", "ANALYZE")), listed()),
        batch(behind("1", "178401")),
    )
    found = talk.run(lambda talk: BEHIND_PAGES.reach(talk, PERSON))
    assert [account.platform for account in found.accounts] == ["instagram", "facebook"]


def test_a_missing_permission_is_named_for_each_account_that_it_concerns() -> None:
    covers = [{"scope": "read_insights", "target_ids": ["1"]}]
    granted = debugged(*sorted(NEEDED - {"pages_read_user_content"}), granular_scopes=covers)
    forbidden = error(10, "(#10) Requires business_management permission")
    talk = Conversation(
        PLATFORM,
        batch(granted),
        batch(ME, listed(row("1", "ANALYZE"), row("2", "ANALYZE")), forbidden),
        batch(behind("1", "178401"), error(10, "(#10) not allowed")),
    )
    found = talk.run(reach)
    comments = "comments of posts (pages_read_user_content)"
    assert {account.platform_account_id: account.lacks for account in found.accounts} == {
        "1": (comments,),
        "2": ("numbers of posts and of Pages (read_insights)", comments),
        "178401": (),
    }
    assert found.notes == (
        (
            "Pages reached only through a Business are not listed: the permission business_management "
            "is missing."
        ),
        (
            "Instagram accounts behind the Page Page 2 are not listed: the permission instagram_basic "
            "is missing."
        ),
    )


def test_instagram_behind_a_page_of_a_business_needs_more() -> None:
    talk = Conversation(
        PLATFORM,
        batch(debugged(*sorted({*NEEDED, "business_management"}))),
        batch(ME, listed(), listed({"id": "9", "name": "Agency"})),
        batch(listed(row("3")), error(1, "trouble")),
        batch(error(1, "trouble")),
        batch(error(1, "trouble")),
        batch(behind("3", "178403")),
    )
    found = talk.run(reach)
    assert found.accounts[1].lacks == (
        "Instagram accounts whose Page is reached through a Business (ads_read)",
        "Instagram accounts whose Page is reached through a Business (ads_management)",
    )
    failed, hidden = found.notes
    assert failed.startswith("Pages of the Business Agency (9) could not be listed")
    assert hidden.endswith("may be missing: not granted: ads_read, ads_management.")


@pytest.mark.parametrize(
    ("scopes", "words"),
    [(("pages_show_list", "instagram_basic"), "ticked none"), (("email",), "pages_show_list")],
)
def test_no_page_at_all_is_explained(scopes: tuple[str, ...], words: str) -> None:
    talk = Conversation(PLATFORM, batch(debugged(*scopes)), batch(ME, listed(), listed()))
    found = talk.run(reach)
    assert found.accounts == ()
    assert words in found.notes[-1]
    assert found.token.expires_at == PERSON.expires_at


def test_a_pages_own_token_is_no_log_in() -> None:
    missing = error(100, "(#100) Tried accessing nonexisting field (accounts) on node type (Page)")
    talk = Conversation(
        PLATFORM, batch(debugged(type="PAGE")), batch({"id": "1"}, missing, missing)
    )
    with pytest.raises(WrongUsage, match="belongs to a Page"):
        talk.run(reach)


@pytest.mark.parametrize("odd", [{}, {"data": 5}, {"data": {"is_valid": "yes"}}, ["x"]])
def test_an_odd_answer_to_the_inspection_gives_no_account(odd: Any) -> None:
    with pytest.raises(AnalyticsSyncError):
        Conversation(PLATFORM, batch(odd)).run(reach)


@pytest.mark.parametrize(
    "accounts",
    [
        {"data": "none"},
        {"data": [None, 3, {"id": None, "access_token": "t"}, {"id": "5", "tasks": "x"}]},
        {},
    ],
)
def test_odd_rows_are_left_out(accounts: Any) -> None:
    talk = Conversation(PLATFORM, batch(debugged(*ALL_SCOPES)), batch(ME, accounts, {}))
    assert talk.run(reach).accounts == ()


# The end of a consent.


def revoke(talk: Talk) -> Awaitable[None]:
    return LOGIN.revoke(talk, PERSON)


def test_a_consent_is_ended_with_the_persons_token() -> None:
    talk = Conversation(PLATFORM, told({"success": True}))
    talk.run(revoke)
    assert talk.lines == ["DELETE /v26.0/me/permissions"]
    assert f"authorization: bearer {LONG.lower()}" in talk.requests[0].decode().lower()
    assert LONG.encode() not in talk.requests[0].split(b"\r\n")[0]


@pytest.mark.parametrize(
    "answer",
    [
        told({"success": False}),
        told(error(190, "Session has expired", 463), 400),
        told(error(100, "Unsupported delete request.", 33), 400),
        told(error(100, "Invalid appsecret_proof provided in the API argument"), 400),
    ],
    ids=["not done", "dead token", "not supported", "wrong secret"],
)
def test_a_consent_that_goes_on_says_how_to_end_it_by_hand(answer: Any) -> None:
    with pytest.raises(CallFailed, match="could not be ended") as caught:
        Conversation(PLATFORM, answer).run(revoke)
    assert caught.value.hint == LOGIN.revoke_by_hand


def test_nothing_is_renewed_without_a_person() -> None:
    assert not LOGIN.renews(PERSON)
    assert LOGIN.renew_at(PERSON) is None
    with pytest.raises(CredentialRefused, match="without a person"):
        asyncio.run(LOGIN.renew(None, PERSON))  # type: ignore[arg-type]


# What a token is, by prepared answers.


def test_a_token_of_another_app_tells_what_it_can() -> None:
    foreign = error(100, "(#100) The App_id in the input_token did not match the Viewing App")
    talk = Conversation(PLATFORM, batch(foreign), batch(ME))
    told_of = talk.run(lambda talk: LOGIN.inspect(talk, PERSON, None))
    assert told_of.alive
    assert told_of.subject == "Ann"
    assert "did not match" in told_of.notes[0]


def test_consent_to_data_may_end_before_the_token() -> None:
    ended = int((START - timedelta(days=1)).timestamp())
    talk = Conversation(
        PLATFORM,
        batch(debugged(*ALL_SCOPES, data_access_expires_at=ended, expires_at=0)),
        batch(ME),
    )
    told_of = talk.run(lambda talk: LOGIN.inspect(talk, PERSON, None))
    assert told_of.alive
    assert told_of.expires_at is None
    assert told_of.renew_until == START - timedelta(days=1)
    assert told_of.notes[-1].startswith(
        "The person's consent to have data read ended on 2026-11-22"
    )


def test_an_invalid_token_says_why_by_its_subcode() -> None:
    dead = {"error": {"code": 190, "message": "...", "subcode": 458}, "is_valid": False}
    talk = Conversation(PLATFORM, batch({"data": {**dead, "scopes": []}}))
    told_of = talk.run(lambda talk: LOGIN.inspect(talk, PERSON, None))
    assert not told_of.alive
    assert "the person removed the app" in told_of.reason


# Against the simulated Facebook, over a socket.


@dataclass
class Scene:
    """Some Pages of one person, each with an Instagram account behind it."""

    world: World
    facebook: SimulatedFacebook
    origin: str
    pages: list[str]
    accounts: list[str]
    secret: str = ""

    def run(self, work: Callable[[Talk], Awaitable[T]], secret: str | None = None) -> T:
        async def ran() -> T:
            clock = WorldClock(self.world.clock)
            async with Transport(budgets=OpenBudgets(), clock=clock) as transport:
                origin = f"{self.origin}/facebook"
                used = self.secret if secret is None else secret
                return await work(talk_at(origin, PLATFORM, transport, clock, secret=used or None))

        return asyncio.run(ran())

    @property
    def dialog(self) -> str:
        return LOGIN.authorize_url(
            App("facebook", "42", self.secret),
            settings_at(f"{self.origin}/facebook", PLATFORM),
            redirect_uri=BACK,
            state="s1",
            challenge="",
            scopes=ALL_SCOPES,
        )

    def log_in(self, person: str) -> str:
        """The code with which the browser of somebody who agrees comes back."""
        answer = asked_of(consent(self.dialog, person=person))
        assert answer["state"] == "s1"
        return answer["code"]

    def choose(self, person: str, *, pages: list[str], scopes: list[str]) -> str:
        """The same of somebody who ticks these alone; before, nothing was asked of them."""
        form = {"decision": "allow", "person": person, "chosen": "1"}
        answer = httpx.post(self.dialog, data={**form, "page": pages, "scope": scopes})
        return asked_of(answer.headers["location"])["code"]

    def exchange(self, code: str, back: str = BACK, **more: Any) -> Token:
        return self.run(
            lambda talk: LOGIN.exchange(talk, code=code, redirect_uri=back, verifier=""), **more
        )

    def token(self, *without: str, kind: str = "user") -> Token:
        scopes = frozenset(ALL_SCOPES) - set(without)
        made = self.facebook.add_person(self.pages, scopes, kind)
        return Token(made.value, expires_at=made.expires_at, issued_at=START)

    def reach(self, token: Token) -> Reach:
        return self.run(lambda talk: LOGIN.reach(talk, token))

    def inspect(self, token: Token, account: Account | None = None) -> Inspection:
        return self.run(lambda talk: LOGIN.inspect(talk, token, account))


@pytest.fixture(scope="module")
def serving_scene() -> Iterator[Scene]:
    world = World(SimulatedClock(START))
    simulator = Simulator(world)
    facebook = simulator.services["facebook"]
    assert isinstance(facebook, SimulatedFacebook)
    pages = [facebook.populate(number, f"Bakery {number}", 0) for number in (1, 2, 3)]
    ids = [handle.platform_account_id for handle in pages]
    accounts = [facebook.add_instagram(one, "Bakery", 0).platform_account_id for one in ids[:2]]
    with serving(simulator) as origin:
        yield Scene(world, facebook, origin, ids, accounts, facebook.host.app_secret)


@pytest.fixture
def scene(serving_scene: Scene) -> Iterator[Scene]:
    yield serving_scene
    serving_scene.world.switches.clear()
    serving_scene.world.clock.advance(START - serving_scene.world.clock.now())


def test_one_log_in_reaches_all_pages_and_the_accounts_behind_them(scene: Scene) -> None:
    scene.world.switches["facebook.require_proof"] = True
    scene.world.journal.clear()
    found = scene.reach(scene.token())
    ids = [account.platform_account_id for account in found.accounts]
    assert ids == [*scene.pages, *scene.accounts]
    assert {account.lacks for account in found.accounts} == {()}
    assert set(found.token.account_tokens) == set(ids)
    for value in found.token.account_tokens.values():
        assert scene.world.tokens[value].expires_at is None
    assert (
        found.token.account_tokens[scene.accounts[0]]
        == (found.token.account_tokens[scene.pages[0]])
    )
    assert len(scene.world.journal.requests) <= 4


def test_what_was_not_granted_is_told_before_anything_is_stored(scene: Scene) -> None:
    found = scene.reach(scene.token("read_insights", "instagram_basic"))
    assert [account.platform for account in found.accounts] == ["facebook"] * 3
    assert found.accounts[0].lacks == ("numbers of posts and of Pages (read_insights)",)
    assert any("instagram_basic is missing" in note for note in found.notes)


def test_a_dead_token_reaches_nothing(scene: Scene) -> None:
    token = scene.token("ads_read")
    scene.world.tokens[token.access_token].revoked = "460"
    with pytest.raises(CredentialRefused, match="password was changed"):
        scene.reach(token)


def test_a_living_log_in_is_inspected_with_role_and_ends(scene: Scene) -> None:
    token = scene.reach(scene.token()).token
    now = scene.world.clock.now()
    told_of = scene.inspect(token, page(scene.pages[0]))
    assert told_of.alive
    assert told_of.app == "acme"
    assert set(told_of.scopes) == set(ALL_SCOPES)
    assert told_of.missing == ()
    assert told_of.role is not None
    assert "ANALYZE" in told_of.role
    assert told_of.expires_at is None, "a Page's token has no end"
    assert told_of.renew_until is not None
    assert told_of.renew_until > now
    assert told_of.subject is not None
    assert any(
        note.startswith("The person's own token ends on 2027-01-22") for note in told_of.notes
    )


def test_an_account_of_instagram_is_inspected_by_its_page(scene: Scene) -> None:
    token = scene.reach(scene.token("instagram_manage_insights")).token
    account = Account(4, 1, "instagram", scene.accounts[0], kind="facebook-login", credential_id=7)
    told_of = scene.inspect(token, account)
    assert told_of.alive
    assert told_of.missing == ("instagram_manage_insights",)
    assert told_of.role is not None
    assert "ANALYZE" in told_of.role


def test_the_pages_token_goes_on_when_the_persons_has_ended(scene: Scene) -> None:
    token = scene.reach(scene.token("ads_management")).token
    scene.world.clock.advance(timedelta(days=61))
    told_of = scene.inspect(token, page(scene.pages[0]))
    assert told_of.alive
    assert any("own token is dead, this account's goes on" in note for note in told_of.notes)
    alone = scene.inspect(token)
    assert not alone.alive
    assert "has expired" in alone.reason


def test_a_dead_pages_token_is_dead_though_the_persons_lives(scene: Scene) -> None:
    token = scene.reach(scene.token("business_management")).token
    scene.world.tokens[token.account_tokens[scene.pages[0]]].revoked = "492"
    told_of = scene.inspect(token, page(scene.pages[0]))
    assert not told_of.alive
    assert "lost the role on the Page" in told_of.reason


def test_a_system_users_token_given_by_hand_has_no_end(scene: Scene) -> None:
    told_of = scene.inspect(scene.token(kind="system"), page(scene.pages[1]))
    assert told_of.alive
    assert told_of.expires_at is None
    assert "A system user's token: it has no end." in told_of.notes
    assert told_of.role is not None


def test_a_pages_token_given_by_hand_is_inspected_too(scene: Scene) -> None:
    value = scene.reach(scene.token()).token.account_tokens[scene.pages[2]]
    told_of = scene.inspect(Token(value), page(scene.pages[2]))
    assert told_of.alive
    assert told_of.missing == ()
    assert told_of.role is None


def test_a_role_without_analyze_is_told(scene: Scene) -> None:
    made = scene.facebook.add_person(scene.pages, frozenset(ALL_SCOPES), "user")
    made.facts["pages"] = {scene.pages[0]: ("MODERATE",)}
    told_of = scene.inspect(Token(made.value), page(scene.pages[0]))
    assert told_of.role == "MODERATE"
    assert any("lacks the task ANALYZE" in note for note in told_of.notes)
    elsewhere = scene.inspect(Token(made.value), page(scene.pages[1]))
    assert elsewhere.role is None
    assert any("not among those" in note for note in elsewhere.notes)
    del scene.world.tokens[made.value]


def test_without_the_apps_secret_the_token_inspects_itself(scene: Scene) -> None:
    token = scene.token()
    told_of = scene.run(lambda talk: LOGIN.inspect(talk, token, None), secret="")
    assert told_of.alive
    assert set(told_of.scopes) >= set(PAGE_SCOPES)


def test_a_wrong_secret_of_the_app_is_the_configurations(scene: Scene) -> None:
    token = scene.token()
    with pytest.raises(ConfigurationInvalid, match="id with its secret"):
        scene.run(lambda talk: LOGIN.inspect(talk, token, None), secret="wrong-secret")
    scene.world.switches["facebook.require_proof"] = True
    with pytest.raises((ConfigurationInvalid, AccountRefused)) as caught:
        scene.run(lambda talk: LOGIN.inspect(talk, token, None), secret="wrong-secret")
    assert caught.value.code == "configuration"


def test_a_dead_token_is_an_answer(scene: Scene) -> None:
    for secret in (None, "wrong-secret", ""):
        used = secret
        told_of = scene.run(
            lambda talk: LOGIN.inspect(talk, Token("EAABnever-heard-of-it"), None), secret=used
        )
        assert not told_of.alive
        assert told_of.reason


def test_one_person_with_forty_pages_logs_in_and_out(scene: Scene) -> None:
    ann = scene.facebook.add_user(
        "Ann", pages=37, owned_pages=2, client_pages=1, without_analyze=1, instagram=5
    )
    token = scene.exchange(scene.log_in(ann.id))
    assert token.expires_at == START + timedelta(days=60)
    scene.world.journal.clear()
    found = scene.reach(token)
    assert len(scene.world.journal.requests) == 4
    assert (found.subject_id, found.subject) == (ann.id, "Ann")
    platforms = [account.platform for account in found.accounts]
    assert platforms == ["facebook"] * 40 + ["instagram"] * 5
    assert len(found.token.account_tokens) == 45
    lacking = [account for account in found.accounts if account.lacks]
    assert [account.name for account in lacking] == ["Ann 37"]
    assert found.notes == ()
    account = page(found.accounts[0].platform_account_id)
    assert scene.inspect(found.token, account).alive

    scene.run(lambda talk: LOGIN.revoke(talk, found.token))
    dead = scene.inspect(found.token, account)
    assert not dead.alive
    assert "the person removed the app" in dead.reason
    scene.run(lambda talk: LOGIN.revoke(talk, found.token))  # it is ended already


def test_what_is_declined_is_missing_and_asked_for_again_the_next_time(scene: Scene) -> None:
    bob = scene.facebook.add_user("Bob", pages=2)
    first, second = bob.pages
    code = scene.choose(bob.id, pages=[second], scopes=["pages_show_list", "read_insights"])
    (account,) = scene.reach(scene.exchange(code)).accounts
    assert account.platform_account_id == second
    assert account.lacks == (
        "posts of Pages, and their shares (pages_read_engagement)",
        "comments of posts (pages_read_user_content)",
    )
    again = scene.reach(scene.exchange(scene.log_in(bob.id)))
    assert {one.platform_account_id: one.lacks for one in again.accounts} == {first: (), second: ()}


def test_instagram_behind_pages_of_a_business_is_never_left_out_silently(scene: Scene) -> None:
    cleo = scene.facebook.add_user("Cleo", owned_pages={scene.pages[0]: ["ANALYZE"]})
    scopes = [scope for scope in ALL_SCOPES if not scope.startswith("ads_")]
    found = scene.reach(
        scene.exchange(scene.choose(cleo.id, pages=list(scene.pages), scopes=scopes))
    )
    assert [account.platform for account in found.accounts] == ["facebook"]
    (note,) = found.notes
    assert "reached through a Business may be missing" in note
    found = scene.reach(scene.exchange(scene.log_in(cleo.id)))
    assert [account.platform for account in found.accounts] == ["facebook", "instagram"]


def test_codes_work_once_for_ten_minutes_at_one_address(scene: Scene) -> None:
    dan = scene.facebook.add_user("Dan", pages=1)
    code = scene.log_in(dan.id)
    with pytest.raises(ConfigurationInvalid, match="redirect"):
        scene.exchange(code, back="http://localhost:1/elsewhere")
    with pytest.raises(ConfigurationInvalid, match="client secret"):
        scene.exchange(code, secret="wrong-secret")
    scene.exchange(code)
    with pytest.raises(WrongUsage, match="used"):
        scene.exchange(code)
    late = scene.log_in(dan.id)
    scene.world.clock.advance(timedelta(minutes=10))
    with pytest.raises(WrongUsage, match="expired") as caught:
        scene.exchange(late)
    assert "10 minutes" in caught.value.hint
