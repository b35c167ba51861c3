"""Waits on this machine for the browser that comes back from a log-in.

Source: RFC 8252 (sections 7.3 and 8.3): loopback redirection. Only loopback addresses are listened
on, and only the answer with this attempt's state is taken; anything else gets a page and is
forgotten.
"""

import asyncio
import errno
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from analytics_sync.connect import pages
from analytics_sync.connect.attempt import (
    LONGEST_ANSWER,
    AnotherState,
    Attempt,
    LoginEnded,
    NoAnswer,
    parameters_of,
)
from analytics_sync.errors import Busy, WrongUsage

log = logging.getLogger(__name__)
# For the head of a request; browsers send it at once.
REQUEST_SECONDS: Final = 10
MOST_CONNECTIONS: Final = 64
_LOOPBACK: Final = {
    "127.0.0.1": ("127.0.0.1",),
    "::1": ("::1",),
    # A browser tries either.
    "localhost": ("127.0.0.1", "::1"),
}


class Place(NamedTuple):
    """Where an answer comes back: loopback addresses, port and path."""

    hosts: tuple[str, ...]
    port: int
    path: str


def is_address(redirect_uri: str) -> bool:
    """Whether a platform could send a browser there (RFC 6749, section 3.1.2: no fragment)."""
    try:
        parts = urlsplit(redirect_uri)
        port = parts.port
    except ValueError:
        return False
    plain = redirect_uri.isascii() and redirect_uri.isprintable() and " " not in redirect_uri
    web = parts.scheme in {"http", "https"} and bool(parts.hostname) and port != 0
    return plain and web and "#" not in redirect_uri and "@" not in parts.netloc


def place_of(redirect_uri: str) -> Place | None:
    """Where to listen for a redirect address; None: it leads to another machine, or is https."""
    try:
        parts = urlsplit(redirect_uri)
        hosts, port = _LOOPBACK.get(parts.hostname or "", ()), parts.port
    except ValueError:
        return None
    if parts.scheme != "http" or not hosts:
        return None
    return Place(hosts, 80 if port is None else port, parts.path or "/")


class Listener:
    """Takes the first right answer to an attempt, and tells each browser how it fared."""

    def __init__(self, attempt: Attempt, path: str) -> None:
        self._attempt = attempt
        self._path = path
        self._open = 0
        self._answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def code(self, seconds: float) -> str:
        """The code of the first right answer.

        :raises LoginEnded: the person or the platform said no, or nobody answered in time.
        """
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(self._answer)
        except TimeoutError:
            raise LoginEnded(
                f"Nobody logged in within {seconds:.0f} seconds.",
                hint="Run the command again; --timeout gives more time.",
                code="login_timeout",
            ) from None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection with one page."""
        self._open += 1
        try:
            if self._open <= MOST_CONNECTIONS:
                async with asyncio.timeout(REQUEST_SECONDS):
                    await self._converse(reader, writer)
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            # Somebody who is slow, gone, or speaks no HTTP is not the one we wait for.
            log.debug("a connection to the log-in's address ended without a request")
        finally:
            self._open -= 1
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        line = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
        if len(line) != 3 or not line[2].startswith("HTTP/1."):
            status, body = HTTPStatus.BAD_REQUEST, pages.nothing_here()
        else:
            status, body = self._reply(line[0], line[1])
        length = {"Content-Length": str(len(body))}
        allow = {"Allow": "GET, HEAD"} if status is HTTPStatus.METHOD_NOT_ALLOWED else {}
        headers = {**pages.HEADERS, **length, **allow}
        start = f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"{start}{lines}\r\n".encode() + (b"" if line[0] == "HEAD" else body))
        await writer.drain()

    def _reply(self, method: str, target: str) -> tuple[HTTPStatus, bytes]:
        path, _, query = target.partition("?")
        if path != self._path:
            return HTTPStatus.NOT_FOUND, pages.nothing_here()
        if method == "HEAD":
            # Something that only looks must not use up the answer.
            return HTTPStatus.OK, pages.no_answer()
        if method != "GET":
            return HTTPStatus.METHOD_NOT_ALLOWED, pages.nothing_here()
        return self._take(query)

    def _take(self, query: str) -> tuple[HTTPStatus, bytes]:
        title = self._attempt.title
        try:
            code = self._attempt.code_of(parameters_of(query))
        except NoAnswer:
            return HTTPStatus.BAD_REQUEST, pages.no_answer()
        except AnotherState:
            log.warning("an answer with another state came and was refused; still waiting")
            return HTTPStatus.BAD_REQUEST, pages.another_log_in(title)
        except LoginEnded as refusal:
            if self._answer.done():
                return HTTPStatus.CONFLICT, pages.taken_already(title)
            self._answer.set_exception(refusal)
            return HTTPStatus.OK, pages.denied(title)
        if self._answer.done():
            return HTTPStatus.CONFLICT, pages.taken_already(title)
        self._answer.set_result(code)
        return HTTPStatus.OK, pages.arrived(title)

    def forget(self) -> None:
        """Nobody waits any more; an answer that nobody read is no trouble."""
        if not self._answer.done():
            self._answer.cancel()
        elif not self._answer.cancelled():
            self._answer.exception()


@asynccontextmanager
async def listening(attempt: Attempt, place: Place) -> AsyncIterator[Listener]:
    """Listen for the answer to an attempt while the block runs.

    :raises Busy: another program listens there.
    :raises WrongUsage: the address can't be listened on.
    """
    listener = Listener(attempt, place.path)
    servers: list[asyncio.Server] = []
    try:
        for opened in _sockets(place):
            server = await asyncio.start_server(listener.serve, sock=opened, limit=LONGEST_ANSWER)
            servers.append(server)
        yield listener
    finally:
        listener.forget()
        for server in servers:
            server.close()


def _sockets(place: Place) -> list[socket.socket]:
    found: list[socket.socket] = []
    try:
        for host in place.hosts:
            opened = _socket(host, place.port, needed=len(place.hosts) == 1)
            if opened is not None:
                found.append(opened)
    except BaseException:
        for opened in found:
            opened.close()
        raise
    if not found:
        raise _unusable(place.hosts[0], place.port, "this machine has no such address")
    return found


def _socket(host: str, port: int, *, needed: bool) -> socket.socket | None:
    """A listening socket; None where this machine has no such address and another one may do."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=MOST_CONNECTIONS)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Busy(
                f"Port {port} of {host} is taken: another log-in waits there, or another program.",
                hint="End that one; or take --no-browser; or name another address that the app "
                "has, by --redirect-uri.",
                code="port_taken",
            ) from error
        if not needed and error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
            return None
        raise _unusable(host, port, error.strerror or str(error)) from error


def _unusable(host: str, port: int, why: str) -> WrongUsage:
    return WrongUsage(
        f"--redirect-uri: port {port} of {host} can't be listened on: {why}.",
        hint="Name another address that the app has, or take --no-browser.",
    )
