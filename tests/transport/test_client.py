import asyncio
import gzip
from typing import Any

import httpx
import pytest

from analytics_sync.errors import (
    BudgetSpent,
    ConfigurationInvalid,
    CredentialRefused,
    Interrupted,
    RateLimited,
    Refused,
    Temporary,
)
from analytics_sync.transport.call import Call, Limit, Reply
from analytics_sync.transport.client import Transport
from support.fake_clock import FakeClock
from support.fault_server import FaultServer, never, raw, says, waits_for
from support.transport_doubles import OpenBudgets, StatusRules

RULES = StatusRules()


def call(server: FaultServer, target: str = "/", **fields: Any) -> Call:
    return Call(url=server.origin + target, label="posts", **fields)


async def fetch(transport: Transport, server: FaultServer) -> Reply:
    return await transport.send(call(server), RULES)


def test_an_answer_comes_back_whole(play: Any) -> None:
    answer = raw(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Part: a\r\nX-PART: b\r\n"
        b"Content-Length: 14\r\n\r\n" + b'{"data": [1] }'
    )
    reply = play(fetch, answer)
    assert reply.status == 200
    assert reply.json() == {"data": [1]}
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["x-part"] == "a, b"


def test_a_packed_answer_is_unpacked(play: Any) -> None:
    reply = play(fetch, says(body=gzip.compress(b"[1]"), content_encoding="gzip"))
    assert reply.body == b"[1]"


@pytest.mark.parametrize(
    "target",
    [
        "/rest/organizationalEntityShareStatistics?q=organizationalEntity&shares=List(urn%3Ali%3A1)",
        "/rest/memberCreatorPostAnalytics?q=entity&entity=(share:urn%3Ali%3Ashare%3A1)",
        "/rest/x?dateRange=(start:(year:2026,month:1,day:2),end:(year:2026,month:1,day:3))",
        "/rest/posts?ids=List(urn%3Ali%3Ashare%3A1,urn%3ali%3Ashare%3A2)",
        "/a/../b/./c//d%2Fe%2fe;v=1?x=~'!*|`^{}\\&y=%zz&z=%E2%82%AC&&=",
        "/v26.0/?ids=1,2,3&fields=insights.metric(a,b){values,name}",
        "/?",
        "/",
    ],
)
def test_the_target_is_sent_byte_for_byte(play: Any, target: str) -> None:
    async def scenario(transport: Transport, server: FaultServer) -> list[bytes]:
        await transport.send(call(server, target), RULES)
        return server.targets

    assert play(scenario, says()) == [target.encode()]


def test_method_headers_and_body_are_sent_as_given(play: Any) -> None:
    async def scenario(transport: Transport, server: FaultServer) -> bytes:
        await transport.send(
            call(
                server,
                method="POST",
                headers={"Authorization": "Bearer abc=", "LinkedIn-Version": "202607"},
                body=b"grant_type=refresh_token",
            ),
            RULES,
        )
        return server.requests[0]

    request = play(scenario, says())
    assert request.startswith(b"POST / HTTP/1.1\r\n")
    assert request.endswith(b"\r\n\r\ngrant_type=refresh_token")
    lines = request.lower().split(b"\r\n")
    assert b"authorization: bearer abc=" in lines
    assert b"linkedin-version: 202607" in lines
    assert b"accept-encoding: gzip, deflate" in lines
    assert b"content-length: 24" in lines
    assert any(line.startswith(b"user-agent: analytics-sync/") for line in lines)


def test_cookies_are_not_kept(play: Any) -> None:
    async def scenario(transport: Transport, server: FaultServer) -> bytes:
        await fetch(transport, server)
        await fetch(transport, server)
        return server.requests[1]

    assert b"cookie" not in play(scenario, says(set_cookie="lidc=abc; Path=/")).lower()


def test_proxies_and_netrc_of_the_environment_are_not_asked_about_this_machine(
    play: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password planted\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")

    async def scenario(transport: Transport, server: FaultServer) -> bytes:
        await fetch(transport, server)
        return server.requests[0]

    assert b"authorization" not in play(scenario, says()).lower()


def test_https_goes_through_the_proxy_of_the_environment(
    play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(transport: Transport, server: FaultServer) -> list[bytes]:
        monkeypatch.setenv("HTTPS_PROXY", server.origin)
        with pytest.raises(Temporary, match=r"proxy on the way to api\.x\.com refused: 407 Words"):
            await transport.send(
                Call(url="https://api.x.com/2", label="posts", repeatable=False), RULES
            )
        assert transport.requests == 0
        return server.requests

    (request,) = play(scenario, says(407))
    assert request.startswith(b"CONNECT api.x.com:443 HTTP/1.1\r\n")


def test_a_proxy_that_can_not_be_used_is_named_without_its_password(
    play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "ftp://me:planted@127.0.0.1:1")

    async def scenario(transport: Transport, server: FaultServer) -> None:
        await transport.send(Call(url="https://api.x.com/2", label="posts"), RULES)

    with pytest.raises(ConfigurationInvalid, match="HTTPS_PROXY") as caught:
        play(scenario, says())
    assert "planted" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("content", [None, "this is no certificate"])
def test_a_certificate_file_that_can_not_be_read_is_named(
    play: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, content: str | None
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))

    async def scenario(transport: Transport, server: FaultServer) -> None:
        await transport.send(Call(url="https://api.x.com/2", label="posts"), RULES)

    with pytest.raises(ConfigurationInvalid, match="SSL_CERT_FILE"):
        play(scenario, says())


def test_connections_are_kept_between_calls(play: Any) -> None:
    async def scenario(transport: Transport, server: FaultServer) -> tuple[int, int]:
        for _ in range(5):
            await fetch(transport, server)
        return server.connections, transport.requests

    assert play(scenario, says()) == (1, 5)


def test_a_host_gets_only_so_many_requests_at_once(play: Any) -> None:
    async def scenario(transport: Transport, server: FaultServer) -> int:
        tasks = [asyncio.create_task(fetch(transport, server)) for _ in range(9)]
        async with asyncio.timeout(2):
            while len(server.requests) < 3:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        await asyncio.sleep(0.02)
        held = len(server.requests)
        released.set()
        await asyncio.gather(*tasks)
        assert len(server.requests) == 9
        return held

    released = asyncio.Event()
    assert play(scenario, waits_for(released, says()), per_host=3) == 3


def test_one_host_does_not_hold_up_another(play: Any) -> None:
    async def scenario(transport: Transport, server: FaultServer) -> Reply:
        async with FaultServer(says(body=b"[2]")) as other:
            busy = asyncio.create_task(fetch(transport, server))
            reply = await fetch(transport, other)
            busy.cancel()
            await asyncio.gather(busy, return_exceptions=True)
            return reply

    assert play(scenario, never(), per_host=1).body == b"[2]"


def test_a_cancelled_send_gives_back_its_place_and_its_connection(play: Any) -> None:
    async def scenario(transport: Transport, server: FaultServer) -> Reply:
        task = asyncio.create_task(fetch(transport, server))
        async with asyncio.timeout(2):
            while not server.requests:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await server.until_all_closed()
        assert transport.requests == 1
        return await fetch(transport, server)

    assert play(scenario, never(), says(body=b"[3]"), per_host=1).body == b"[3]"


def test_cancelling_a_send_that_waits_for_its_place_costs_nobody_a_place(play: Any) -> None:
    async def scenario(transport: Transport, server: FaultServer) -> int:
        first = asyncio.create_task(fetch(transport, server))
        async with asyncio.timeout(2):
            while not server.requests:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        waiting = [asyncio.create_task(fetch(transport, server)) for _ in range(3)]
        await asyncio.sleep(0)
        for task in (*waiting, first):
            task.cancel()
        await asyncio.gather(first, *waiting, return_exceptions=True)
        await fetch(transport, server)
        return len(server.requests)

    assert play(scenario, never(), says(), per_host=1) == 2


def test_the_tally_counts_what_was_really_sent_for_each_account(play: Any) -> None:
    async def scenario(transport: Transport, server: FaultServer) -> None:
        one, other = transport.for_account(), transport.for_account()
        await one.send(call(server), RULES)
        await other.send(call(server), RULES)
        await transport.send(call(server), RULES)
        with pytest.raises(Temporary):
            await one.send(Call(url="http://127.0.0.1:1/", label="posts"), RULES)
        assert (one.requests, one.retries) == (2, 1)
        assert (other.requests, other.retries) == (1, 0)
        assert (transport.requests, transport.retries) == (4, 1)
        assert len(server.requests) == 4

    play(scenario, says(503), says())


def test_trouble_then_an_answer_gives_the_answer(play: Any, fake_clock: FakeClock) -> None:
    reply = play(fetch, says(503), says(500, b"<html>"), says(body=b"[1]"))
    assert reply.body == b"[1]"
    assert len(fake_clock.slept) == 2


def test_a_limit_then_an_answer_gives_the_answer(play: Any, fake_clock: FakeClock) -> None:
    reply = play(fetch, says(429, retry_after=60), says(body=b"[1]"))
    assert reply.body == b"[1]"
    assert 60 < fake_clock.slept[0] < 61.2


def test_a_long_limit_is_raised_at_once(play: Any, fake_clock: FakeClock) -> None:
    with pytest.raises(RateLimited):
        play(fetch, says(429, retry_after=3600), says())
    assert fake_clock.slept == []


def test_each_try_is_admitted_and_slowed_down(
    play: Any, fake_clock: FakeClock, budgets: OpenBudgets
) -> None:
    budgets._answers = [2.5, 0.0]
    play(fetch, says(503), says())
    assert fake_clock.slept[0] == 2.5
    assert len(budgets.admitted) == 2


def test_a_spent_budget_sends_nothing(
    play: Any, fake_clock: FakeClock, budgets: OpenBudgets
) -> None:
    budgets._answers = [BudgetSpent("spent", until=fake_clock.now(), bucket="b")]

    async def scenario(transport: Transport, server: FaultServer) -> list[bytes]:
        with pytest.raises(BudgetSpent):
            await fetch(transport, server)
        assert transport.requests == 0
        return server.requests

    assert play(scenario, says()) == []


def test_limits_are_remembered_on_success_and_failure(play: Any, budgets: OpenBudgets) -> None:
    async def scenario(transport: Transport, server: FaultServer) -> None:
        await fetch(transport, server)
        with pytest.raises(Refused):
            await fetch(transport, server)
        with pytest.raises(CredentialRefused):
            await fetch(transport, server)

    play(scenario, says(x_remaining=9), says(404, x_remaining=8), says(401, x_remaining=7))
    assert budgets.observed == [Limit(bucket="test", remaining=left) for left in (9, 8, 7)]


def test_nothing_starts_after_the_end_of_the_run(play: Any, fake_clock: FakeClock) -> None:
    async def scenario(transport: Transport, server: FaultServer) -> list[bytes]:
        fake_clock.advance(5)
        with pytest.raises(Interrupted):
            await fetch(transport, server)
        return server.requests

    assert play(scenario, says(), stop_at=fake_clock.monotonic() + 5) == []


def test_no_slow_down_reaches_past_the_end_of_the_run(
    play: Any, fake_clock: FakeClock, budgets: OpenBudgets
) -> None:
    budgets._answers = [10.0]
    with pytest.raises(Interrupted):
        play(fetch, says(), stop_at=fake_clock.monotonic() + 5)
    assert fake_clock.slept == []


def test_a_read_under_way_ends_with_the_run(play: Any, fake_clock: FakeClock) -> None:
    with pytest.raises(Interrupted):
        play(fetch, never(), stop_at=fake_clock.monotonic() + 0.03)


def test_a_call_that_can_not_be_repeated_is_let_to_its_end(
    play: Any, fake_clock: FakeClock
) -> None:
    async def scenario(transport: Transport, server: FaultServer) -> Reply:
        task = asyncio.create_task(
            transport.send(call(server, method="POST", repeatable=False), RULES)
        )
        await asyncio.sleep(0.03)
        released.set()
        return await task

    released = asyncio.Event()
    answer = waits_for(released, says(body=b"[1]"))
    assert play(scenario, answer, stop_at=fake_clock.monotonic() + 0.01).body == b"[1]"


def test_a_double_of_httpx_can_stand_in_for_the_network(fake_clock: FakeClock) -> None:
    async def scenario() -> Reply:
        async with Transport(
            budgets=OpenBudgets(),
            clock=fake_clock,
            transport=httpx.MockTransport(
                lambda request: httpx.Response(200, stream=httpx.ByteStream(request.url.raw_path))
            ),
        ) as transport:
            return await transport.send(Call(url="https://api.x.com/a/../2?", label="posts"), RULES)

    assert asyncio.run(scenario()).body == b"/a/../2?"


def test_unused_transports_open_nothing(fake_clock: FakeClock) -> None:
    async def scenario() -> Transport:
        async with Transport(budgets=OpenBudgets(), clock=fake_clock) as transport:
            return transport

    assert asyncio.run(scenario())._clients == {}
