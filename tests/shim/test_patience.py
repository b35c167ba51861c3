"""Callers that send slowly, or too much before anything else, are left, over a real socket."""

import socket
import threading

import pytest
import uvicorn

from analytics_sync.shim.patience import Patience
from analytics_sync.shim.server import LARGEST_HEAD, listen


class Hasty(Patience):
    request_seconds = 0.3


async def echo(scope, receive, send):
    size = 0
    while (message := await receive()).get("more_body"):
        size += len(message["body"])
    if message["type"] == "http.disconnect":
        return
    size += len(message["body"])
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
    )
    await send({"type": "http.response.body", "body": b"%02d" % min(size, 99)})


@pytest.fixture(scope="module")
def port():
    with listen("127.0.0.1", 0) as listening:
        config = uvicorn.Config(
            echo,
            http=Hasty,
            log_config=None,
            log_level="critical",
            lifespan="off",
            ws="none",
            h11_max_incomplete_event_size=LARGEST_HEAD,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join(10)


def talk(port, *parts):
    """Send these parts and read until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        for part in parts:
            connection.sendall(part)
        answer = b""
        while part := connection.recv(65_536):
            answer += part
    return answer


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: loc",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HT",
    ],
)
def test_a_request_that_does_not_come_to_its_end_is_left(port, sent):
    answer = talk(port, sent)
    assert answer.endswith(b"The request came too slowly.\r\n") or answer.startswith(
        b"HTTP/1.1 200"
    )
    if not sent.startswith(b"GET / HTTP/1.1\r\nHost: localhost\r\n"):
        assert answer.startswith(b"HTTP/1.1 408 ")


def test_headers_without_end_are_refused(port):
    answer = talk(port, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * (LARGEST_HEAD + 1))
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_whole_requests_are_answered_one_after_another(port):
    request = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
    last = request.replace(b"Host", b"Connection: close\r\nHost")
    answer = talk(port, request, request, last)
    assert answer.count(b"HTTP/1.1 200") == 3
    assert b"408" not in answer
