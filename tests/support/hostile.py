"""A network that spoils answers at random, from a seed: JSON, bodies, statuses and headers."""

import json
import random
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import httpx

# What no platform documents for any field.
VALUES: tuple[Any, ...] = (
    None,
    "",
    "word",
    " 7 ",
    "12",
    "-3",
    "٣",
    "9" * 30,
    "x" * 50_000,
    "half an emoji \ud83d",
    "nul \x00",
    "<b>&amp;</b>",
    "../../etc/passwd",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2026-11-23T10:00:00",
    0,
    -1,
    -(2**63),
    2**53 + 1,
    2**63,
    2**70,
    10**400,
    1.5,
    -0.0,
    1e308,
    True,
    False,
    [],
    {},
    [None],
    [[]],
    [{}],
    {"": None},
    {"id": 5},
    {"value": {"value": {}}},
    [1, "a", None, {}],
)
HEADERS = (
    "x-rate-limit-limit",
    "x-rate-limit-remaining",
    "x-rate-limit-reset",
    "x-user-limit-24hour-remaining",
    "x-app-usage",
    "x-business-use-case-usage",
    "x-ad-account-usage",
    "retry-after",
    "date",
    "content-type",
    "x-restli-id",
    "link",
)
HEADER_VALUES = (
    "",
    "soon",
    "-1",
    "0",
    "1e9",
    "99999999999999999999999",
    "NaN",
    "{}",
    "[]",
    "null",
    '{"call_count": "many", "total_time": null}',
    '{"call_count": 1e400}',
    '{"123": [{"type": 5, "call_count": [], "estimated_time_to_regain_access": -7}]}',
    '{"123": {"call_count": 100}}',
    '{"123": [null, 5, "x", {"call_count": 101, "estimated_time_to_regain_access": 1e300}]}',
    "Thu, 99 Nov 2026 99:99:99 GMT",
    "Thu, 01 Jan 9999 00:00:00 GMT",
    "text/html; charset=utf-16",
)


class Hostile(httpx.AsyncBaseTransport):
    """Passes requests on, and spoils about `share` of the answers.

    `told` lists what was done, to be shown when a test fails.
    """

    def __init__(self, behind: httpx.AsyncBaseTransport, seed: int, share: float = 0.5) -> None:
        self._behind = behind
        self._rng = random.Random(seed)
        self._share = share
        self.told: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._behind.handle_async_request(request)
        body = await response.aread()
        status, headers = response.status_code, response.headers
        if self._rng.random() < self._share:
            status, headers, body = self._spoiled(status, headers, body)
        kept = [(k, v) for k, v in headers.multi_items() if k != "content-length"]
        return httpx.Response(status, headers=kept, stream=httpx.ByteStream(body))

    def _spoiled(
        self, status: int, headers: httpx.Headers, body: bytes
    ) -> tuple[int, httpx.Headers, bytes]:
        kind = self._rng.choices(["json", "body", "status", "header"], [8, 1, 1, 1])[0]
        if kind == "status":
            status = self._rng.choice([200, 201, 204, 206, 302, 400, 404, 409, 418, 500, 599])
            self.told.append(f"status {status}")
        elif kind == "header":
            name, value = self._rng.choice(HEADERS), self._rng.choice(HEADER_VALUES)
            headers = httpx.Headers([*headers.multi_items(), (name, value)])
            headers[name] = value
            self.told.append(f"{name}: {value}")
        elif kind == "body":
            body = self._broken(body)
            self.told.append(f"body {body[:60]!r}")
        else:
            body = self._altered(body)
        return status, headers, body

    def _broken(self, body: bytes) -> bytes:
        cut = self._rng.randrange(len(body) + 1)
        return self._rng.choice(
            [
                b"",
                b"<html><h1>Sorry</h1>",
                body[:cut],
                body + b"]",
                b"\xef\xbb\xbf" + body,
                body.replace(b"0", b"NaN", 1),
                body.decode("utf-8").encode("utf-16"),
                body[:cut] + b"\xff" + body[cut:],
                b"[" * 5000,
                b"null",
                b'"' + b"x" * 100 + b'"',
            ]
        )

    def _altered(self, body: bytes) -> bytes:
        try:
            told = json.loads(body)
        except ValueError:
            return body
        if self._rng.random() < 0.5:
            told = self._changed_everywhere(told)
        else:
            for _ in range(self._rng.choice([1, 2, 5, 20])):
                told = self._changed(told)
        return json.dumps(told).encode()

    def _changed_everywhere(self, told: Any) -> Any:
        """The same JSON with one name's value altered wherever it stands, inside texts too."""
        names = sorted(set(_names(told)))
        if not names:
            return self._value()
        name, value = self._rng.choice(names), self._value()
        self.told.append(f"all {name} = {str(value)[:60]!r}")
        return _with_all(told, name, value)

    def _changed(self, told: Any) -> Any:
        """The same JSON with one place altered; sometimes one inside of a batch's text."""
        places = _places(told)
        if not places:
            return self._value()
        holder, key = self._rng.choice(places)
        inner = _inner(holder[key])
        if inner is not None and self._rng.random() < 0.9:
            holder[key] = json.dumps(self._changed(inner))
        else:
            self._spoil(holder, key)
        return told

    def _value(self) -> Any:
        return deepcopy(self._rng.choice(VALUES))

    def _spoil(self, holder: Any, key: Any) -> None:
        before = holder[key]
        change: Callable[[], Any] = self._rng.choice(
            [
                self._value,
                self._value,
                self._value,
                lambda: [before],
                lambda: {"0": before},
                lambda: list(before.values()) if isinstance(before, dict) else before,
                lambda: dict(enumerate(before)) if isinstance(before, list) else before,
                lambda: [*before, *deepcopy(before)] if isinstance(before, list) else before,
                lambda: before[::-1] if isinstance(before, list) else before,
                lambda: before[1:] if isinstance(before, list) else before,
                lambda: [*before, None] if isinstance(before, list) else before,
                lambda: str(before),
            ]
        )
        if isinstance(holder, dict) and self._rng.random() < 0.2:
            del holder[key]
            self.told.append(f"no {key}")
            return
        holder[key] = change()
        self.told.append(f"{key} = {str(holder[key])[:60]!r}")


def _places(told: Any) -> list[tuple[Any, Any]]:
    """Every place in the JSON, as what holds it and its key there."""
    found: list[tuple[Any, Any]] = []
    waiting = [told]
    while waiting:
        here = waiting.pop()
        keys = (
            here.keys()
            if isinstance(here, dict)
            else range(len(here))
            if isinstance(here, list)
            else ()
        )
        for key in keys:
            found.append((here, key))
            waiting.append(here[key])
    return found


def _names(told: Any) -> list[str]:
    """Every name of an object's member, those in texts too."""
    found: list[str] = []
    for holder, key in _places(told):
        if isinstance(key, str):
            found.append(key)
        inner = _inner(holder[key])
        if inner is not None:
            found += _names(inner)
    return found


def _with_all(told: Any, name: str, value: Any) -> Any:
    if isinstance(told, dict):
        return {k: value if k == name else _with_all(v, name, value) for k, v in told.items()}
    if isinstance(told, list):
        return [_with_all(item, name, value) for item in told]
    inner = _inner(told)
    return told if inner is None else json.dumps(_with_all(inner, name, value))


def _inner(value: Any) -> Any:
    """The JSON in a text: the answer of one item of a batch."""
    if not isinstance(value, str) or value[:1] not in {"{", "["}:
        return None
    try:
        return json.loads(value)
    except ValueError:
        return None
