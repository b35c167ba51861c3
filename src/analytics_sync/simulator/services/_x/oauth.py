"""X's OAuth 2.0: applications, consents, and the endpoints that refresh and revoke tokens.

Sources: X docs, OAuth 2.0 Authorization Code Flow with PKCE; the error bodies are as reported.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse

from analytics_sync.simulator.recorder import note
from analytics_sync.simulator.world import Token, World

ACCESS_LIFETIME = timedelta(hours=2)
SCOPES = ("tweet.read", "users.read", "offline.access")
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Application:
    """An OAuth application; without a secret it is a public client."""

    id: str
    secret: str | None = field(default=None, repr=False)


CONFIDENTIAL = Application("simulated-x-client", "simulated-x-secret")
PUBLIC = Application("simulated-x-public-client")


@dataclass
class Grant:
    """One consent: the pair of tokens that is good now."""

    application: Application
    subject: str
    scopes: tuple[str, ...]
    access: str = field(default="", repr=False)
    refresh: str | None = field(default=None, repr=False)


class Refusal(Exception):
    """A failure in OAuth's shape, not in that of API v2."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(status, error, description)
        self.status = status
        self.body = {"error": error, "error_description": description}


DEAD_TOKEN = (400, "invalid_request", "Value passed for the token was invalid.")
NO_HEADER = (401, "unauthorized_client", "Missing valid authorization header")


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
        return self._renew(Grant(application, subject, scopes), lifetime)

    async def token(self, request: Request) -> JSONResponse:
        """POST /2/oauth2/token"""
        note(request.scope, "token")
        return await self._answered(request, self._refreshed)

    async def revoke(self, request: Request) -> JSONResponse:
        """POST /2/oauth2/revoke"""
        note(request.scope, "revoke")
        return await self._answered(request, self._revoked)

    async def _answered(self, request: Request, work: Work) -> JSONResponse:
        try:
            form = await _form(request)
            body = work(form, self._caller(request.headers.get("authorization"), form))
        except Refusal as refusal:
            return JSONResponse(refusal.body, refusal.status)
        return JSONResponse(body, headers={"cache-control": "no-store"})

    def _refreshed(self, form: Mapping[str, str], application: Application) -> dict[str, object]:
        """Single use: the refresh token is dead as soon as its successor exists."""
        kind = _needed(form, "grant_type")
        if kind == "authorization_code":
            _needed(form, "code")
            raise Refusal(
                400, "invalid_request", "Value passed for the authorization code was invalid."
            )
        if kind != "refresh_token":
            raise Refusal(400, "unsupported_grant_type", f"Unsupported grant type: {kind}.")
        grant = self.refreshable.get(_needed(form, "refresh_token"))
        if grant is None or grant.application != application:
            raise Refusal(*DEAD_TOKEN)
        self._renew(grant, ACCESS_LIFETIME)
        return {
            "token_type": "bearer",
            "expires_in": int(ACCESS_LIFETIME.total_seconds()),
            "access_token": grant.access,
            "scope": " ".join(grant.scopes),
            "refresh_token": grant.refresh,
        }

    def _revoked(self, form: Mapping[str, str], application: Application) -> dict[str, object]:
        value = _needed(form, "token")
        grant = self.refreshable.get(value) or self._by_access.get(value)
        if grant is not None and grant.application == application:
            self.withdraw(grant)
        return {"revoked": True}

    def withdraw(self, grant: Grant) -> None:
        """End a consent, as the user may do at X."""
        self.refreshable.pop(grant.refresh or "", None)
        self._world.tokens[grant.access].revoked = "the user withdrew the consent"

    def _caller(self, header: str | None, form: Mapping[str, str]) -> Application:
        """Who asks: a confidential client by HTTP Basic, a public one by `client_id`."""
        client_id, secret = _basic(header) or (form.get("client_id", ""), None)
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
            grant.refresh = self._secret("refresh", grant.subject)
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
                value=self._secret(kind, subject),
                platform="x",
                kind=kind,
                subject=subject,
                scopes=frozenset(scopes),
                expires_at=None if lifetime is None else self._world.clock.now() + lifetime,
                facts={"application": application.id},
            )
        )

    def _secret(self, *parts: str) -> str:
        """Looks random and is not: the same in each run of a world."""
        self._issued += 1
        seed = "|".join((str(self._world.seed), "x", *parts, str(self._issued)))
        digest = hashlib.blake2b(seed.encode(), digest_size=48).digest()
        return base64.urlsafe_b64encode(digest).decode()


def _needed(form: Mapping[str, str], name: str) -> str:
    if not form.get(name):
        raise Refusal(400, "invalid_request", f"Missing required parameter [{name}].")
    return form[name]


async def _form(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise Refusal(400, "invalid_request", f"Content-Type must be {FORM}.")
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace")))


def _basic(header: str | None) -> tuple[str, str] | None:
    scheme, _, text = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        pair = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        raise Refusal(*NO_HEADER) from None
    client_id, _, secret = pair.partition(":")
    return client_id, secret
