"""The loopback listener, talked to as browsers, other programs and nobody in particular would."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from analytics_sync.connect.attempt import Attempt, LoginEnded
from analytics_sync.connect.listener import (
    MOST_CONNECTIONS,
    Listener,
    Place,
    is_address,
    listening,
    place_of,
)
from analytics_sync.errors import Busy, WrongUsage
from support.ports import free_port

STATE = "the-right-state"
GOOD = f"/callback?code=the-code&state={STATE}"


def attempt_at(port: int) -> Attempt:
    back = f"http://127.0.0.1:{port}/callback"
    return Attempt("X", back, "https://x.com/authorize", STATE, "")


def waiting(work: Callable[[Listener, int], Awaitable[None]], seconds: float = 20) -> str:
    """Listen while `work` is done; gives the code."""
    port = free_port()

    async def run() -> str:
        place = Place(("127.0.0.1",), port, "/callback")
        async with listening(attempt_at(port), place) as listener:
            working = asyncio.create_task(work(listener, port))
            try:
                return await listener.code(seconds)
            finally:
                await working

    return asyncio.run(run())


async def ask(port: int, request: str | bytes) -> str:
    """The whole answer to one request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    raw = (
        request if isinstance(request, bytes) else f"{request} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    )
    writer.write(raw)
    answer = (await reader.read()).decode()
    writer.close()
    return answer


def test_the_first_right_answer_wins_and_others_are_told() -> None:
    told: list[str] = []

    async def work(_: Listener, port: int) -> None:
        told.extend([await ask(port, f"GET {GOOD}"), await ask(port, f"GET {GOOD}")])

    assert waiting(work) == "the-code"
    assert told[0].startswith("HTTP/1.1 200 OK\r\n")
    assert "has arrived" in told[0]
    assert told[1].startswith("HTTP/1.1 409 Conflict\r\n")
    assert "answered already" in told[1]
    for page in told:
        assert "the-code" not in page
        assert STATE not in page
        assert "Referrer-Policy: no-referrer\r\n" in page
        assert "Content-Security-Policy: default-src 'none'" in page
        assert "can be closed" in page


@pytest.mark.parametrize(
    ("request_line", "status", "words"),
    [
        ("GET /favicon.ico", 404, "Nothing is here"),
        ("GET /callback/", 404, "Nothing is here"),
        ("GET /callback", 400, "no answer"),
        ("GET /callback?code=&state=", 400, "no answer"),
        ("GET /callback?code=a&code=b&state=the-right-state", 400, "no answer"),
        ("GET /callback?code=stolen&state=wrong", 400, "another log-in"),
        ("GET /callback?code=stolen", 400, "another log-in"),
        ("GET /callback?error=access_denied&state=wrong", 400, "another log-in"),
        ("GET /callback?code=x&state=\u00fc%ff%zz", 400, "another log-in"),
        (f"HEAD {GOOD}", 200, ""),
        (f"POST {GOOD}", 405, "Nothing is here"),
        ("GET", 400, "Nothing is here"),
    ],
)
def test_what_is_no_right_answer_does_not_end_the_waiting(
    request_line: str, status: int, words: str
) -> None:
    told: list[str] = []

    async def work(_: Listener, port: int) -> None:
        told.append(await ask(port, request_line))
        await ask(port, f"GET {GOOD}")

    assert waiting(work) == "the-code"
    assert told[0].startswith(f"HTTP/1.1 {status} ")
    assert words in told[0]
    assert "stolen" not in told[0]


def test_slow_and_garbled_clients_are_in_nobodys_way() -> None:
    async def work(_: Listener, port: int) -> None:
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
        idle[0][1].write(b"GET /callb")
        for garbage in (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"\r\n\r\n", b"A" * 40_000):
            try:
                await ask(port, garbage)
            except ConnectionError:
                continue
        await ask(port, f"GET {GOOD}")
        for _, writer in idle:
            writer.close()

    assert waiting(work) == "the-code"


def test_a_flood_of_connections_is_bounded() -> None:
    answered: list[str] = []

    async def work(_: Listener, port: int) -> None:
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MOST_CONNECTIONS)]
        await asyncio.sleep(0)
        try:
            answered.append(await ask(port, "GET /callback"))
        except ConnectionError:
            answered.append("")
        for _, writer in idle:
            writer.close()
            await writer.wait_closed()
        for _ in range(1000):
            if await _try(port):
                break
            await asyncio.sleep(0.001)

    async def _try(port: int) -> bool:
        try:
            return "has arrived" in await ask(port, f"GET {GOOD}")
        except ConnectionError:
            return False

    assert waiting(work) == "the-code"
    assert answered == [""], "one too many is not served"


def test_a_refusal_ends_it_with_the_platforms_words() -> None:
    told: list[str] = []

    async def work(_: Listener, port: int) -> None:
        query = f"error=access_denied&error_description=No%0Athanks.&state={STATE}"
        told.append(await ask(port, f"GET /callback?{query}"))
        told.append(await ask(port, f"GET {GOOD}"))

    with pytest.raises(LoginEnded, match="access_denied: No thanks") as caught:
        waiting(work)

    assert caught.value.code == "login_denied"
    assert "did not log you in" in told[0]
    assert "answered already" in told[1]


def test_nobody_comes() -> None:
    async def nothing(_: Listener, port: int) -> None:
        assert port

    with pytest.raises(LoginEnded, match="Nobody logged in") as caught:
        waiting(nothing, seconds=0.01)
    assert caught.value.code == "login_timeout"


def test_a_taken_port_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = Place(("127.0.0.1",), taken.getsockname()[1], "/callback")

        async def run() -> None:
            async with listening(attempt_at(place.port), place):
                pytest.fail("somebody else listens there")

        with pytest.raises(Busy, match="is taken"):
            asyncio.run(run())


def test_an_address_of_another_machine_is_never_listened_on() -> None:
    place = Place(("192.0.2.1",), free_port(), "/callback")

    async def run() -> None:
        async with listening(attempt_at(place.port), place):
            pytest.fail("that is not this machine")

    with pytest.raises(WrongUsage, match="can't be listened on"):
        asyncio.run(run())


@pytest.mark.parametrize(
    ("redirect_uri", "place"),
    [
        ("http://127.0.0.1:8914/callback", Place(("127.0.0.1",), 8914, "/callback")),
        ("http://localhost:8914/a/b", Place(("127.0.0.1", "::1"), 8914, "/a/b")),
        ("http://[::1]:99", Place(("::1",), 99, "/")),
        ("http://LOCALHOST", Place(("127.0.0.1", "::1"), 80, "/")),
        ("https://localhost:8914/callback", None),
        ("http://example.org/callback", None),
        ("http://127.0.0.1.example.org/callback", None),
        ("http://localhost:99999/", None),
        ("http://[::1", None),
    ],
)
def test_only_loopback_is_listened_on(redirect_uri: str, place: Place | None) -> None:
    assert place_of(redirect_uri) == place


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "http://[::1",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:abc/",
        "http://127.0.0.1:0/callback",
        "http:///callback",
        "http://example.org/a b",
        "http://example\n.org/",
        "http://example.org/\u00fc",
        "http://localhost:8914/callback#there",
        "http://me:secret@localhost/",
        "javascript:alert(1)",
        "",
    ],
)
def test_no_browser_is_sent_to_what_is_no_address(redirect_uri: str) -> None:
    assert not is_address(redirect_uri)
    assert is_address("HTTPS://example.org/callback?from=there")
