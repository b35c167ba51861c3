"""The simulator over a socket: in the foreground, or in a thread beside the caller."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from analytics_sync.simulator.app import Simulator
from analytics_sync.simulator.trouble import HANG_UP


class _Protocol(H11Protocol):
    """HTTP/1.1 whose application may close the connection instead of answering.

    An exception would not do: the server answers it with a 500.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        answering = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            extensions = {**scope.get("extensions", {}), HANG_UP: self._hang_up}
            await answering({**scope, "extensions": extensions}, receive, send)

        self.app = app

    def _hang_up(self, at_once: bool) -> None:
        if at_once:
            self.transport.abort()
        else:
            self.transport.close()


def _server(simulator: Simulator) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            simulator.app,
            # The caller's logging stays as it is, and faults on demand are nothing to tell.
            log_config=None,
            log_level="critical",
            access_log=False,
            # The recorder dates the answers, by the simulated clock.
            date_header=False,
            server_header=False,
            lifespan="off",
            http=_Protocol,
            ws="none",
            timeout_graceful_shutdown=1,
        )
    )


def listen(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """A listening socket; port 0 takes a free one."""
    listening = socket.create_server((host, port), backlog=256)
    # Connections inherit it. asyncio sets it only where a socket names its protocol, and without it
    # each answer waits 40 ms for the caller's delayed acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def origin_of(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{host}:{port}"


def serve(simulator: Simulator, listening: socket.socket) -> None:
    """Serve until asked to stop (Ctrl-C, SIGTERM); the signal is then raised again."""
    _server(simulator).run(sockets=[listening])


@contextmanager
def serving(simulator: Simulator) -> Iterator[str]:
    """Serve on a free loopback port while the block runs; gives the origin."""
    listening = listen()
    server = _server(simulator)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield origin_of(listening)
    finally:
        server.should_exit = True
        thread.join(timeout=5)
        listening.close()
