"""One Graph request, read from HTTP or from an item of a batch."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from starlette.requests import Request

from analytics_sync.simulator.services._graph.errors import (
    bad_parameter,
    unknown_path,
)

NEWEST = "v26.0"
# Meta, "Graph API Changelog": version -> its last day; v26.0's is not announced.
USABLE: Mapping[str, date | None] = {
    "v21.0": date(2027, 1, 21),
    "v22.0": date(2027, 5, 20),
    "v23.0": date(2027, 10, 8),
    "v24.0": date(2028, 2, 18),
    "v25.0": date(2028, 7, 29),
    NEWEST: None,
}
# Beyond this number a version is taken for a node that does not exist (observed for v99.0).
HIGHEST_IMAGINABLE = 50
VERSION = re.compile(r"v(\d+)(?:\.\d+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class GraphRequest:
    """What is asked: `segments` are the path's parts without the version.

    `origin` is what links to the next page begin with; `target` what faults are matched against.
    """

    method: str
    version: str
    segments: tuple[str, ...]
    params: Mapping[str, str]
    origin: str = ""
    target: str = ""
    authorization: str = field(default="", repr=False)

    @property
    def token(self) -> str | None:
        """By parameter, form or header; a parameter wins."""
        if "access_token" in self.params:
            return self.params["access_token"]
        scheme, _, value = self.authorization.partition(" ")
        return value.strip() or None if scheme.lower() in {"bearer", "oauth"} else None

    def item(self, method: str, relative_url: str, body: str) -> "GraphRequest":
        """A sub-request of this batch; it inherits what it does not bring itself.

        An item with a token of its own needs a proof of its own, too.
        """
        parts = urlsplit("/" + relative_url.lstrip("/"))
        params = dict(parse_qsl(f"{parts.query}&{body}", keep_blank_values=True))
        segments = _segments(unquote(parts.path))
        if segments and VERSION.fullmatch(segments[0]):
            segments = segments[1:]
        if "access_token" not in params:
            params |= {k: v for k, v in self.params.items() if k in _INHERITED}
        return replace(
            self,
            method=method,
            segments=segments,
            params=params,
            target=f"/{self.version}/{relative_url.lstrip('/')}",
        )


_INHERITED = frozenset({"access_token", "appsecret_proof"})


async def read_request(request: Request, now: datetime, default_version: str) -> GraphRequest:
    """Read path, query and body (form, multipart or JSON); `method=get` in a POST is obeyed.

    :raises GraphError: 2500 for an impossible version, 100 for a body that cannot be read.
    """
    scope = request.scope
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    query = scope.get("query_string", b"").decode("latin-1")
    params = dict(parse_qsl(query, keep_blank_values=True))
    params |= _body(request.headers.get("content-type", ""), await request.body())
    segments = _segments(path)
    version = served_version(default_version, segments, now)
    if segments and VERSION.fullmatch(segments[0]):
        version = served_version(segments[0], segments[1:], now)
        segments = segments[1:]
    return GraphRequest(
        method=_method(request.method, params),
        version=version,
        segments=segments,
        params=params,
        origin=f"{request.url.scheme}://{request.url.netloc}{scope.get('root_path', '')}",
        target=f"{path}?{query}",
        authorization=request.headers.get("authorization", ""),
    )


def served_version(written: str, rest: tuple[str, ...], now: datetime) -> str:
    """The version that answers: the one written, or the oldest usable one in its place."""
    today = now.astimezone(UTC).date()
    usable = [name for name, end in USABLE.items() if end is None or today < end]
    if written.lower() in usable:
        return written.lower()
    match = VERSION.fullmatch(written)
    if match is None or int(match[1]) >= HIGHEST_IMAGINABLE:
        raise unknown_path(rest)
    return usable[0]


def _method(method: str, params: dict[str, str]) -> str:
    override = params.pop("method", "") if method == "POST" else ""
    return override.upper() or ("GET" if method == "HEAD" else method)


def _segments(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.split("/") if part)


def _body(content_type: str, body: bytes) -> dict[str, str]:
    if not body:
        return {}
    if "json" in content_type:
        return _from_json(body)
    if content_type.startswith("multipart/"):
        return _from_multipart(content_type, body)
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _from_json(body: bytes) -> dict[str, str]:
    try:
        said = json.loads(body)
    except ValueError as error:
        raise bad_parameter("The request body is not valid JSON") from error
    if not isinstance(said, dict):
        raise bad_parameter("The request body must be a JSON object")
    return {name: _text(value) for name, value in said.items()}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _from_multipart(content_type: str, body: bytes) -> dict[str, str]:
    whole = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    parts = [part for part in whole.walk() if not part.is_multipart()]
    return {name: _content(part) for part in parts if (name := _part_name(part))}


def _part_name(part: Message) -> str | None:
    name = part.get_param("name", header="content-disposition")
    return name if isinstance(name, str) else None


def _content(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
