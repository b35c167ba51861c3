"""Between the server and a platform: writes the request log and carries out transport faults."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from email.utils import format_datetime

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from analytics_sync.clock import iso
from analytics_sync.simulator.faults import TRANSPORT_KINDS, Fault
from analytics_sync.simulator.journal import Request
from analytics_sync.simulator.world import World

# A service sets these in `scope["state"]` before it answers.
LABEL = "simulator_label"
CHARGED = "simulator_charged"


def note(scope: Scope, label: str, charged: int = 1) -> None:
    """Name the request in the log, and say how many calls the platform counts for it."""
    state = scope.setdefault("state", {})
    state[LABEL], state[CHARGED] = label, charged


class ConnectionCut(Exception):
    """Makes the server close the connection without ending the answer."""


class Recorder:
    """Wraps one platform's application."""

    def __init__(self, world: World, platform: str, app: ASGIApp) -> None:
        self.world = world
        self.platform = platform
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = scope.get("query_string", b"").decode("latin-1")
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        scope.setdefault("state", {})
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                date = format_datetime(self.world.clock.now(), usegmt=True)
                message["headers"] = [*message.get("headers", []), (b"date", date.encode())]
            await send(message)

        fault = self.world.faults.take(self.platform, f"{path}?{query}", TRANSPORT_KINDS)
        try:
            if fault is not None and fault.kind != "slow":
                await _carry_out(fault, sending)
            else:
                if fault is not None:
                    await asyncio.sleep(fault.seconds)
                await self.app(scope, receive, sending)
        finally:
            state = scope["state"]
            self.world.journal.note(
                Request(
                    at=iso(self.world.clock.now()),
                    platform=self.platform,
                    method=scope["method"],
                    path=path,
                    query=query,
                    status=status,
                    label=state.get(LABEL, fault.kind if fault else path),
                    charged=state.get(CHARGED, 0 if fault else 1),
                )
            )


async def _carry_out(fault: Fault, send: Send) -> None:
    if fault.kind == "refuse":
        raise ConnectionCut
    status, headers, chunks = _broken_answer(fault)
    lines = [(k.lower().encode(), v.encode()) for k, v in {**headers, **fault.headers}.items()]
    await send({"type": "http.response.start", "status": status, "headers": lines})
    async for chunk in chunks:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    if fault.kind == "cut":
        raise ConnectionCut
    await send({"type": "http.response.body", "body": b""})


def _broken_answer(fault: Fault) -> tuple[int, dict[str, str], AsyncIterator[bytes]]:
    as_json = {"content-type": "application/json"}
    match fault.kind:
        case "html":
            page = b"<!doctype html><title>503</title><h1>Service Unavailable</h1>"
            return fault.status, {"content-type": "text/html"}, _at_once(page)
        case "half_json":
            return 200, as_json, _at_once(b'{"data": [{"id": "1", "public_met')
        case "empty":
            return fault.status, {}, _at_once(b"")
        case "nan":
            return 200, as_json, _at_once(b'{"data": [{"id": "1", "value": NaN}]}')
        case "deep":
            return 200, as_json, _at_once(b"[" * 100_000 + b"]" * 100_000)
        case "bomb":
            return 200, {**as_json, "content-encoding": "gzip"}, _at_once(_bomb())
        case "drip":
            return 200, as_json, _dripped(b'{"data": []}' * 50)
        case "cut":
            return 200, {**as_json, "content-length": "1000"}, _at_once(b'{"data": [')
        case "redirect":
            return 302, {"location": fault.body or "http://127.0.0.1:9/elsewhere"}, _at_once(b"")
        case _:
            body = fault.body or json.dumps({"status": fault.status})
            return fault.status, as_json, _at_once(body.encode())


async def _at_once(body: bytes) -> AsyncIterator[bytes]:
    if body:
        yield body


async def _dripped(body: bytes) -> AsyncIterator[bytes]:
    for byte in body:
        yield bytes([byte])
        await asyncio.sleep(0.5)


def _bomb() -> bytes:
    """512 MiB of zeros, packed to half a megabyte."""
    mebibyte = gzip.compress(bytes(1024 * 1024), mtime=0)
    return mebibyte * 512
