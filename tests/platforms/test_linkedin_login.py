"""LinkedIn's log-ins against its simulator, and against servers that answer in every wrong way."""

import json
import logging
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

import pytest

from analytics_sync.domain.credentials import App, Token
from analytics_sync.domain.records import Account
from analytics_sync.errors import (
    AccountRefused,
    AnswerNotUnderstood,
    CallFailed,
    ConfigurationInvalid,
    CredentialRefused,
    RateLimited,
    Temporary,
    WrongUsage,
)
from analytics_sync.platforms.linkedin import PLATFORM
from analytics_sync.simulator.faults import Fault
from analytics_sync.simulator.services._linkedin.oauth import DEFAULT_APPLICATION as KNOWN
from analytics_sync.simulator.services._linkedin.oauth import Application
from support.fake_clock import FakeClock
from support.fault_server import raw, resets, says
from support.login_desk import against, settings_of, simulated

APP = App("linkedin", KNOWN.client_id, KNOWN.client_secret)
PAGES = PLATFORM.login()
MEMBERS = PLATFORM.login("member")
PAGE_SCOPES = ("rw_organization_admin", "r_organization_social")
MEMBER_SCOPES = ("openid", "profile", "r_member_postAnalytics", "r_member_profileAnalytics")
REDIRECT = PAGES.redirect_uri
DAY = timedelta(days=1)
DEAD = (
    b'{"error":"invalid_request","error_description":"The provided authorization grant or refresh '
    b'token is invalid, expired or revoked"}'
)
GOOD = b'{"access_token":"second-access","expires_in":5184000,"scope":"a,b"}'


@pytest.fixture(scope="module")
def desk():
    with simulated("linkedin") as made:
        yield made


@pytest.fixture
def service(desk):
    found = desk.simulator.services["linkedin"]
    found.site.people.clear()
    yield found
    desk.world.switches.clear()
    desk.world.faults.clear()


def pages_of(service, count):
    return [service.add_organization(f"Org {n}", 0, number=2000).id for n in range(count)]


def consent(service, scopes=PAGE_SCOPES, pages=1, application=KNOWN):
    """Somebody's consent; `pages` is how many they administer."""
    administered = pages_of(service, pages)
    return service.authority.consent(
        service.add_person("Ada Admin"),
        frozenset(scopes),
        administers=administered,
        application=application,
    )


def exchange(desk, code, login=PAGES, app=APP, redirect_uri=REDIRECT):
    return desk.talk(
        app, lambda talk: login.exchange(talk, code=code, redirect_uri=redirect_uri, verifier="")
    )


def logged_in(desk, service, given, login=PAGES, app=APP):
    return exchange(desk, service.authority.code(given, REDIRECT), login, app)


def renew(desk, token, app=APP):
    return desk.talk(app, lambda talk: PAGES.renew(talk, token))


def reach(desk, token, **own):
    return desk.talk(APP, lambda talk: PAGES.reach(with_own(talk, own), token))


def with_own(talk, own):
    return talk._replace(settings=replace(talk.settings, own={**talk.settings.own, **own}))


def inspect(desk, token, account=None, app=APP):
    return desk.talk(app, lambda talk: PAGES.inspect(talk, token, account))


def page_account(page):
    return Account(7, 1, "linkedin", page, "organization", credential_id=3)


# --- the whole way --------------------------------------------------------------------------------


@pytest.mark.parametrize("login", [PAGES, MEMBERS])
def test_the_address_asks_for_one_set_of_scopes_and_holds_no_secret(login):
    settings = replace(settings_of("linkedin", ""), authorize_url=PLATFORM.authorize_url)
    names = tuple(scope.name for scope in login.scopes)
    made = login.authorize_url(
        APP, settings, redirect_uri=REDIRECT, state="s t&a=t/e", challenge="", scopes=names
    )
    assert made.startswith("https://www.linkedin.com/oauth/v2/authorization?")
    assert dict(parse_qsl(urlsplit(made).query)) == {
        "response_type": "code",
        "client_id": KNOWN.client_id,
        "redirect_uri": REDIRECT,
        "state": "s t&a=t/e",
        "scope": " ".join(names),
    }
    assert KNOWN.client_secret not in made


def test_apps_without_member_products_are_asked_for_no_member_scope():
    """One scope that an app lacks fails the whole log-in (unauthorized_scope_error)."""
    assert tuple(scope.name for scope in PAGES.scopes) == PAGE_SCOPES
    assert tuple(scope.name for scope in MEMBERS.scopes) == MEMBER_SCOPES
    assert PLATFORM.login("organization") is PAGES
    with pytest.raises(ValueError, match="'page' is no kind of LinkedIn account: organization"):
        PLATFORM.login("page")


def test_a_person_logs_in_is_renewed_and_leaves_again(desk, service, caplog):
    caplog.set_level(logging.DEBUG)
    first = logged_in(desk, service, consent(service))
    now = desk.clock.now()
    assert sorted(first.scopes) == sorted(PAGE_SCOPES)
    assert (first.expires_at, first.issued_at) == (now + 60 * DAY, now)
    assert first.refresh_expires_at == now + 365 * DAY

    desk.world.clock.advance(50 * DAY)
    second = renew(desk, first)
    assert second.access_token != first.access_token
    assert second.refresh_token == first.refresh_token
    assert second.expires_at == now + 110 * DAY
    # 365 days from the consent, not from the renewal.
    assert second.refresh_expires_at == first.refresh_expires_at

    desk.talk(APP, lambda talk: PAGES.revoke(talk, second))
    assert not inspect(desk, second).alive
    with pytest.raises(CredentialRefused, match="invalid, expired or revoked"):
        renew(desk, second)
    desk.talk(APP, lambda talk: PAGES.revoke(talk, second))  # a dead one is no failure
    for secret in (first.access_token, second.access_token, first.refresh_token):
        assert secret not in caplog.text


def test_an_app_without_refresh_tokens_gives_a_log_in_of_sixty_days(desk, service):
    application = service.authority.add_application(Application("no-refresh", "its-secret", False))
    app = App("linkedin", "no-refresh", "its-secret")
    given = consent(service, application=application)
    token = logged_in(desk, service, given, app=app)
    assert token.refresh_token is None
    assert not PAGES.renews(token)
    assert PAGES.renew_at(token) is None
    desk.talk(app, lambda talk: PAGES.revoke(talk, token))
    assert not inspect(desk, token, app=app).alive


def test_a_refresh_token_that_does_change_is_kept(desk, service):
    token = logged_in(desk, service, consent(service))
    desk.world.switches["linkedin.rotate_refresh_tokens"] = True
    renewed = renew(desk, token)
    assert renewed.refresh_token != token.refresh_token
    assert renew(desk, renewed).access_token


def test_a_token_that_has_not_settled_is_waited_for(desk, service):
    """For some seconds after a renewal LinkedIn may call the new token revoked (65601)."""
    given = consent(service)
    token = logged_in(desk, service, given)
    desk.world.switches["linkedin.refresh_settling"] = 4
    renewed = renew(desk, token)
    assert PAGES.settle >= timedelta(seconds=5)
    assert [one.platform_account_id for one in reach(desk, renewed).accounts] == given.administers


def test_a_dead_token_needs_no_revoking_and_trouble_is_told():
    def revoke(*answers):
        return against([*answers], APP, FakeClock(), lambda t: PAGES.revoke(t, TOKEN))[0]

    assert revoke(says(400, DEAD)) is None
    assert isinstance(revoke(says(503, b"")), CallFailed)


# --- when it is renewed ---------------------------------------------------------------------------


def test_it_is_renewed_a_week_ahead():
    now = FakeClock().now()
    token = Token("a", "r", now + 60 * DAY, issued_at=now)
    assert PAGES.renew_at(token) == now + 53 * DAY
    assert PAGES.renew_at(replace(token, refresh_expires_at=now + 365 * DAY)) == now + 53 * DAY
    for never in (
        replace(token, refresh_token=None),
        replace(token, expires_at=None),
        replace(token, refreshes=False),
    ):
        assert PAGES.renew_at(never) is None


def test_the_last_days_of_a_refresh_token_are_used_once():
    """A renewal a week before its end gives the longest last log-in; after it there is none."""
    now = FakeClock().now()
    end = now + 365 * DAY
    token, renewals = Token("a", "r", now + 60 * DAY, refresh_expires_at=end, issued_at=now), []
    while (due := PAGES.renew_at(token)) is not None:
        renewals.append((due - now).days)
        token = replace(token, issued_at=due, expires_at=due + 60 * DAY)
    assert renewals == [53, 106, 159, 212, 265, 318, 358]
    assert token.expires_at == now + 418 * DAY
    assert not PAGES.renews(token)
    assert PAGES.renew_at(replace(token, issued_at=None)) is None


# --- codes and apps that are not taken ------------------------------------------------------------


def test_a_code_lives_thirty_minutes_and_works_once(desk, service):
    given = consent(service)
    late = service.authority.code(given, REDIRECT)
    desk.world.clock.advance(timedelta(minutes=30))
    with pytest.raises(WrongUsage, match="too old") as caught:
        exchange(desk, late)
    assert "30 minutes" in caught.value.hint
    code = service.authority.code(given, REDIRECT)
    exchange(desk, code)
    desk.labels()
    with pytest.raises(WrongUsage):
        exchange(desk, code)
    assert desk.labels() == {"linkedin token": 1}


def test_a_code_for_another_address_or_app_is_not_taken(desk, service):
    given = consent(service)
    other = service.authority.add_application(Application("another", "another-secret"))
    with pytest.raises(WrongUsage, match="another app or address"):
        exchange(desk, service.authority.code(given, REDIRECT), redirect_uri="http://localhost:1/")
    app = App("linkedin", other.client_id, other.client_secret)
    with pytest.raises(WrongUsage, match="another app or address"):
        exchange(desk, service.authority.code(given, REDIRECT), app=app)


@pytest.mark.parametrize(
    "app",
    [
        replace(APP, client_secret="wrong-client-secret"),
        replace(APP, client_id="nobody-knows-it"),
        replace(APP, client_secret=None),
        replace(APP, client_id=""),
    ],
    ids=["secret", "client", "no secret", "no client"],
)
def test_an_app_that_linkedin_does_not_know_is_the_configurations_fault(desk, service, app):
    token = logged_in(desk, service, consent(service))
    with pytest.raises(ConfigurationInvalid, match="the default app") as caught:
        renew(desk, token, app)
    assert "platforms.linkedin.client_id" in caught.value.hint
    assert "wrong-client-secret" not in caught.value.message
    assert renew(desk, token).access_token


def test_id_and_secret_are_sent_in_the_body():
    token = Token("first-access", "first-refresh")
    _, server = against([says(200, GOOD)], APP, FakeClock(), lambda t: PAGES.renew(t, token))
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /oauth/v2/accessToken HTTP/1.1\r\n")
    assert b"authorization" not in head.lower()
    assert {name: value for name, (value,) in parse_qs(body.decode()).items()} == {
        "grant_type": "refresh_token",
        "refresh_token": "first-refresh",
        "client_id": KNOWN.client_id,
        "client_secret": KNOWN.client_secret,
    }


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (says(500, b'{"status":500}'), Temporary),
        (says(504, b"<html>gateway</html>"), Temporary),
        (says(400, DEAD), CredentialRefused),
        (says(400, b'{"error":"invalid_grant"}'), CredentialRefused),
        (says(401, b'{"error":"invalid_client"}'), ConfigurationInvalid),
        (says(429, b""), RateLimited),
        (says(403, b"<html>no</html>"), CallFailed),
        (says(200, b"<html>log in to the wifi</html>"), AnswerNotUnderstood),
        (says(200, b'{"access_token":"cut'), AnswerNotUnderstood),
        (says(200, b"{}"), AnswerNotUnderstood),
        (raw(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{", close=True), Temporary),
        (resets(), Temporary),
    ],
)
def test_every_wrong_answer_to_a_renewal_is_one_request_and_sorted(answer, kind):
    clock, token = FakeClock(), Token("first-access", "first-refresh")
    failure, server = against([answer], APP, clock, lambda talk: PAGES.renew(talk, token))
    assert isinstance(failure, kind), failure
    assert (len(server.requests), clock.slept) == (1, [])
    told = f"{failure!r} {failure.message} {failure.hint}"
    assert not any(s in told for s in ("first-refresh", "first-access", KNOWN.client_secret))


def test_an_empty_refresh_token_takes_no_ones_place():
    end = FakeClock().now() + 300 * DAY
    known = Token("first-access", "first-refresh", refresh_expires_at=end, scopes=("x",))
    body = b'{"access_token":"second-access","refresh_token":"","expires_in":"soon"}'
    token, _ = against([says(200, body)], APP, FakeClock(), lambda t: PAGES.renew(t, known))
    assert (token.refresh_token, token.refresh_expires_at) == ("first-refresh", end)
    assert (token.scopes, token.expires_at) == (("x",), FakeClock().now() + 60 * DAY)


# --- what it reaches ------------------------------------------------------------------------------


def test_a_log_in_reaches_every_page_that_the_person_administers(desk, service):
    """Forty pages: two calls for the roles, one for all names."""
    given = consent(service, pages=40)
    token = logged_in(desk, service, given)
    desk.labels()
    reached = reach(desk, token)
    assert desk.labels() == {"linkedin organization roles": 2, "linkedin organizations batch": 1}
    assert [one.platform_account_id for one in reached.accounts] == given.administers
    names = {desk.world.accounts["linkedin", page].name for page in given.administers}
    assert {one.name for one in reached.accounts} == names
    assert {(one.kind, one.lacks) for one in reached.accounts} == {("organization", ())}
    # Without a scope that names the person, the roles tell who it is.
    assert (reached.subject_id, reached.subject) == (given.member, given.member)
    assert reached.notes == ()


def test_names_of_more_pages_than_fit_a_call_take_several(desk, service):
    given = consent(service, pages=101)
    token = logged_in(desk, service, given)
    desk.labels()
    assert all(one.name for one in reach(desk, token).accounts)
    assert desk.labels()["linkedin organizations batch"] == 3


def test_in_the_development_tier_names_are_asked_singly_and_sparingly(desk, service):
    desk.world.switches["linkedin.tier"] = "development"
    token = logged_in(desk, service, consent(service, pages=22))
    desk.labels()
    reached = reach(desk, token, tier="development")
    assert desk.labels()["linkedin organization"] == 20
    assert sum(one.name is not None for one in reached.accounts) == 20
    assert len(reached.accounts) == 22


def test_lists_that_are_refused_are_asked_singly(desk, service):
    """The app is in the Development tier, and the settings do not say so."""
    desk.world.switches["linkedin.tier"] = "development"
    token = logged_in(desk, service, consent(service, pages=3))
    assert all(one.name for one in reach(desk, token).accounts)


def test_a_member_is_reached_where_scopes_allow(desk, service):
    given = consent(service, MEMBER_SCOPES, pages=0)
    token = logged_in(desk, service, given, MEMBERS)
    (account,) = reach(desk, token).accounts
    assert (account.platform_account_id, account.kind) == (given.member, "member")
    assert (account.name, account.lacks) == ("Ada Admin", ())


def test_one_consent_for_both_reaches_pages_and_the_member(desk, service):
    given = consent(service, (*PAGE_SCOPES, *MEMBER_SCOPES), pages=2)
    reached = reach(desk, logged_in(desk, service, given))
    assert [one.kind for one in reached.accounts] == ["organization", "organization", "member"]
    assert (reached.subject_id, reached.subject) == (given.member, "Ada Admin")


@pytest.mark.parametrize(
    ("scopes", "lacks"),
    [
        (("rw_organization_admin",), ["r_organization_social"]),
        (("openid", "r_member_postAnalytics"), ["r_member_profileAnalytics"]),
    ],
)
def test_what_a_smaller_consent_lacks_is_said(desk, service, scopes, lacks):
    token = logged_in(desk, service, consent(service, scopes))
    (account,) = reach(desk, token).accounts
    assert [words.rpartition("(scope ")[2] for words in account.lacks] == [
        f"{name})" for name in lacks
    ]
    assert set(lacks) <= set(inspect(desk, token).missing)


def test_a_log_in_that_names_nobody_is_refused_with_what_to_do(desk, service):
    token = logged_in(desk, service, consent(service, pages=0))
    with pytest.raises(AccountRefused, match="administers no page") as caught:
        reach(desk, token)
    assert "--kind member" in caught.value.hint


def test_a_person_without_pages_who_is_named_reaches_nothing(desk, service):
    given = consent(service, (*PAGE_SCOPES, "openid"), pages=0)
    reached = reach(desk, logged_in(desk, service, given))
    assert (reached.accounts, reached.subject_id) == ((), given.member)


def roles_answer(*roles, start=0, count=100):
    elements = [
        {"role": name, "state": "APPROVED", "organization": page, "roleAssignee": member}
        for page, name, member in roles
    ]
    return json.dumps({"elements": elements, "paging": {"start": start, "count": count}}).encode()


ADA = "urn:li:person:Ada"
TOKEN = Token("first-access", scopes=PAGE_SCOPES)


def page(number):
    return f"urn:li:organization:{number}"


def test_pages_with_other_roles_are_told_in_words():
    roles = roles_answer(
        (page(1), "ANALYST", ADA),
        (page(2), "CONTENT_ADMINISTRATOR", ADA),
        (page(2), "ADMINISTRATOR", ADA),
        (page(1), "RECRUITING_POSTER", ADA),
    )
    names = b'{"results":{"2":{"localizedName":"Two"},"3":{"localizedName":7},"4":[]}}'
    answers = [says(200, roles), says(200, names)]
    reached, server = against(answers, APP, FakeClock(), lambda t: PAGES.reach(t, TOKEN))
    assert [(one.platform_account_id, one.name) for one in reached.accounts] == [(page(2), "Two")]
    (note,) = reached.notes
    assert note.startswith(f"{page(1)} can't be read: the person is ANALYST, RECRUITING_POSTER")
    assert unquote(server.targets[0].decode()) == (
        "/rest/organizationAcls?q=roleAssignee&state=APPROVED"
    )
    assert server.targets[1] == b"/rest/organizations?ids=List(2)"
    assert all(b"first-access" not in target for target in server.targets)


@pytest.mark.parametrize(
    "names", [b"{}", b'{"results":[]}', b'{"results":{"2":{}}}', b'{"results":{"9":{"x":1}}}']
)
def test_names_that_are_not_told_are_left_open(names):
    answers = [says(200, roles_answer((page(2), "ADMINISTRATOR", ADA))), says(200, names)]
    reached, _ = against(answers, APP, FakeClock(), lambda talk: PAGES.reach(talk, TOKEN))
    assert [one.name for one in reached.accounts] == [None]


def test_roles_that_are_refused_are_a_note_where_the_person_is_known():
    refused = says(403, b'{"status":403,"code":"ACCESS_DENIED","message":"no product"}')
    who = says(200, b'{"sub":"Ada","name":"Ada Admin"}')
    token = replace(TOKEN, scopes=())
    reached, _ = against([refused, who], APP, FakeClock(), lambda talk: PAGES.reach(talk, token))
    assert [one.kind for one in reached.accounts] == ["member"]
    assert "does not tell which pages" in reached.notes[0]
    assert "no product" in reached.notes[0]


# --- inspection -----------------------------------------------------------------------------------


def test_inspection_draws_on_no_data_quota_and_tells_all(desk, service):
    token = logged_in(desk, service, consent(service))
    desk.labels()
    found = inspect(desk, token)
    assert desk.labels() == {"linkedin introspection": 1}
    assert (found.alive, found.app, found.missing) == (True, KNOWN.client_id, ())
    # LinkedIn tells whole seconds.
    assert found.expires_at == token.expires_at.replace(microsecond=0)
    assert found.renew_until == token.refresh_expires_at
    assert sorted(found.scopes) == sorted(PAGE_SCOPES)


def test_the_role_on_a_page_is_told(desk, service):
    given = consent(service, pages=2)
    token = logged_in(desk, service, given)
    found = inspect(desk, token, page_account(given.administers[1]))
    assert (found.role, found.subject_id, found.notes) == ("ADMINISTRATOR", given.member, ())
    foreign = inspect(desk, token, page_account(page(1)))
    assert (foreign.alive, foreign.role) == (True, None)
    assert "without a role" in foreign.notes[0]


def test_a_member_owns_their_own_posts_only(desk, service):
    given = consent(service, MEMBER_SCOPES, pages=0)
    token = logged_in(desk, service, given, MEMBERS)
    account = Account(7, 1, "linkedin", given.member, "member")
    own = inspect(desk, token, account)
    assert (own.role, own.subject, own.missing) == ("owner", "Ada Admin", ())
    other = inspect(desk, token, account._replace(platform_account_id=ADA))
    assert (other.alive, other.role) == (True, None)
    assert "that member only" in other.notes[0]


def test_an_expired_token_is_told_from_a_revoked_one(desk, service):
    given = consent(service)
    token = logged_in(desk, service, given)
    service.authority.withdraw(given)
    revoked = inspect(desk, token)
    assert (revoked.alive, "withdrew" in revoked.reason) == (False, True)
    other = logged_in(desk, service, consent(service))
    desk.world.clock.advance(61 * DAY)
    expired = inspect(desk, other, page_account(page(1)))
    assert (expired.alive, "expired" in expired.reason) == (False, True)


def test_another_scope_set_ends_the_earlier_consent(desk, service):
    """The trap of a second log-in at the same app."""
    given = consent(service)
    token = logged_in(desk, service, given)
    service.authority.consent(given.member, frozenset(MEMBER_SCOPES))
    found = inspect(desk, token)
    assert (found.alive, "other scopes" in found.reason) == (False, True)


def test_a_token_of_another_app_is_alive_and_belongs_to_that_app(desk, service):
    application = service.authority.add_application(Application("other-app", "other-secret"))
    given = consent(service, application=application)
    app = App("linkedin", "other-app", "other-secret")
    token = logged_in(desk, service, given, app=app)
    found = inspect(desk, token, page_account(given.administers[0]))
    assert (found.alive, found.app, found.role) == (True, None, "ADMINISTRATOR")
    assert "another app" in found.notes[0]
    unknown = inspect(desk, Token("nobody-knows-this-token"))
    assert (unknown.alive, "not valid" in unknown.reason) == (False, True)


def test_without_an_app_a_token_is_tried_by_a_call(desk, service):
    given = consent(service)
    token = logged_in(desk, service, given)
    app = App("linkedin", "")
    desk.labels()
    found = inspect(desk, token, page_account(given.administers[0]), app)
    assert desk.labels() == {"linkedin organization roles": 1}
    assert (found.alive, found.role) == (True, "ADMINISTRATOR")
    assert "No app is set up" in found.notes[0]
    assert inspect(desk, token, app=app).alive
    service.authority.withdraw(given)
    assert not inspect(desk, token, app=app).alive


def test_trouble_with_the_role_leaves_what_the_introspection_told(desk, service):
    given = consent(service)
    token = logged_in(desk, service, given)
    desk.world.faults.add(Fault("status", match="organizationAcls", status=503, times=None))
    found = inspect(desk, token, page_account(given.administers[0]))
    assert (found.alive, found.role) == (True, None)
    assert "503" in found.notes[0]


def test_trouble_without_an_introspection_is_no_answer():
    app, account = App("linkedin", ""), page_account(page(1))
    failure, _ = against(
        [says(503, b"")], app, FakeClock(), lambda talk: PAGES.inspect(talk, TOKEN, account)
    )
    assert isinstance(failure, Temporary)


def test_a_token_that_may_not_ask_for_roles_or_name_its_member_is_alive(desk, service):
    given = consent(service, ("r_organization_social", "r_member_postAnalytics"))
    token = logged_in(desk, service, given)
    found = inspect(desk, token, page_account(given.administers[0]))
    assert (found.alive, found.role, found.missing) == (True, None, ("rw_organization_admin",))
    assert "does not tell the role" in found.notes[0]
    member = inspect(desk, token, Account(7, 1, "linkedin", given.member, "member"))
    assert (member.alive, member.role) == (True, None)
    assert "does not tell whose token it is" in member.notes[0]


@pytest.mark.parametrize(
    "told",
    [
        b"{}",
        b'{"active":true,"status":7,"scope":[1],"expires_at":"never","client_id":{}}',
        b'{"active":true,"expires_at":1e300,"scope":null}',
    ],
)
def test_an_odd_introspection_is_read_as_far_as_it_goes(told):
    answers = [says(200, told), says(200, b'{"sub":"Ada"}')]
    token = Token("first-access", expires_at=FakeClock().now() + DAY, scopes=PAGE_SCOPES)
    found, _ = against(answers, APP, FakeClock(), lambda talk: PAGES.inspect(talk, token, None))
    assert (found.alive, found.expires_at, found.app) == (True, token.expires_at, None)


def test_a_token_that_the_introspection_refuses_is_tried_by_a_call():
    dead = b'{"status":401,"serviceErrorCode":65600,"message":"Invalid access token"}'
    answers = [says(400, DEAD), says(401, dead)]
    found, server = against(answers, APP, FakeClock(), lambda t: PAGES.inspect(t, TOKEN, None))
    assert (found.alive, "not valid" in found.reason) == (False, True)
    assert b"/oauth/v2/introspectToken" in server.targets[0]


# --- what a person is told ------------------------------------------------------------------------


@pytest.mark.parametrize("login", [PAGES, MEMBERS])
def test_the_setup_names_what_linkedin_needs_to_the_letter(login):
    steps = " ".join(login.setup.steps)
    for word in (REDIRECT, "Community Management API", "unauthorized_scope_error", "60 days"):
        assert word in steps
    assert "one set of scopes" in steps
    assert ("OpenID Connect" in steps) is (login is MEMBERS)
    assert login.code_lifetime == timedelta(minutes=30)
    assert (login.pkce, login.needs_secret) == (False, True)
