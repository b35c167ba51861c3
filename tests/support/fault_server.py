"""A loopback server whose answers are raw bytes, so that it can do what no proper server does."""

import asyncio
import contextlib
import re
import socket
import ssl
import struct
import zlib
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]

_LENGTH = re.compile(rb"(?im)^content-length: *([0-9]+)")


class FaultServer:
    """Answers each request with the next of `answers`; the last one is repeated.

    `requests` holds each request as it came over the wire, `connections` counts those ever made,
    `open` those that the client has not closed yet.
    """

    def __init__(self, *answers: Answer, tls: ssl.SSLContext | None = None) -> None:
        self._answers = list(answers)
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self.requests: list[bytes] = []
        self.connections = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        port = self._server.sockets[0].getsockname()[1]
        self.origin = f"http{'s' if self._tls else ''}://127.0.0.1:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks)
        await self._server.wait_closed()

    @property
    def open(self) -> int:
        return len(self._tasks)

    @property
    def targets(self) -> list[bytes]:
        """The second word of each request line."""
        return [request.split(b" ", 2)[1] for request in self.requests]

    async def until_all_closed(self) -> None:
        """Wait until the client has closed each of its connections."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        # Cancelled at the end of the test; a client that is gone is no failure of the server.
        with contextlib.suppress(asyncio.CancelledError, ConnectionError, EOFError):
            await self._converse(reader, writer)
        self._tasks.discard(task)
        writer.transport.abort()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            body = await reader.readexactly(int(length[1])) if length else b""
            self.requests.append(head + body)
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            gone = asyncio.ensure_future(reader.read(1))
            answering = asyncio.ensure_future(answer(writer))
            try:
                await asyncio.wait({gone, answering}, return_when=asyncio.FIRST_COMPLETED)
                if not answering.done():
                    return
                answering.result()
                await writer.drain()
            finally:
                answering.cancel()
                gone.cancel()
                await asyncio.gather(answering, gone, return_exceptions=True)


def head(status: int, **headers: str | int) -> bytes:
    """A status line and headers; underscores stand for dashes."""
    lines = [f"HTTP/1.1 {status} Words"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def says(status: int = 200, body: bytes = b"{}", **headers: str | int) -> Answer:
    """A proper answer."""
    return raw(head(status, **({"content_length": len(body)} | headers)) + body)


def raw(*pieces: bytes, close: bool = False) -> Answer:
    """Just these bytes; then, if asked to, the end of the connection."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if close:
            writer.close()

    return answer


def drips(prefix: bytes, *, every: float) -> Answer:
    """A proper beginning, then a byte now and again, for ever."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(prefix)
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(every)

    return answer


def waits_for(event: asyncio.Event, then: Answer) -> Answer:
    """Answers when `event` is set."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        await event.wait()
        await then(writer)

    return answer


def never() -> Answer:
    """Takes the request and says nothing."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    return answer


def resets(before: bytes = b"") -> Answer:
    """A connection reset (RST), perhaps in the middle of an answer."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(before)
        await writer.drain()
        await asyncio.sleep(0.005)  # what was written must leave first
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    return answer


def gzip_bomb(mebibytes: int) -> bytes:
    """About 1 KB of gzip for each MiB of zeros, made without ever holding them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    zeros = bytes(1024 * 1024)
    start = packer.compress(zeros) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(zeros) + packer.flush(zlib.Z_FULL_FLUSH)
    return start + block * (mebibytes - 1)
