"""Who may call what: tokens, rate windows, money and parameters, before an endpoint does its work."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from analytics_sync.simulator.recorder import note, target_of
from analytics_sync.simulator.services._x import ledger as prices
from analytics_sync.simulator.services._x.dialects import DIALECTS, LEGACY, Dialect, dialect_of
from analytics_sync.simulator.services._x.ledger import Ledger, cycle_start, next_cycle
from analytics_sync.simulator.services._x.limits import Windows
from analytics_sync.simulator.services._x.lookup import Answer, Asked
from analytics_sync.simulator.services._x.oauth1 import Signatures, WrongSignature
from analytics_sync.simulator.services._x.problems import (
    TITLES,
    Problem,
    blank,
    client_forbidden,
    credits_depleted,
    spending_limit,
    too_many,
    unsupported_authentication,
    usage_capped,
)
from analytics_sync.simulator.services._x.query import Check, given_in, read
from analytics_sync.simulator.services._x.switches import Switches
from analytics_sync.simulator.world import Token, World

USAGE_CAP = 3_000_000
SCOPES = frozenset({"tweet.read", "users.read"})
Parameters = Callable[[Dialect], Mapping[str, Check]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One GET operation.

    `limits`: calls in 15 minutes by kind of token; the kinds are those that it takes. `free`:
    answers cost nothing, so money never stands in the way. `path_id`: the parameter in its path.
    """

    key: str
    label: str
    limits: Mapping[str, int]
    parameters: Parameters
    work: Callable[[Asked], dict[str, Any]]
    required: tuple[str, ...] = ()
    path_id: str | None = None
    free: bool = False


class Gate:
    """Answers requests to endpoints."""

    def __init__(self, world: World, switches: Switches, signatures: Signatures) -> None:
        self.world = world
        self.switches = switches
        self.signatures = signatures
        self.windows = Windows(switches)
        self.ledger = Ledger()

    async def answer(self, request: Request, endpoint: Endpoint) -> Response:
        note(request.scope, endpoint.label)
        headers: dict[str, str] = {}
        try:
            body = self._body(request, endpoint, headers)
        except Problem as problem:
            kind = "application/json" if problem.plain else "application/problem+json"
            return JSONResponse(
                dict(problem.body), problem.status, {**headers, **problem.headers}, media_type=kind
            )
        return JSONResponse(body, headers=headers)

    def _body(
        self, request: Request, endpoint: Endpoint, headers: dict[str, str]
    ) -> dict[str, Any]:
        """The answer of an endpoint that was let in; fills `headers` as soon as they are known.

        :raises Problem: it was not let in, or asked wrongly.
        """
        target = target_of(request.scope)
        given = given_in(request.url.query)
        dialect = dialect_of(given, self._default_dialect())
        token = self._token(request, target)
        headers["x-access-level"] = "read"
        if token.kind not in endpoint.limits:
            raise unsupported_authentication(dialect, token.kind, list(endpoint.limits))
        if token.kind == "user" and not token.scopes >= SCOPES:
            raise blank(403)
        self._count(endpoint, token, target, headers)
        self._enrolled(token, dialect, target)
        if not endpoint.free:
            self._money(token, dialect, target)
        if endpoint.path_id is not None:
            given.setdefault("id", []).insert(0, request.path_params[endpoint.path_id])
        query = read(given, endpoint.parameters(dialect), endpoint.required, dialect)
        return endpoint.work(Asked(token, dialect, query, target))

    def _default_dialect(self) -> str:
        name = self.switches.text("dialect", LEGACY.name)
        return name if name in DIALECTS else LEGACY.name

    def _token(self, request: Request, target: str) -> Token:
        """:raises Problem: 401, the same for missing, unknown, expired and revoked tokens."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "oauth":
            return self._signed(request, target)
        token = self.world.tokens.get(value.strip()) if scheme.lower() == "bearer" else None
        if token is None or token.platform != "x" or token.revoked or self._faulty(target):
            raise blank(401)
        if token.expires_at is not None and self.world.clock.now() >= token.expires_at:
            raise blank(401)
        return token

    def _signed(self, request: Request, target: str) -> Token:
        """:raises Problem: 401, whatever is wrong with the signature."""
        try:
            token = self.signatures.judge(request)
        except WrongSignature:
            raise blank(401) from None
        if self._faulty(target):
            raise blank(401)
        return token

    def _faulty(self, target: str) -> bool:
        return self.world.faults.asks("x", target, "unauthorized") is not None

    def _count(
        self, endpoint: Endpoint, token: Token, target: str, headers: dict[str, str]
    ) -> None:
        standing = self.windows.take(endpoint.key, token, endpoint.limits[token.kind])
        headers.update(standing.headers)
        fault = self.world.faults.asks("x", target, "rate_limited")
        facts = fault.facts if fault is not None else {}
        if standing.refused or fault is not None:
            problem = too_many(str(facts.get("body", self.switches.text("rate_body", "problem"))))
            problem.headers |= fault.headers if fault is not None else {}
            raise problem

    def _enrolled(self, token: Token, dialect: Dialect, target: str) -> None:
        asks = self.world.faults.asks
        trouble = asks("x", target, "trouble")
        if trouble is not None:
            raise blank(trouble.status if trouble.status in TITLES else 503)
        if not self.switches.flag("enrolled", True) or asks("x", target, "client_not_enrolled"):
            raise client_forbidden(dialect, application_of(token))

    def _money(self, token: Token, dialect: Dialect, target: str) -> None:
        asks, number, now = self.world.faults.asks, self.switches.number, self.switches.now()
        app, first = application_of(token), cycle_start(now)
        prepaid, limit = number("credits"), number("spending_limit")
        fault = asks("x", target, "credits_depleted")
        if fault or (prepaid is not None and self.ledger.dollars(app) >= prepaid):
            default = self.switches.text("credits_body", "new")
            raise credits_depleted(str(fault.facts.get("body", default)) if fault else default)
        if asks("x", target, "spending_limit") or (
            limit is not None and self.ledger.dollars(app, first) >= limit
        ):
            raise spending_limit(next_cycle(now))
        cap = number("usage_cap")
        reads = self.ledger.reads_since(app, first)
        if asks("x", target, "usage_capped") or reads >= (USAGE_CAP if cap is None else cap):
            raise usage_capped(dialect)

    def charge(self, asked: Asked, answer: Answer) -> None:
        """Put what was returned on the application's bill."""
        app, now = application_of(asked.token), self.switches.now()
        for kind, ids in answer.billed.items():
            price = prices.USER if kind == "user" else answer.post_price
            new = self.ledger.charge(app, now, kind, ids, price=price)
            if new:
                self.world.journal.billed[f"x {kind}"] += new


def application_of(token: Token) -> str:
    """The id of the application through which a token was issued."""
    return str(token.facts.get("application", token.subject))
