"""How people log in at LinkedIn: OAuth 2.0, tokens of 60 days, and refresh tokens for few apps.

Sources: LinkedIn docs, Authorization Code Flow; Programmatic Refresh Tokens; Token Introspection.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from analytics_sync.domain.credentials import App, Inspection, Reach, Token
from analytics_sync.domain.records import Account
from analytics_sync.errors import CredentialRefused
from analytics_sync.platforms._asking import Inquiry, inquiry, nobody
from analytics_sync.platforms._linkedin import permissions
from analytics_sync.platforms._linkedin.inspection import inspected
from analytics_sync.platforms._linkedin.kinds import MEMBER, ORGANIZATION
from analytics_sync.platforms._linkedin.reach import reach
from analytics_sync.platforms._linkedin.rules import REFRESH_LAG, LinkedInRules
from analytics_sync.platforms._login import Login, Scope, Setup, Talk
from analytics_sync.platforms._oauth import (
    OAuthRules,
    Step,
    address,
    beside,
    form_call,
    object_in,
    secret_of,
    token_of,
)
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.transport.call import Reply

ACCESS_LIFE: Final = timedelta(days=60)
AHEAD: Final = timedelta(days=7)
_TITLE: Final = "LinkedIn"
_REDIRECT: Final = "http://localhost:8914/callback"
_CREATE_AT: Final = "https://www.linkedin.com/developers/apps"
_APP_STEP: Final = "Make an app, and let the LinkedIn page that it belongs to verify it."
_PAGES_STEP: Final = (
    "Products: Community Management API. Development tier at once (500 calls a day: set "
    'tier = "development"); Standard tier after a review of a registered company.'
)
_MEMBERS_STEP: Final = (
    "Products: Community Management API (members' post analytics), and Sign In with LinkedIn "
    "using OpenID Connect (tells whose log-in it is; given at once)."
)
_ADDRESS_STEP: Final = (
    f"Auth, Authorized redirect URLs, to the letter: {_REDIRECT}. LinkedIn takes plain http for "
    "localhost only; an https page of yours is set with platforms.linkedin.redirect_uri, and its "
    "address pasted with --no-browser."
)
_SCOPES_STEP: Final = (
    "Auth, OAuth 2.0 scopes, must list each scope that is asked for: LinkedIn refuses a whole "
    "log-in for one that the app does not have (unauthorized_scope_error)."
)
_ONE_SET_STEP: Final = (
    "Keep one set of scopes for an app: a person's later log-in with another set ends the tokens "
    "of the earlier one."
)
_REFRESH_STEP: Final = (
    "LinkedIn gives refresh tokens to approved partner apps only; with others each person logs in "
    "again every 60 days, with one about a year after the consent."
)


class LinkedInLogin(Login):
    """The log-in of a person who administers pages."""

    platform: ClassVar[str] = "linkedin"
    title: ClassVar[str] = _TITLE
    scopes: ClassVar[tuple[Scope, ...]] = permissions.ORGANIZATION
    setup: ClassVar[Setup] = Setup(
        create_at=_CREATE_AT,
        steps=(
            _APP_STEP,
            _PAGES_STEP,
            _ADDRESS_STEP,
            _SCOPES_STEP,
            _ONE_SET_STEP,
            _REFRESH_STEP,
        ),
        who="A person with the role ADMINISTRATOR (super admin) on each page; one log-in reaches "
        "all pages that this person administers.",
    )
    redirect_uri: ClassVar[str] = _REDIRECT
    code_lifetime: ClassVar[timedelta] = timedelta(minutes=30)
    revoke_by_hand: ClassVar[str] = (
        "At linkedin.com, logged in as the person: Settings & Privacy, Data privacy, Other "
        "applications, Permitted services; remove the app there."
    )
    settle: ClassVar[timedelta] = timedelta(seconds=REFRESH_LAG)

    def authorize_url(
        self,
        app: App,
        settings: PlatformSettings,
        *,
        redirect_uri: str,
        state: str,
        challenge: str,
        scopes: tuple[str, ...],
    ) -> str:
        return address(
            settings.authorize_url,
            {
                "response_type": "code",
                "client_id": app.client_id,
                "redirect_uri": redirect_uri,
                "state": state,
                "scope": " ".join(scopes),
            },
        )

    async def exchange(self, talk: Talk, *, code: str, redirect_uri: str, verifier: str) -> Token:
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        reply = await self._post(talk, Step.EXCHANGE, fields)
        asked = tuple(scope.name for scope in self.scopes)
        return token_of(reply, talk.clock.now(), asked=asked, usual_life=ACCESS_LIFE)

    async def reach(self, talk: Talk, token: Token) -> Reach:
        return await reach(_asking(talk, token), token)

    def renews(self, token: Token) -> bool:
        """Not after the last renewal that its refresh token allows: then its own end counts."""
        return super().renews(token) and not _is_last(token)

    def renew_at(self, token: Token) -> datetime | None:
        """A week ahead; and a last time a week before the refresh token ends.

        That is 365 days after the consent, whatever was renewed since.
        """
        if token.expires_at is None or not self.renews(token):
            return None
        ends = (token.expires_at, token.refresh_expires_at)
        return min(end for end in ends if end is not None) - AHEAD

    async def renew(self, talk: Talk, token: Token) -> Token:
        """LinkedIn docs, Programmatic Refresh Tokens: mostly the same refresh token comes back."""
        fields = {"grant_type": "refresh_token", "refresh_token": token.refresh_token or ""}
        reply = await self._post(talk, Step.RENEW, fields)
        return token_of(reply, talk.clock.now(), before=token, usual_life=ACCESS_LIFE)

    async def inspect(self, talk: Talk, token: Token, account: Account | None) -> Inspection:
        """By introspection; where no app is set up, by a call that a dead token would not get."""
        return await inspected(
            _asking(talk, token, account), token, await self._introspection(talk, token)
        )

    async def revoke(self, talk: Talk, token: Token) -> None:
        """Ends the refresh token, then the access token; a dead one is no failure."""
        for value in filter(None, (token.refresh_token, token.access_token)):
            try:
                await self._post(talk, Step.REVOKE, {"token": value})
            except CredentialRefused:
                continue

    async def _introspection(self, talk: Talk, token: Token) -> Mapping[str, Any] | None:
        if not (talk.app.client_id and talk.app.client_secret):
            return None
        try:
            reply = await self._post(talk, Step.INSPECT, {"token": token.access_token})
        except CredentialRefused:
            return {"active": False}
        return object_in(reply)

    async def _post(self, talk: Talk, step: Step, fields: dict[str, str]) -> Reply:
        """LinkedIn wants the app's id and secret in the body."""
        secret = secret_of(talk.app)
        call = form_call(
            _url(talk.settings, step),
            {**fields, "client_id": talk.app.client_id, "client_secret": secret},
            app=talk.app,
            label=f"{_TITLE} {step.value}",
            repeatable=step in {Step.INSPECT, Step.REVOKE},
        )
        return await talk.send(call, OAuthRules(_TITLE, talk.app, step, self.code_lifetime))


class LinkedInMemberLogin(LinkedInLogin):
    """The log-in of a member for the numbers of their own posts."""

    title: ClassVar[str] = f"{_TITLE} (member)"
    scopes: ClassVar[tuple[Scope, ...]] = permissions.MEMBER
    setup: ClassVar[Setup] = Setup(
        create_at=_CREATE_AT,
        steps=(
            _APP_STEP,
            _MEMBERS_STEP,
            _ADDRESS_STEP,
            _SCOPES_STEP,
            _ONE_SET_STEP,
            _REFRESH_STEP,
        ),
        who="The member whose posts are to be read: nobody else is shown these numbers.",
    )


def _is_last(token: Token) -> bool:
    """Whether the access token was given so late that renewing it again would win nothing."""
    issued_at = token.issued_at or (token.expires_at and token.expires_at - ACCESS_LIFE)
    if token.refresh_expires_at is None or issued_at is None:
        return False
    return issued_at >= token.refresh_expires_at - AHEAD


def _url(settings: PlatformSettings, step: Step) -> str:
    match step:
        case Step.INSPECT:
            return beside(settings.token_url, "introspectToken")
        case Step.REVOKE:
            return beside(settings.token_url, "revoke")
    return settings.token_url


def _asking(talk: Talk, token: Token, account: Account | None = None) -> Inquiry:
    rules = LinkedInRules(talk.settings.text("version"))
    return inquiry(talk, token, rules, account or nobody(talk))


LOGINS: Final[Mapping[str, Login]] = {
    ORGANIZATION: LinkedInLogin(),
    MEMBER: LinkedInMemberLogin(),
}
