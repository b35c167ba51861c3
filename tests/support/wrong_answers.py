"""Alters what simulated platforms answer, in ways that any client of any platform must bear."""

import json
import re
from collections.abc import Callable
from typing import Any

import httpx

# How posts are named in the answers of all platforms.
POST_ID = re.compile(r"(urn:li:(share|ugcPost):)?[0-9_]{5,}")
NAMING = ("id", "share", "ugcPost")


class Altering(httpx.AsyncBaseTransport):
    """Passes requests on and alters the JSON of the answers; the items of Meta's batches too."""

    def __init__(self, behind: httpx.AsyncBaseTransport, alter: Callable[[Any], Any]) -> None:
        self._behind = behind
        self._alter = alter
        self.altered = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._behind.handle_async_request(request)
        body = await response.aread()
        told = json.loads(body)
        new = json.dumps(self._altered(told)).encode()
        self.altered += new != json.dumps(told).encode()
        left_out = ("content-length", "transfer-encoding")
        headers = [(k, v) for k, v in response.headers.multi_items() if k not in left_out]
        return httpx.Response(response.status_code, headers=headers, stream=httpx.ByteStream(new))

    def _altered(self, told: Any) -> Any:
        if _is_batch(told):
            return [_repacked(item, self._altered) for item in told]
        return self._alter(told)


def _is_batch(told: Any) -> bool:
    items = [item for item in told if item is not None] if isinstance(told, list) else []
    return bool(items) and all("body" in item and "code" in item for item in items)


def _repacked(item: Any, alter: Callable[[Any], Any]) -> Any:
    if item is None:
        return None
    return {**item, "body": json.dumps(alter(json.loads(item["body"])))}


def everywhere(told: Any, change: Callable[[Any], Any]) -> Any:
    """The same JSON with `change` laid on every value, innermost first."""
    if isinstance(told, dict):
        told = {name: everywhere(value, change) for name, value in told.items()}
    elif isinstance(told, list):
        told = [everywhere(value, change) for value in told]
    return change(told)


def _names_post(row: Any) -> bool:
    return isinstance(row, dict) and any(
        isinstance(row.get(name), str) and POST_ID.fullmatch(row[name]) for name in NAMING
    )


def _of_posts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_names_post, value))


def with_strangers(told: Any) -> Any:
    """Each list of posts also has one of a post that nobody asked for, with other numbers."""
    return everywhere(told, lambda v: [*v, _stranger(v[0])] if _of_posts(v) else v)


def _stranger(row: Any) -> Any:
    def change(value: Any) -> Any:
        if isinstance(value, str) and POST_ID.fullmatch(value):
            return re.sub("[0-9]{5}$", "99999", value)
        return value + 1000 if type(value) is int else value

    return everywhere(row, change)


def reversed_posts(told: Any) -> Any:
    """Posts come in another order than asked for."""
    return everywhere(told, lambda v: v[::-1] if _of_posts(v) else v)


def with_news(told: Any) -> Any:
    """Every object has fields that no documentation names."""
    news = {"somethingNew": {"deep": [{"x": None}]}, "another_new": "word", "flag": True}
    return everywhere(told, lambda v: {**v, **news} if isinstance(v, dict) else v)


def without_numbers(told: Any) -> Any:
    """Every number is null: the platform knows none just now. The envelope of errors stays."""
    if isinstance(told, dict) and "error" in told:
        return told
    return everywhere(told, lambda v: None if type(v) in {int, float} else v)
