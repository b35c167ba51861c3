"""X's OAuth 2.0: the endpoints that give, refresh and revoke tokens, and what they keep.

Sources: X docs, OAuth 2.0 Authorization Code Flow with PKCE; the error bodies are as reported.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse

from analytics_sync.simulator.recorder import note
from analytics_sync.simulator.service import GrantFacts
from analytics_sync.simulator.services._x.apps import CONFIDENTIAL, PUBLIC, Application, Code, Grant
from analytics_sync.simulator.services._x.oauth_form import (
    DEAD_CODE,
    DEAD_TOKEN,
    NO_HEADER,
    OTHER_ADDRESS,
    OTHER_VERIFIER,
    Refusal,
    basic,
    needed,
    read_form,
)
from analytics_sync.simulator.world import Token, World

ACCESS_LIFETIME = timedelta(hours=2)
CODE_LIFETIME = timedelta(seconds=30)
SCOPES = ("tweet.read", "users.read", "offline.access")

# What an endpoint does with the form of an application that has shown who it is.
Work = Callable[[Mapping[str, str], Application], dict[str, object]]


class Authorization:
    """Every application and consent of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._issued = 0
        self.applications = {one.id: one for one in (CONFIDENTIAL, PUBLIC)}
        # By refresh token; a used one leaves.
        self.refreshable: dict[str, Grant] = {}
        self._by_access: dict[str, Grant] = {}
        self.grants: list[Grant] = []
        self.codes: dict[str, Code] = {}
        # By refresh token: how often it gave a successor, and how often it was refused.
        self.rotations: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.app_token = self._add(CONFIDENTIAL.id, "app", CONFIDENTIAL, (), None)

    def grant(
        self,
        subject: str,
        *,
        application: Application = CONFIDENTIAL,
        scopes: tuple[str, ...] = SCOPES,
        lifetime: timedelta | None = ACCESS_LIFETIME,
    ) -> Grant:
        """A user's consent; a refresh token only with the scope `offline.access`."""
        given = Grant(application, subject, scopes)
        self.grants.append(given)
        return self._renew(given, lifetime)

    def add_application(self, application: Application) -> Application:
        self.applications[application.id] = application
        return application

    def code(
        self,
        application: Application,
        subject: str,
        scopes: tuple[str, ...],
        redirect_uri: str,
        challenge: str,
        method: str,
    ) -> str:
        """An authorization code: good for 30 seconds, and once."""
        value = self.secret("code", subject)
        until = self._world.clock.now() + CODE_LIFETIME
        self.codes[value] = Code(
            application, subject, scopes, redirect_uri, challenge, method, until
        )
        return value

    async def token(self, request: Request) -> JSONResponse:
        """POST /2/oauth2/token"""
        note(request.scope, "token")
        return await self._answered(request, self._tokens)

    async def revoke(self, request: Request) -> JSONResponse:
        """POST /2/oauth2/revoke"""
        note(request.scope, "revoke")
        return await self._answered(request, self._revoked)

    async def _answered(self, request: Request, work: Work) -> JSONResponse:
        try:
            form = await read_form(request)
            body = work(form, self._caller(request.headers.get("authorization"), form))
        except Refusal as refusal:
            return JSONResponse(refusal.body, refusal.status)
        return JSONResponse(body, headers={"cache-control": "no-store"})

    def _tokens(self, form: Mapping[str, str], application: Application) -> dict[str, object]:
        kind = needed(form, "grant_type")
        if kind == "authorization_code":
            grant = self._exchanged(form, application)
        elif kind == "refresh_token":
            grant = self._refreshed(needed(form, "refresh_token"), application)
        else:
            raise Refusal(400, "unsupported_grant_type", f"Unsupported grant type: {kind}.")
        answer: dict[str, object] = {
            "token_type": "bearer",
            "expires_in": int(ACCESS_LIFETIME.total_seconds()),
            "access_token": grant.access,
            "scope": " ".join(grant.scopes),
        }
        return answer if grant.refresh is None else {**answer, "refresh_token": grant.refresh}

    def _exchanged(self, form: Mapping[str, str], application: Application) -> Grant:
        """A code is used up by its application's first attempt, right or wrong."""
        value, redirect_uri = needed(form, "code"), needed(form, "redirect_uri")
        verifier = needed(form, "code_verifier")
        code = self.codes.get(value)
        if code is None or code.application != application:
            raise Refusal(*DEAD_CODE)
        del self.codes[value]
        if self._world.clock.now() >= code.expires_at:
            raise Refusal(*DEAD_CODE)
        if code.redirect_uri != redirect_uri:
            raise Refusal(*OTHER_ADDRESS)
        if not code.proved_by(verifier):
            raise Refusal(*OTHER_VERIFIER)
        return self.grant(code.subject, application=application, scopes=code.scopes)

    def _refreshed(self, value: str, application: Application) -> Grant:
        """Single use: the refresh token is dead as soon as its successor exists."""
        grant = self.refreshable.get(value)
        if grant is None or grant.application != application:
            self.refusals[value] += 1
            raise Refusal(*DEAD_TOKEN)
        self.rotations[value] += 1
        grant.rotations += 1
        grant.used.append(value)
        return self._renew(grant, ACCESS_LIFETIME)

    def _revoked(self, form: Mapping[str, str], application: Application) -> dict[str, object]:
        value = needed(form, "token")
        grant = self.refreshable.get(value) or self._by_access.get(value)
        if grant is not None and grant.application == application:
            self.withdraw(grant)
        return {"revoked": True}

    def withdraw(self, grant: Grant) -> None:
        """End a consent, as the user may do at X."""
        grant.ended = True
        self.refreshable.pop(grant.refresh or "", None)
        for value, owner in self._by_access.items():
            if owner is grant:
                self._world.tokens[value].revoked = "the user withdrew the consent"

    def withdraw_all(self, subject: str, client_id: str | None) -> int:
        """The same for all that a user gave an application (None: any); returns how many."""
        ended = [
            grant
            for grant in self.grants
            if grant.subject == subject
            and not grant.ended
            and client_id in {None, grant.application.id}
        ]
        for grant in ended:
            self.withdraw(grant)
        return len(ended)

    def expire_codes(self) -> int:
        now = self._world.clock.now()
        for code in self.codes.values():
            code.expires_at = now
        return len(self.codes)

    def facts(self, grant: Grant) -> GrantFacts:
        """What is known here of one consent."""
        return GrantFacts(
            grant.subject,
            grant.application.id,
            grant.scopes,
            not grant.ended,
            grant.access,
            grant.refresh,
            grant.rotations,
            sum(self.refusals[value] for value in grant.used),
        )

    def _caller(self, header: str | None, form: Mapping[str, str]) -> Application:
        """Who asks: a confidential client by HTTP Basic, a public one by `client_id`."""
        client_id, secret = basic(header) or (form.get("client_id", ""), None)
        if not client_id:
            raise Refusal(400, "invalid_request", "Missing required parameter [client_id].")
        application = self.applications.get(client_id)
        if application is None:
            raise Refusal(401, "invalid_client", "Value passed for the client was invalid.")
        if application.secret is not None and application.secret != secret:
            raise Refusal(*NO_HEADER)
        return application

    def _renew(self, grant: Grant, lifetime: timedelta | None) -> Grant:
        self.refreshable.pop(grant.refresh or "", None)
        token = self._add(grant.subject, "user", grant.application, grant.scopes, lifetime)
        grant.access = token.value
        grant.refresh = None
        self._by_access[grant.access] = grant
        if "offline.access" in grant.scopes and lifetime is not None:
            grant.refresh = self.secret("refresh", grant.subject)
            self.refreshable[grant.refresh] = grant
        return grant

    def _add(
        self,
        subject: str,
        kind: str,
        application: Application,
        scopes: tuple[str, ...],
        lifetime: timedelta | None,
    ) -> Token:
        return self._world.add_token(
            Token(
                value=self.secret(kind, subject),
                platform="x",
                kind=kind,
                subject=subject,
                scopes=frozenset(scopes),
                expires_at=None if lifetime is None else self._world.clock.now() + lifetime,
                facts={"application": application.id},
            )
        )

    def secret(self, *parts: str) -> str:
        """Looks random and is not: the same in each run of a world."""
        self._issued += 1
        seed = "|".join((str(self._world.seed), "x", *parts, str(self._issued)))
        digest = hashlib.blake2b(seed.encode(), digest_size=48).digest()
        return base64.urlsafe_b64encode(digest).decode()
