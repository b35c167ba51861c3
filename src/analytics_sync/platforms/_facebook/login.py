"""How people log in at Facebook, for Pages and the Instagram accounts behind them.

Sources: Meta docs, Manually Build a Login Flow; Facebook Login for Business; Long-Lived Access
Tokens.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar, Final

from analytics_sync.domain.credentials import App, Inspection, Reach, Token
from analytics_sync.domain.records import Account
from analytics_sync.errors import (
    AccountRefused,
    AnalyticsSyncError,
    CallFailed,
    CredentialRefused,
    Refused,
)
from analytics_sync.logs import redact
from analytics_sync.platforms._facebook.inspection import inspect as inspected
from analytics_sync.platforms._facebook.reach import Reaching
from analytics_sync.platforms._facebook.scopes import SCOPES
from analytics_sync.platforms._graph.debugging import debug
from analytics_sync.platforms._graph.login import (
    CODE_LIFETIME,
    MetaOAuthRules,
    RemovalRules,
    graph_of,
    is_removed,
    rules_of,
)
from analytics_sync.platforms._login import Login, Scope, Setup, Talk
from analytics_sync.platforms._oauth import (
    OAuthRules,
    Step,
    address,
    form_call,
    secret_of,
    token_of,
)
from analytics_sync.settings.declare import PlatformSettings

TITLE: Final = "Facebook"
# What Facebook appends to the address of an answer.
_TAIL: Final = "#_=_"


class FacebookLogin(Login):
    """Facebook Login, also for Business (setting `config_id`)."""

    platform: ClassVar[str] = "facebook"
    title: ClassVar[str] = TITLE
    scopes: ClassVar[tuple[Scope, ...]] = SCOPES
    redirect_uri: ClassVar[str] = "http://localhost:8914/callback"
    code_lifetime: ClassVar[timedelta] = CODE_LIFETIME
    revoke_by_hand: ClassVar[str] = (
        "At facebook.com, logged in as the person: Settings, Business integrations (or Apps and "
        "websites); remove the app there. A system user's token: Business settings, System users."
    )
    setup: ClassVar[Setup] = Setup(
        create_at="https://developers.facebook.com/apps/",
        steps=(
            "Create an app of type Business, with Facebook Login (or Facebook Login for Business).",
            (
                f"Add these permissions to it: {', '.join(scope.name for scope in SCOPES)}. The dialog "
                "refuses names that the app does not have."
            ),
            (
                "With Facebook Login for Business: make a configuration with these permissions and set "
                "its id as config_id under [platforms.facebook]; it decides what is asked for."
            ),
            (
                f"Valid OAuth Redirect URIs, to the letter: {redirect_uri}. Facebook takes http for "
                "localhost only while the app is in development; for a live app register an https "
                "address, set it as redirect_uri and log in with --no-browser."
            ),
            "Take the App ID and App secret of Settings, Basic.",
            (
                "Standard Access is enough for people with a role on the app. Everybody else needs "
                "Advanced Access: App Review of each permission, and Business Verification."
            ),
        ),
        who="A person with the task ANALYZE (Insights) on the Pages; they tick the Pages and "
        "Instagram accounts in the log-in. One log-in reaches all of theirs. Instagram accounts "
        "without a Page: `account connect BUSINESS instagram --kind instagram-login`.",
    )
    # Which of the accounts a log-in was started for; they come first.
    first: ClassVar[str] = "facebook"

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
        """With `auth_type=rerequest`: what was refused once is else never asked for again."""
        config = settings.text("config_id")
        asked = (
            {"config_id": config}
            if config != "none"
            else {"scope": ",".join(scopes), "auth_type": "rerequest"}
        )
        return address(
            settings.authorize_url,
            {
                "client_id": app.client_id,
                "redirect_uri": redirect_uri,
                "state": state,
                "response_type": "code",
                **asked,
            },
        )

    async def exchange(self, talk: Talk, *, code: str, redirect_uri: str, verifier: str) -> Token:
        """The code for a token of an hour or two, that for one of 60 days.

        A token without an end needs no exchange: a system user's, by its configuration.
        """
        given = code.removesuffix(_TAIL)
        asked = {"redirect_uri": redirect_uri, "code": given}
        short = await self._token(talk, asked, repeatable=False)
        if short.expires_at is None:
            return short
        asked = {"grant_type": "fb_exchange_token", "fb_exchange_token": short.access_token}
        return await self._token(talk, asked, repeatable=True)

    async def _token(self, talk: Talk, asked: Mapping[str, str], *, repeatable: bool) -> Token:
        """As a posted form, so that no address holds a secret."""
        app = talk.app
        fields = {"client_id": app.client_id, "client_secret": secret_of(app), **asked}
        for value in asked.values():
            redact(value)
        call = form_call(
            talk.settings.token_url,
            fields,
            app=app,
            label="Facebook log-in",
            repeatable=repeatable,
        )
        oauth = OAuthRules(TITLE, app, Step.EXCHANGE, self.code_lifetime)
        secrets = (fields["client_secret"], *asked.values())
        rules = MetaOAuthRules(oauth, rules_of(talk, TITLE, "pages"), secrets)
        return token_of(await talk.send(call, rules), talk.clock.now())

    async def reach(self, talk: Talk, token: Token) -> Reach:
        """Pages with tokens of their own, and Instagram accounts, which are read with these.

        A Page's token has no end, so the person's own end is none of the accounts'.
        """
        rules = rules_of(talk, TITLE, "pages")
        (granted,) = await debug(talk, rules, [token.access_token], "Facebook: permissions")
        if isinstance(granted, AnalyticsSyncError):
            raise granted
        if not granted.alive:
            raise CredentialRefused(granted.reason)
        graph = graph_of(talk, token.access_token, rules, secret=talk.app.client_secret)
        reaching = Reaching(graph, granted)
        found = await reaching.look()
        found.sort(key=lambda account: account.platform != self.first)
        kept = replace(
            token,
            scopes=granted.scopes,
            account_tokens={**token.account_tokens, **reaching.tokens},
            expires_at=None if found else token.expires_at or granted.expires_at,
            # The consent to have data read, which no call prolongs.
            refresh_expires_at=granted.data_until,
        )
        notes = tuple(dict.fromkeys(reaching.notes))
        return Reach(reaching.subject_id, reaching.subject, tuple(found), kept, notes)

    def renews(self, token: Token) -> bool:
        """Never: after 60 days a person must log in again; the tokens of Pages go on."""
        return False

    def renew_at(self, token: Token) -> datetime | None:
        return None

    async def renew(self, talk: Talk, token: Token) -> Token:
        raise CredentialRefused(
            "Facebook renews no token without a person.",
            hint="Log in again: `analytics-sync account connect`.",
        )

    async def inspect(self, talk: Talk, token: Token, account: Account | None) -> Inspection:
        return await inspected(talk, rules_of(talk, TITLE, "pages", account), token, account)

    async def revoke(self, talk: Talk, token: Token) -> None:
        """Takes the app away from the person, and with it the tokens of all their Pages."""
        rules = rules_of(talk, TITLE, "pages")
        graph = graph_of(talk, token.access_token, rules, secret=talk.app.client_secret)
        label = "Facebook: end of the consent"
        call = replace(graph.get_call("me/permissions", {}, label), method="DELETE")
        try:
            reply = await talk.send(call, RemovalRules(rules))
        except (CredentialRefused, AccountRefused, Refused) as refused:
            raise CallFailed(
                f"The consent could not be ended: {refused.message}", hint=self.revoke_by_hand
            ) from refused
        if not is_removed(reply):
            raise CallFailed(
                "The consent could not be ended: Facebook does not say that it is.",
                hint=self.revoke_by_hand,
            )


class InstagramBehindPages(FacebookLogin):
    """The same log-in and consent, started for the Instagram accounts."""

    title: ClassVar[str] = "Instagram through Facebook"
    first: ClassVar[str] = "instagram"


LOGIN: Final = FacebookLogin()
BEHIND_PAGES: Final = InstagramBehindPages()
