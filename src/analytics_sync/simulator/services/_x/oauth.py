"""X's OAuth 2.0: applications, consents, and the endpoints that give, refresh and revoke tokens.

Sources: X docs, OAuth 2.0 Authorization Code Flow with PKCE; the error bodies are as reported.
"""

import base64
import binascii
import hashlib
import hmac
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse

from analytics_sync.simulator.recorder import note
from analytics_sync.simulator.service import GrantFacts
from analytics_sync.simulator.world import Token, World

ACCESS_LIFETIME = timedelta(hours=2)
CODE_LIFETIME = timedelta(seconds=30)
SCOPES = ("tweet.read", "users.read", "offline.access")
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Application:
    """An OAuth application; without a secret it is a public client.

    `consumer_key` and `consumer_secret` are what OAuth 1.0a knows it by.
    """

    id: str
    secret: str | None = field(default=None, repr=False)
    name: str = "Simulated app"
    redirect_uris: tuple[str, ...] = ()
    consumer_key: str = ""
    consumer_secret: str = field(default="", repr=False)


CONFIDENTIAL = Application(
    "simulated-x-client",
    "simulated-x-secret",
    "Simulated app",
    (),
    "simulated-x-consumer-key",
    "simulated-x-consumer-secret",
)
PUBLIC = Application("simulated-x-public-client", name="Simulated public app")


@dataclass
class Grant:
    """One consent: the pair of tokens that is good now.

    `rotations`: how often it was refreshed; `used`: the refresh tokens that did. `ended`: the user or the application took it back.
    """

    application: Application
    subject: str
    scopes: tuple[str, ...]
    access: str = field(default="", repr=False)
    refresh: str | None = field(default=None, repr=False)
    rotations: int = 0
    ended: bool = False
    used: list[str] = field(default_factory=list, repr=False)


@dataclass
class Code:
    """What an authorization code stands for. `challenge`: PKCE's, by its `method`."""

    application: Application
    subject: str
    scopes: tuple[str, ...]
    redirect_uri: str
    challenge: str
    method: str
    expires_at: datetime

    def proved_by(self, verifier: str) -> bool:
        shown = verifier if self.method == "plain" else s256(verifier)
        return hmac.compare_digest(shown.encode(), self.challenge.encode())


class Refusal(Exception):
    """A failure in OAuth's shape, not in that of API v2."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(status, error, description)
        self.status = status
        self.body = {"error": error, "error_description": description}


def s256(verifier: str) -> str:
    """RFC 7636: BASE64URL(SHA256(verifier)) without padding."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


DEAD_CODE = (400, "invalid_request", "Value passed for the authorization code was invalid.")
OTHER_ADDRESS = (
    400,
    "invalid_request",
    "Value passed for the redirect uri did not match the uri of the authorization code.",
)
OTHER_VERIFIER = (
    400,
    "invalid_request",
    "Value passed for the code verifier did not match the code challenge.",
)
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
            form = await _form(request)
            body = work(form, self._caller(request.headers.get("authorization"), form))
        except Refusal as refusal:
            return JSONResponse(refusal.body, refusal.status)
        return JSONResponse(body, headers={"cache-control": "no-store"})

    def _tokens(self, form: Mapping[str, str], application: Application) -> dict[str, object]:
        kind = _needed(form, "grant_type")
        if kind == "authorization_code":
            grant = self._exchanged(form, application)
        elif kind == "refresh_token":
            grant = self._refreshed(_needed(form, "refresh_token"), application)
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
        value, redirect_uri = _needed(form, "code"), _needed(form, "redirect_uri")
        verifier = _needed(form, "code_verifier")
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
        value = _needed(form, "token")
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
