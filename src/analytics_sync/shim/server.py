"""The service behind a socket: where it listens, with how many processes, and within which limits."""

import errno
import multiprocessing
import os
import signal
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from inspect import signature
from ipaddress import ip_address
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from analytics_sync.errors import ConfigurationInvalid
from analytics_sync.shim.gate import Rules
from analytics_sync.shim.patience import Patience
from analytics_sync.shim.service import build

LARGEST_HEAD: Final = 32_768
CONNECTIONS: Final = 500
BACKLOG: Final = 256
GRACE_SECONDS: Final = 5
# For the owner and its group, to which a proxy may belong.
SOCKET_MODE: Final = 0o660
HINTS: Final = {
    errno.EADDRINUSE: "Another program listens there. Name another with --port, or mount the router "
    "in that application.",
    errno.EACCES: "Ports below 1024 are root's; name another with --port.",
    errno.EADDRNOTAVAIL: "--host names an address that this machine has not.",
}


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    :raises ConfigurationInvalid: it can't be had; says why.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        number = getattr(error, "errno", None) or 0
        raise ConfigurationInvalid(
            [f"{host} port {port} can't be used: {why}."],
            hint=HINTS.get(number, "Name another address with --host and --port."),
            code="address",
        ) from error
    # Each answer would wait 40 ms for the caller's delayed acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


@contextmanager
def listen_at(path: Path) -> Iterator[socket.socket]:
    """A listening Unix socket, which is gone after the block.

    :raises ConfigurationInvalid: it can't be had, or another program listens there.
    """
    _take_away_dead(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o777 & ~SOCKET_MODE)
    try:
        listening.bind(str(path))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        why = error.strerror or str(error)
        raise ConfigurationInvalid(
            [f"The socket {path} can't be made: {why}."],
            hint="Name a short path in a folder of your own with --uds.",
            code="address",
        ) from error
    finally:
        os.umask(before)
    try:
        yield listening
    finally:
        listening.close()
        with suppress(OSError):
            path.unlink()


def is_loopback(listening: socket.socket) -> bool:
    """Whether only this machine can reach it."""
    if listening.family == socket.AF_UNIX:
        return True
    return ip_address(listening.getsockname()[0].partition("%")[0]).is_loopback


def address_of(listening: socket.socket) -> str:
    """Where it listens, for people."""
    if listening.family == socket.AF_UNIX:
        return f"unix:{listening.getsockname()}"
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(listening: socket.socket, rules: Rules, workers: int = 1) -> None:
    """Serve until asked to stop (Ctrl-C, SIGTERM)."""
    config = uvicorn.Config(
        partial(_application, rules),
        factory=True,
        workers=workers,
        http=Patience,
        ws="none",
        # Ours is set up as for every command; a record for each request would drown it.
        log_config=None,
        access_log=False,
        server_header=False,
        # Who asks is who is connected; what a header says of it, anybody can say.
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        backlog=BACKLOG,
        h11_max_incomplete_event_size=LARGEST_HEAD,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    # The server raises again what ended it: there is nothing more to end.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _no_more)
    if workers > 1:
        _several(config, listening).run()
    else:
        uvicorn.Server(config).run(sockets=[listening])


def _several(config: uvicorn.Config, listening: socket.socket) -> Multiprocess:
    """Older releases of uvicorn want to be told what a worker runs."""
    wanted = signature(Multiprocess).parameters
    told: dict[str, Any] = {"target": uvicorn.Server(config).run} if "target" in wanted else {}
    return Multiprocess(config, sockets=[listening], **told)


def _application(rules: Rules) -> ASGIApp:
    """The application of one process; a worker ends with the process that started it.

    Otherwise it would go on at the address, and whoever starts the service again could not have it.
    """
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        threading.Thread(target=_end_after, args=(supervisor.sentinel,), daemon=True).start()
    return build(rules)


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os.kill(os.getpid(), signal.SIGTERM)


def _no_more(*_: object) -> None:
    pass


def _take_away_dead(path: Path) -> None:
    """Remove the socket of a server that was killed.

    :raises ConfigurationInvalid: a server listens there, or it is something else.
    """
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise ConfigurationInvalid(
                [f"{path} is there already and is no socket."],
                hint="Name another path with --uds.",
                code="address",
            )
    except OSError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trying:
        try:
            trying.connect(str(path))
        except OSError:
            with suppress(OSError):
                path.unlink()
            return
    raise ConfigurationInvalid(
        [f"Another program listens at {path}."],
        hint="Stop it, or name another path with --uds.",
        code="address",
    )
