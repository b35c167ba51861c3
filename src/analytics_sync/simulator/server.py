"""The simulator over a socket: in the foreground, or in a thread beside the caller."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from analytics_sync.simulator.app import Simulator


def _server(simulator: Simulator) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            simulator.app,
            log_level="critical",
            access_log=False,
            date_header=False,
            lifespan="off",
            http="h11",
            ws="none",
            timeout_graceful_shutdown=1,
        )
    )


def listen(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """A listening socket; port 0 takes a free one."""
    return socket.create_server((host, port), backlog=256)


def origin_of(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{host}:{port}"


def serve(simulator: Simulator, listening: socket.socket) -> None:
    """Serve until asked to stop (Ctrl-C, SIGTERM)."""
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
