"""How people log in at Instagram itself, with no Facebook Page: one account each.

Sources: Meta docs, Instagram API with Instagram Login (Business Login; Access Token; Refresh Access
Token).
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from analytics_sync.clock import EPOCH
from analytics_sync.domain.credentials import App, Inspection, Reach, Reachable, Token
from analytics_sync.domain.records import Account
from analytics_sync.errors import CallFailed, CredentialRefused
from analytics_sync.logs import redact
from analytics_sync.platforms._graph.login import (
    MetaOAuthRules,
    graph_of,
    rules_of,
)
from analytics_sync.platforms._graph.requests import rows_of
from analytics_sync.platforms._instagram.identity import own_account
from analytics_sync.platforms._instagram.login import INSTAGRAM_LOGIN, is_of_facebook
from analytics_sync.platforms._login import Login, Scope, Setup, Talk
from analytics_sync.platforms._oauth import (
    OAuthRules,
    Step,
    address,
    form_call,
    missing_of,
    scopes_of,
    secret_of,
    token_of,
)
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.transport.call import Call, Reply

TITLE: Final = "Instagram"
LONG_LIFE: Final = timedelta(days=60)
# Renewed when fewer days are left; refused to tokens younger than a day.
AHEAD: Final = timedelta(days=30)
YOUNGEST: Final = timedelta(hours=24)
# What Instagram appends to the address of an answer.
_TAIL: Final = "#_"


class InstagramLogin(Login):
    """Instagram Login: the token is the account's own."""

    platform: ClassVar[str] = "instagram"
    title: ClassVar[str] = TITLE
    scopes: ClassVar[tuple[Scope, ...]] = (
        Scope("instagram_business_basic", "posts and followers, and the renewal of the log-in"),
        Scope("instagram_business_manage_insights", "numbers of posts"),
    )
    redirect_uri: ClassVar[str] = "https://localhost:8914/callback"
    code_lifetime: ClassVar[timedelta] = timedelta(hours=1)
    renews_without_app: ClassVar[bool] = True
    revocable: ClassVar[bool] = False
    revoke_by_hand: ClassVar[str] = (
        "Instagram has no call that ends a log-in. At instagram.com, logged in as the account: "
        "Settings, Website permissions, Apps and websites; remove the app there."
    )
    setup: ClassVar[Setup] = Setup(
        create_at="https://developers.facebook.com/apps/",
        steps=(
            (
                "Create an app of type Business and add the product Instagram, API setup with "
                "Instagram login."
            ),
            f"Permissions: {', '.join(scope.name for scope in scopes)}.",
            (
                f"Business login settings, OAuth redirect URIs, to the letter: {redirect_uri}. "
                "Instagram takes https only, so nothing answers there: log in with --no-browser and "
                "paste the address that the browser then shows."
            ),
            (
                "Take the Instagram app ID and Instagram app secret of that page, not the App ID of "
                "Settings, Basic."
            ),
            (
                "While the app is in development, add each account as an Instagram tester and let it "
                "accept. Accounts of others need Advanced Access: App Review."
            ),
        ),
        who="The owner of the professional account (business or creator), logged in at "
        "instagram.com as that account: one log-in reaches one account and needs no Page. Many "
        "accounts behind Pages at once: `account connect BUSINESS instagram --kind facebook-login`.",
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
                "client_id": app.client_id,
                "redirect_uri": redirect_uri,
                "response_type": "code",
                "scope": ",".join(scopes),
                "state": state,
            },
        )

    async def exchange(self, talk: Talk, *, code: str, redirect_uri: str, verifier: str) -> Token:
        """The code for a token of an hour (at api.), that for one of 60 days (at graph.)."""
        secret, given = secret_of(talk.app), code.removesuffix(_TAIL)
        fields = {
            "client_id": talk.app.client_id,
            "client_secret": secret,
            "grant_type": "authorization_code",
            "redirect_uri": redirect_uri,
            "code": given,
        }
        call = form_call(
            talk.settings.token_url,
            fields,
            app=talk.app,
            label="Instagram log-in",
            repeatable=False,
        )
        rules = self._rules(talk, Step.EXCHANGE, secret, given)
        short = _short_token(await talk.send(call, rules), talk.clock.now())
        asked = {"client_secret": secret, "access_token": short.access_token}
        reply = await self._ask(talk, Step.EXCHANGE, "access_token", "ig_exchange_token", asked)
        return token_of(reply, talk.clock.now(), before=short, usual_life=LONG_LIFE)

    async def _ask(
        self, talk: Talk, step: Step, path: str, grant_type: str, asked: Mapping[str, str]
    ) -> Reply:
        """Instagram takes these two as GET alone, with all that is secret in the query.

        No log or error shows an address's query; that the values are known to the filter of all
        logs is a second lock.
        """
        for value in asked.values():
            redact(value)
        query = urlencode({"grant_type": grant_type, **asked})
        call = Call(
            url=f"{talk.settings.base_url.rstrip('/')}/{path}?{query}",
            label=f"Instagram {step.value}",
            headers={"Accept": "application/json"},
            buckets=(f"instagram:app:{talk.app.id or 0}:oauth",),
            repeatable=step is Step.EXCHANGE,
        )
        return await talk.send(call, self._rules(talk, step, *asked.values()))

    def _rules(self, talk: Talk, step: Step, *secrets: str) -> MetaOAuthRules:
        oauth = OAuthRules(TITLE, talk.app, step, self.code_lifetime)
        return MetaOAuthRules(oauth, rules_of(talk, TITLE, "instagram"), secrets)

    async def reach(self, talk: Talk, token: Token) -> Reach:
        """The one account, by its professional account id."""
        account_id, name = await self._own_account(talk, token)
        needed = {scope.name: scope.needed_for for scope in self.scopes}
        lacks = tuple(f"{needed[one]} ({one})" for one in missing_of(needed, token.scopes))
        account = Reachable("instagram", account_id, INSTAGRAM_LOGIN, name, lacks)
        return Reach(account_id, name or account_id, (account,), token)

    async def _own_account(self, talk: Talk, token: Token) -> tuple[str, str | None]:
        rules = rules_of(talk, TITLE, "instagram")
        return await own_account(graph_of(talk, token.access_token, rules, secret=None))

    def renews(self, token: Token) -> bool:
        """By itself: there is no refresh token. One of Facebook Login, given by hand, does not."""
        return token.refreshes and not is_of_facebook(token.access_token)

    def renew_at(self, token: Token) -> datetime | None:
        """With 30 days left, and never before it is a day old.

        Where its end is not known the next renewal would tell it, so it may be renewed at once.
        """
        if not self.renews(token):
            return None
        wanted = token.expires_at - AHEAD if token.expires_at is not None else EPOCH
        return max(wanted, token.issued_at + YOUNGEST) if token.issued_at else wanted

    async def renew(self, talk: Talk, token: Token) -> Token:
        """60 more days; refused to a token that has expired or is younger than a day."""
        redact(token.access_token)
        asked = {"access_token": token.access_token}
        reply = await self._ask(talk, Step.RENEW, "refresh_access_token", "ig_refresh_token", asked)
        return token_of(reply, talk.clock.now(), before=token, usual_life=LONG_LIFE)

    async def inspect(self, talk: Talk, token: Token, account: Account | None) -> Inspection:
        """By `me`, which costs a call alone; Instagram has no `debug_token` for these tokens."""
        if is_of_facebook(token.access_token):
            return await _inspected_by_facebook(talk, token, account)
        try:
            account_id, name = await self._own_account(talk, token)
        except CredentialRefused as refused:
            reason = f"{refused.message}. {refused.hint}"
            return Inspection(False, reason, scopes=token.scopes, expires_at=token.expires_at)
        own = account is None or account.platform_account_id == account_id
        return Inspection(
            True,
            subject_id=account_id,
            subject=name,
            scopes=token.scopes,
            missing=missing_of((scope.name for scope in self.scopes), token.scopes),
            role="owner" if own and account is not None else None,
            expires_at=token.expires_at,
            notes=()
            if own
            else (f"The token is that of {name or account_id}, not of this account.",),
        )

    async def revoke(self, talk: Talk, token: Token) -> None:
        raise CallFailed("Instagram log-ins can't be ended from here.", hint=self.revoke_by_hand)


async def _inspected_by_facebook(talk: Talk, token: Token, account: Account | None) -> Inspection:
    """A Page's or system user's token that was given by hand for an Instagram account."""
    from analytics_sync.platforms._facebook.login import BEHIND_PAGES

    settings = talk.settings.siblings["facebook"]
    app = App("facebook", settings.client_id or "", settings.client_secret)
    return await BEHIND_PAGES.inspect(talk._replace(app=app, settings=settings), token, account)


def _short_token(reply: Reply, now: datetime) -> Token:
    """`{"access_token", "user_id", "permissions"}`, alone or as the one row of `data`."""
    told = reply.json()
    told = told if isinstance(told, dict) else {}
    row: Mapping[str, Any] = next(iter(rows_of(told)), told)
    plain = replace(reply, body=json.dumps(row).encode())
    return replace(token_of(plain, now), scopes=scopes_of(row.get("permissions")))


LOGIN: Final = InstagramLogin()
