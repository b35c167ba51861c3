"""How people log in at X: OAuth 2.0 with PKCE, and refresh tokens that work once.

Sources: X docs, OAuth 2.0 Authorization Code Flow with PKCE; Refresh tokens; Get my User.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from analytics_sync.domain.credentials import App, Inspection, Reach, Reachable, Token
from analytics_sync.domain.records import Account
from analytics_sync.errors import AccountRefused, CallFailed, CredentialRefused
from analytics_sync.platforms._asking import inquiry, nobody
from analytics_sync.platforms._login import Login, Scope, Setup, Talk
from analytics_sync.platforms._oauth import (
    OAuthRules,
    Step,
    address,
    basic,
    beside,
    form_call,
    missing_of,
    secret_of,
    token_of,
)
from analytics_sync.platforms._x import answers
from analytics_sync.platforms._x.requests import Requests
from analytics_sync.platforms._x.rules import XRules
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.transport.call import Reply

ACCESS_LIFE: Final = timedelta(hours=2)
AHEAD: Final = timedelta(minutes=5)
_TITLE: Final = "X"
_ASKED_HOW: Final = (
    "X has no call that inspects a token: its own user was read, which X charges as one user read "
    "(about $0.01, once a UTC day)."
)


class XLogin(Login):
    """The log-in of X, for confidential and public clients."""

    platform: ClassVar[str] = "x"
    title: ClassVar[str] = _TITLE
    scopes: ClassVar[tuple[Scope, ...]] = (
        Scope("tweet.read", "posts and their numbers"),
        Scope("users.read", "whose account it is, and its followers"),
        Scope("offline.access", "renewal without a person: else the log-in ends after two hours"),
    )
    redirect_uri: ClassVar[str] = "http://127.0.0.1:8914/callback"
    code_lifetime: ClassVar[timedelta] = timedelta(seconds=30)
    needs_secret: ClassVar[bool] = False
    pkce: ClassVar[bool] = True
    revoke_by_hand: ClassVar[str] = (
        "At x.com, logged in as the account: Settings, Security and account access, Apps and "
        "sessions, Connected apps; revoke the app there."
    )
    setup: ClassVar[Setup] = Setup(
        create_at="https://developer.x.com/en/portal/dashboard",
        steps=(
            "Make an app in a project with access to the API v2; posts read cost credits.",
            "User authentication settings, App permissions: Read.",
            "Type of App: Web App, Automated App or Bot (a secret), or Native App (none).",
            f"Callback URI, to the letter: {redirect_uri} (127.0.0.1 and localhost are two to X).",
            "Take the Client ID and Client Secret of OAuth 2.0, not the API Key of OAuth 1.0a.",
            "The code of a log-in lives 30 seconds: with --no-browser, paste its address at once.",
        ),
        who="The owner of the X account itself, logged in at x.com as that account: clicks are "
        "shown to the author only, and one log-in reaches one account.",
    )

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
                "scope": " ".join(scopes),
                "state": state,
                "code_challenge": challenge,
                "code_challenge_method": "S256",
            },
        )

    async def exchange(self, talk: Talk, *, code: str, redirect_uri: str, verifier: str) -> Token:
        reply = await self._post(
            talk,
            Step.EXCHANGE,
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": redirect_uri,
                "code_verifier": verifier,
            },
        )
        asked = tuple(scope.name for scope in self.scopes)
        return token_of(reply, talk.clock.now(), asked=asked, usual_life=ACCESS_LIFE)

    async def reach(self, talk: Talk, token: Token) -> Reach:
        """The one account of the person who logged in (`GET /2/users/me`)."""
        user = answers.user_of(await _requests(talk, token).me())
        user_id, name = str(user["id"]), _name(user)
        lacking = dict(self.scopes)
        lacks = tuple(
            f"{lacking[scope]} (scope {scope})" for scope in missing_of(lacking, token.scopes)
        )
        account = Reachable("x", user_id, None, name or None, lacks)
        return Reach(user_id, name, (account,), token)

    def renew_at(self, token: Token) -> datetime | None:
        if token.expires_at is None or not self.renews(token):
            return None
        return token.expires_at - AHEAD

    async def renew(self, talk: Talk, token: Token) -> Token:
        """X docs, Refresh tokens: the one that was sent is dead when the answer exists.

        That it is dead X says with `invalid_request`, not with `invalid_grant`.
        """
        fields = {"grant_type": "refresh_token", "refresh_token": token.refresh_token or ""}
        reply = await self._post(talk, Step.RENEW, fields)
        return token_of(reply, talk.clock.now(), before=token, usual_life=ACCESS_LIFE)

    async def inspect(self, talk: Talk, token: Token, account: Account | None) -> Inspection:
        """By `GET /2/users/me`: X has no introspection, and this is the cheapest call."""
        try:
            user = answers.user_of(await _requests(talk, token, account).me())
        except CredentialRefused as refused:
            return Inspection(False, self._why_dead(talk, token, refused), scopes=token.scopes)
        except AccountRefused as refused:
            return self._inspected_app_token(token, refused)
        own = account is None or account.platform_account_id == str(user["id"])
        foreign = (
            f"It belongs to @{_name(user)}, not to this account: only public numbers are read.",
        )
        return Inspection(
            True,
            subject_id=str(user["id"]),
            subject=_name(user),
            scopes=token.scopes,
            missing=missing_of((scope.name for scope in self.scopes), token.scopes),
            role="owner" if own and account is not None else None,
            expires_at=token.expires_at,
            notes=(_ASKED_HOW, *(() if own else foreign)),
        )

    async def revoke(self, talk: Talk, token: Token) -> None:
        """Ends the refresh token, then the access token (RFC 7009); a dead one is no failure."""
        if token.oauth1 is not None:
            raise CallFailed(
                "OAuth 1.0a tokens of X are not revoked from here.", hint=self.revoke_by_hand
            )
        kinds = ("refresh_token", token.refresh_token), ("access_token", token.access_token)
        for kind, value in kinds:
            if value:
                await self._revoke_one(talk, kind, value)

    async def _revoke_one(self, talk: Talk, kind: str, value: str) -> None:
        try:
            await self._post(talk, Step.REVOKE, {"token": value, "token_type_hint": kind})
        except CredentialRefused:
            return

    async def _post(self, talk: Talk, step: Step, fields: dict[str, str]) -> Reply:
        """A confidential client shows its secret by HTTP Basic, a public one names itself."""
        url = talk.settings.token_url
        is_public = not talk.app.client_secret
        if is_public:
            fields = {**fields, "client_id": talk.app.client_id}
        call = form_call(
            beside(url, "revoke") if step is Step.REVOKE else url,
            fields,
            app=talk.app,
            label=f"X {step.value}",
            repeatable=step is Step.REVOKE,
            headers=None if is_public else basic(talk.app, secret_of(talk.app)),
        )
        return await talk.send(call, OAuthRules(_TITLE, talk.app, step, self.code_lifetime))

    def _why_dead(self, talk: Talk, token: Token, refused: CredentialRefused) -> str:
        has_expired = token.expires_at is not None and token.expires_at <= talk.clock.now()
        if has_expired and self.renews(token):
            return "The access token has expired; its refresh token renews it at the next use."
        return refused.message

    def _inspected_app_token(self, token: Token, refused: AccountRefused) -> Inspection:
        """An app's own token belongs to nobody; so may one without the scope users.read."""
        return Inspection(
            True,
            scopes=token.scopes,
            missing=missing_of((scope.name for scope in self.scopes), token.scopes),
            expires_at=token.expires_at,
            notes=(_ASKED_HOW, f"X does not say whose it is: {refused.message}"),
        )


def _requests(talk: Talk, token: Token, account: Account | None = None) -> Requests:
    about = account or nobody(talk)
    return Requests(inquiry(talk, token, XRules(about), about))


def _name(user: Mapping[str, Any]) -> str:
    """The name after the @, as an account's name is kept too."""
    return answers.as_identity(user, own=True).name or ""


LOGIN: Final = XLogin()
