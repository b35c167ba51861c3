"""Who may ask: local programs, holders of a token, and no page of another origin.

A browser on this machine reaches a local service for any page that it shows. It can't leave out
`Host` (which DNS rebinding can't forge), `Origin` and `Sec-Fetch-Site`, so these tell its requests
from those of programs.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from analytics_sync.errors import AnalyticsSyncError
from analytics_sync.shim import answers
from analytics_sync.shim.route import LARGEST_BODY, too_large

log = logging.getLogger(__name__)

LOCAL_NAMES: Final = frozenset(["127.0.0.1", "localhost", "[::1]"])
METHODS: Final = "GET, POST, DELETE"
REQUEST_HEADERS: Final = "Authorization, Content-Type, If-None-Match"
SHOWN_HEADERS: Final = "ETag, Location, Retry-After"
LONGEST_TOKEN: Final = 200
# Only what is asked for may be shown, and nowhere inside of another page.
USUAL_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

# The name of the program whose token this is; None: nobody's.
Caller = Callable[[str], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class Rules:
    """What is let in. `hosts`: names besides the local ones. `origins`: of one's own frontends.

    `needs_token`: from everybody, also on this machine.
    """

    hosts: frozenset[str] = field(default_factory=frozenset)
    origins: frozenset[str] = field(default_factory=frozenset)
    needs_token: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not served."""

    status: int
    code: str
    message: str
    hint: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        return answers.failure(
            self.status, self.code, self.message, self.hint, headers=self.headers
        )


_NO_TOKEN: Final = Refusal(
    401,
    "token_missing",
    "This needs a token.",
    "Send it in the header `Authorization`, after the word `Bearer`; "
    "`analytics-sync serve token add NAME` makes one.",
    {"WWW-Authenticate": "Bearer"},
)
_WRONG_TOKEN: Final = Refusal(
    401,
    "token_unknown",
    "The token is not known.",
    "It may have been revoked; `analytics-sync serve token add NAME` makes another.",
    {"WWW-Authenticate": 'Bearer error="invalid_token"'},
)
_WRONG_HOST: Final = Refusal(
    421,
    "host_unknown",
    "This service is not called by that host.",
    "Ask 127.0.0.1 or localhost, or name the host in `serve --allow-host`.",
)
_WRONG_ORIGIN: Final = Refusal(
    403,
    "origin_refused",
    "Pages of that origin may not ask this service.",
    "Name the origin of your own frontend in `serve --allow-origin`.",
)
_CROSS_SITE: Final = Refusal(
    403,
    "cross_site",
    "Pages of other sites may not ask this service.",
    "Open the address itself, or name the origin of your own frontend in `serve --allow-origin`.",
)


async def refusal(scope: Scope, rules: Rules, caller: Caller) -> Refusal | None:
    """Why this request is refused; None: it may be served."""
    headers = Headers(scope=scope)
    token = _bearer(headers)
    if token is not None:
        if await caller(token) is None:
            return _WRONG_TOKEN
    elif rules.needs_token or not _is_local(scope):
        return _NO_TOKEN
    elif not _knows_host(headers, rules):
        return _WRONG_HOST
    return _of_browser(headers, rules)


def _of_browser(headers: Headers, rules: Rules) -> Refusal | None:
    """What only browsers say: which page asks."""
    origins = headers.getlist("origin")
    if any(origin in rules.origins for origin in origins) and len(origins) == 1:
        return None
    if any(not _is_own(origin, headers) for origin in origins):
        return _WRONG_ORIGIN
    if headers.get("sec-fetch-site", "none").lower() not in {"none", "same-origin"}:
        return _CROSS_SITE
    return None


def _bearer(headers: Headers) -> str | None:
    """The token that was sent; another scheme belongs to whoever stands in front of us."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip()[:LONGEST_TOKEN] if scheme.lower() == "bearer" else None


def _is_local(scope: Scope) -> bool:
    """Whether the other end is on this machine; a Unix socket has no other."""
    client = scope.get("client")
    if client is None or not client[0]:
        return True
    try:
        address = ip_address(client[0])
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _knows_host(headers: Headers, rules: Rules) -> bool:
    told = headers.getlist("host")
    if len(told) != 1:
        return False
    name = _without_port(told[0])
    return name in LOCAL_NAMES or name in rules.hosts or told[0].lower() in rules.hosts


def _without_port(host: str) -> str:
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isascii() and port.isdigit() else host.lower()


def _is_own(origin: str, headers: Headers) -> bool:
    """Whether the page came from here: the same host and port as is asked now."""
    scheme, _, place = origin.lower().partition("://")
    return scheme in {"http", "https"} and place == headers.get("host", "").lower()


class Guard:
    """Serves what may be served, and tells browsers which other pages may read it."""

    def __init__(self, app: ASGIApp, rules: Rules, caller: Caller) -> None:
        self.app = app
        self.rules = rules
        self.caller = caller

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        shared = origin if origin in self.rules.origins else None
        answer = _preflight(headers, scope) if shared else None
        if answer is None:
            try:
                refused = await refusal(scope, self.rules, self.caller)
                answer = refused.response() if refused else _too_long(headers)
            except AnalyticsSyncError as error:
                answer = answers.of_error(error)
        served = answer or self.app
        await served(scope, receive, _with_headers(send, shared))


def _preflight(headers: Headers, scope: Scope) -> Response | None:
    """The answer to a browser that asks whether a page of an allowed origin may ask."""
    if scope["method"] != "OPTIONS" or "access-control-request-method" not in headers:
        return None
    told = {
        "Access-Control-Allow-Methods": METHODS,
        "Access-Control-Allow-Headers": REQUEST_HEADERS,
        "Access-Control-Max-Age": "600",
    }
    if headers.get("access-control-request-private-network") == "true":
        told["Access-Control-Allow-Private-Network"] = "true"
    return Response(status_code=204, headers=told)


def _too_long(headers: Headers) -> Response | None:
    """A body that says itself that it is too large is not read."""
    length: Any = headers.get("content-length", "0")
    too_long = not (length.isascii() and length.isdigit()) or int(length[:20]) > LARGEST_BODY
    return too_large() if too_long else None


def _with_headers(send: Send, origin: str | None) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in USUAL_HEADERS.items():
                headers.setdefault(name, value)
            headers.add_vary_header("Origin")
            if origin is not None:
                headers["Access-Control-Allow-Origin"] = origin
                headers["Access-Control-Expose-Headers"] = SHOWN_HEADERS
                headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        await send(message)

    return send_with_headers
