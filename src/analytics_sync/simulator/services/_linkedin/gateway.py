"""The way of a request into LinkedIn's API: limits of the URL, token, version, protocol, syntax."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from analytics_sync.simulator.recorder import note
from analytics_sync.simulator.services._linkedin.oauth import Authority
from analytics_sync.simulator.services._linkedin.profiles import IDENTITY_SCOPES, Profiles
from analytics_sync.simulator.services._linkedin.quota import Quotas
from analytics_sync.simulator.services._linkedin.resource import Asked, Method, Resource
from analytics_sync.simulator.services._linkedin.restli import (
    OldSyntax,
    RestliSyntaxError,
    Value,
    parse_key,
    parse_query,
)
from analytics_sync.simulator.services._linkedin.site import Site
from analytics_sync.simulator.services._linkedin.versions import checked_version
from analytics_sync.simulator.services._linkedin.wire import (
    JSON,
    Refusal,
    access_denied,
    answer,
    bad_key,
    empty_token,
    field_invalid,
    no_resource,
    old_syntax,
    parameter_not_allowed,
    unknown_scheme,
)
from analytics_sync.simulator.world import Token

LONGEST_URL = 8000
PROTOCOL = "2.0.0"
_FORM = "application/x-www-form-urlencoded"
_BEARER = re.compile(r"Bearer +(\S+)\s*", re.IGNORECASE)


@dataclass
class Gateway:
    """Answers `/rest/...` and `/v2/...`; the parts of its path come raw from the wire."""

    site: Site
    authority: Authority
    quotas: Quotas
    profiles: Profiles
    resources: Mapping[str, Resource]
    serial: int = field(default=0)

    async def handle(self, request: Request) -> Response:
        self.serial += 1
        status, body = 200, cast("JSON", {})
        segments = raw_segments(request)
        note(request.scope, self._label(segments), 0)
        try:
            _check_size(request)
            body = await self._answer(request, segments)
        except Refusal as refusal:
            status, body = refusal.status, refusal.body
        return answer(status, body, serial=self.serial)

    def _label(self, segments: Sequence[str]) -> str:
        """The name in the request log, until the method is known."""
        name = segments[1] if len(segments) > 1 else ""
        resource = self.resources.get(name)
        if resource is not None:
            return resource.methods[0].label
        return name if name in IDENTITY_SCOPES else "unknown address"

    async def _answer(self, request: Request, segments: Sequence[str]) -> JSON:
        match segments:
            case ["v2", name] if name in IDENTITY_SCOPES:
                return self._identity(request, name)
            case ["rest", name] | ["rest", name, _]:
                return await self._rest(request, name, "".join(segments[2:]))
            case _:
                self._token(request)
                raise no_resource("/".join(segments))

    def _identity(self, request: Request, name: str) -> JSON:
        token = self._token(request)
        if request.method != "GET":
            raise _not_supported(request)
        self._count(request, token, name, name)
        return self.profiles.identity(name, token)

    async def _rest(self, request: Request, name: str, raw_key: str) -> JSON:
        """The order of the checks is LinkedIn's as far as it is known."""
        token = self._token(request)
        header = request.headers.get("linkedin-version")
        more = cast("Mapping[str, str]", self.site.switch("versions") or {})
        version = checked_version(header, self.site.now, more)
        resource = self.resources.get(name)
        if resource is None or version < resource.since:
            raise no_resource(name)
        raw_query = await _raw_query(request)
        self._count(request, token, name, resource.methods[0].label)
        if request.headers.get("x-restli-protocol-version") != PROTOCOL:
            raise Refusal(
                400,
                f"Rest.li protocol version {PROTOCOL} is needed: X-Restli-Protocol-Version",
                code="ILLEGAL_ARGUMENT",
            )
        query = _read_query(resource, raw_query)
        method = resource.method_for(query, has_key=bool(raw_key))
        note(request.scope, method.label)
        asked = Asked(
            name, method.name, version, token, query, _read_key(raw_key), self._largest_list()
        )
        self._check_method(request, method, asked)
        return method.handler(asked)

    def _check_method(self, request: Request, method: Method, asked: Asked) -> None:
        """Whether the method exists in this version, is the one announced, and is allowed."""
        if asked.version < method.since:
            raise no_resource(f"{asked.resource}?q={asked.method.partition('-')[2]}")
        announced = request.headers.get("x-restli-method", "").upper()
        if announced and announced != method.name.partition("-")[0]:
            raise Refusal(
                400,
                f"X-RestLi-Method {announced} does not fit {asked.method}",
                code="ILLEGAL_ARGUMENT",
            )
        if method.name == "BATCH_GET" and self.quotas.development:
            raise access_denied(asked.operation)
        if method.scopes and not method.scopes & asked.token.scopes:
            raise access_denied(asked.operation)

    def _token(self, request: Request) -> Token:
        header = request.headers.get("authorization", "").strip()
        if not header or header.lower() == "bearer":
            raise empty_token()
        found = _BEARER.fullmatch(header)
        if found is None:
            raise unknown_scheme()
        return self.authority.judge(found[1])

    def _count(self, request: Request, token: Token, endpoint: str, label: str) -> None:
        """Take a call from the quotas; refused ones are not charged."""
        query = request.scope.get("query_string", b"").decode("latin-1")
        app = str(token.facts.get("app", ""))
        path = "/" + "/".join(raw_segments(request))
        self.quotas.admit(app, token.subject, endpoint, f"{path}?{query}")
        note(request.scope, label)

    def _largest_list(self) -> int | None:
        largest = self.site.switch("largest_list")
        return largest if isinstance(largest, int) else None


def raw_segments(request: Request) -> list[str]:
    """The path below the mount point, cut at its slashes, still percent-encoded."""
    raw = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
    below = raw.decode("latin-1").removeprefix(quote(request.scope.get("root_path", "")))
    return below.strip("/").split("/")


def _check_size(request: Request) -> None:
    """:raises Refusal: 414 for a long URL, 411 for a POST that does not tell its length."""
    query = request.scope.get("query_string", b"")
    length = len("/".join(raw_segments(request))) + len(query) + 2
    if length > LONGEST_URL:
        raise Refusal(414, f"The URL has {length} characters: Request-URI Too Long")
    told = {"content-length", "transfer-encoding"} & set(request.headers.keys())
    if request.method == "POST" and not told:
        raise Refusal(411, "POST requests require a Content-length header")


async def _raw_query(request: Request) -> str:
    """The query, from the URL or, tunnelled, from the body (LinkedIn docs: Query Tunneling).

    :raises Refusal: 405 for other methods, 400 for another kind of body.
    """
    if request.method == "GET":
        return cast("bytes", request.scope.get("query_string", b"")).decode("latin-1")
    override = request.headers.get("x-http-method-override", "").upper()
    if request.method != "POST" or override != "GET":
        raise _not_supported(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM or request.scope.get("query_string"):
        raise Refusal(400, f"A tunnelled query stands in a body of {_FORM} only")
    return (await request.body()).decode("latin-1")


def _read_query(resource: Resource, raw: str) -> dict[str, Value]:
    try:
        return parse_query(raw)
    except OldSyntax as error:
        if resource.knows(error.base):
            raise old_syntax(error.parameter) from None
        raise parameter_not_allowed(error.parameter) from None
    except RestliSyntaxError as error:
        raise field_invalid(error.parameter, f"Invalid query parameters: {error}") from None


def _read_key(raw: str) -> str:
    if not raw:
        return ""
    try:
        return parse_key(raw)
    except RestliSyntaxError:
        raise bad_key(raw) from None


def _not_supported(request: Request) -> Refusal:
    return Refusal(405, f"{request.method} operation is not supported for this resource")
