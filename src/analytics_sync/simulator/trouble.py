"""Carries out the faults of the wire: broken answers, slow ones, and none at all."""

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator, Callable
from functools import cache

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from analytics_sync.simulator.faults import Fault

# The server's ASGI extension that closes the connection: at once, or after what was written.
HANG_UP = "simulator.hang_up"
HangUp = Callable[[bool], None]
# Tells the recorder, and nobody else, that no answer will come.
CLOSING = "simulator.closing"

UNPACKED_MEBIBYTES = 512
MEBIBYTE = 1024 * 1024
DRIP_SECONDS = 0.5


class ConnectionCut(Exception):
    """Stands for a closed connection where there is no server that could close one."""


async def carry_out(fault: Fault, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer as the fault says, with or without the application behind it."""
    match fault.kind:
        case "slow":
            await asyncio.sleep(fault.seconds)
            await app(scope, receive, send)
        case "lost":
            await app(scope, receive, _nowhere)
            await send({"type": CLOSING})
            await hang_up(scope, receive, at_once=True)
        case "clipped":
            start, body = await _done(app, scope, receive)
            await send(start)
            half = body[: len(body) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
            await hang_up(scope, receive, at_once=False)
        case "late":
            start, body = await _done(app, scope, receive)
            if await _stays(receive, fault.seconds):
                await send(start)
                await send({"type": "http.response.body", "body": body})
        case "refuse":
            await send({"type": CLOSING})
            await hang_up(scope, receive, at_once=True)
        case _:
            await _answer(fault, scope, receive, send)


async def hang_up(scope: Scope, receive: Receive, *, at_once: bool) -> None:
    """Close the connection and wait until it is closed, so that the server ends without a word.

    :raises ConnectionCut: the application is called without a server (in tests).
    """
    close: HangUp | None = scope.get("extensions", {}).get(HANG_UP)
    if close is None:
        raise ConnectionCut
    close(at_once)
    while (await receive())["type"] != "http.disconnect":
        pass


async def _done(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
    """Let the application do its work; its answer's start and body, of which nothing is sent yet."""
    held: list[Message] = []

    async def hold(message: Message) -> None:
        held.append(message)

    await app(scope, receive, hold)
    return held[0], b"".join(message.get("body", b"") for message in held[1:])


async def _stays(receive: Receive, seconds: float) -> bool:
    """Wait so long; False as soon as the caller has gone."""
    gone = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({gone}, timeout=seconds)
        return not gone.done()
    finally:
        gone.cancel()


async def _nowhere(_: Message) -> None:
    """Where a lost answer goes."""


async def _answer(fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
    status, headers, chunks = _broken_answer(fault, receive)
    headers |= {name.lower(): value for name, value in fault.headers.items()}
    lines = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": lines})
    async for chunk in chunks:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    if fault.kind == "cut":
        await hang_up(scope, receive, at_once=False)
    else:
        await send({"type": "http.response.body", "body": b""})


def _broken_answer(
    fault: Fault, receive: Receive
) -> tuple[int, dict[str, str], AsyncIterator[bytes]]:
    as_json = {"content-type": "application/json"}
    match fault.kind:
        case "html":
            page = f"<!doctype html><title>{fault.status}</title><h1>Try again later</h1>"
            return fault.status, {"content-type": "text/html"}, _at_once(page.encode())
        case "half_json":
            return 200, as_json, _at_once(b'{"data": [{"id": "1", "public_met')
        case "empty":
            return fault.status, {}, _at_once(b"")
        case "nan":
            return 200, as_json, _at_once(b'{"data": [{"id": "1", "value": NaN}]}')
        case "deep":
            return 200, as_json, _at_once(b"[" * 100_000 + b"]" * 100_000)
        case "bomb":
            return 200, {**as_json, "content-encoding": "gzip"}, _at_once(bomb())
        case "drip":
            return 200, as_json, _dripped(b'{"data": []}' * 50, receive)
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


async def _dripped(body: bytes, receive: Receive) -> AsyncIterator[bytes]:
    """A byte each half second, until the caller has had enough."""
    gone = asyncio.ensure_future(_gone(receive))
    try:
        for byte in body:
            yield bytes([byte])
            await asyncio.wait({gone}, timeout=DRIP_SECONDS)
            if gone.done():
                return
    finally:
        gone.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@cache
def bomb() -> bytes:
    """512 MiB of zeros as one gzip member of half a megabyte.

    One member, because many clients unpack the first only. Flushed at every mebibyte, so that each
    packs to the same bytes and only one has to be packed.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    zeros = bytes(MEBIBYTE)
    block = packer.compress(zeros) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(UNPACKED_MEBIBYTES):
        checksum = zlib.crc32(zeros, checksum)
    size = (UNPACKED_MEBIBYTES * MEBIBYTE) % 2**32
    trailer = checksum.to_bytes(4, "little") + size.to_bytes(4, "little")
    header = gzip.compress(b"", mtime=0)[:10]
    return header + block * UNPACKED_MEBIBYTES + packer.flush() + trailer
