"""A monitoring service on a real loopback socket: it records each ping, and may answer badly."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from support.listening import Quiet, listening

Behaviour = Callable[[BaseHTTPRequestHandler], None]


def answers(*statuses: int) -> Behaviour:
    """These statuses in turn; the last one is repeated."""
    left = list(statuses)

    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(left.pop(0) if len(left) > 1 else left[0])
        handler.send_header("content-length", "2")
        handler.end_headers()
        handler.wfile.write(b"OK")

    return behave


@dataclass
class PingServer:
    """`pings`: method, target and body of each, in the order of their coming."""

    origin: str = ""
    pings: list[tuple[str, str, str]] = field(default_factory=list)
    behaviour: Behaviour = field(default_factory=lambda: answers(200))
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def targets(self) -> list[str]:
        return [target for _, target, _ in self.pings]

    def drips(self, handler: BaseHTTPRequestHandler) -> None:
        """A byte now and again, for as long as the test lasts."""
        handler.send_response(200)
        handler.send_header("content-length", "100000")
        handler.end_headers()
        while not self.over.wait(0.005):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    def says_nothing(self, handler: BaseHTTPRequestHandler) -> None:
        self.over.wait(30)


@contextmanager
def ping_server() -> Iterator[PingServer]:
    server = PingServer()

    class Handler(Quiet):
        def do_POST(self) -> None:  # noqa: N802 - the name that the library calls
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            server.pings.append((self.command, self.path, body.decode()))
            server.behaviour(self)

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:  # the client is gone
                return

    with listening(Handler) as port:
        server.origin = f"http://127.0.0.1:{port}"
        try:
            yield server
        finally:
            server.over.set()
