import asyncio
import time

import pytest

from analytics_sync.clock import SystemClock
from analytics_sync.errors import AnalyticsSyncError, Refused, Temporary
from analytics_sync.transport import ping as module
from analytics_sync.transport.ping import ping
from support.fault_server import (
    Answer,
    FaultServer,
    drips,
    gzip_bomb,
    head,
    never,
    raw,
    resets,
    says,
)

SECRET = "4c1f2e9a-0000-4a55-9d9a-abcdefabcdef"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "PAUSE", 0.001)


def send(*answers: Answer, path: str = f"/{SECRET}", words: str = "é", seconds: float = 2.0):
    async def go():
        async with FaultServer(*answers) as server:
            url = server.origin + path
            await ping(url, words, label="notify.url", seconds=seconds, clock=SystemClock())
        return server

    return asyncio.run(go())


def test_the_words_arrive_as_text_at_the_address_as_it_was_written():
    server = send(says(), path=f"/{SECRET}/77?create=1&x=a%2Fb")
    (request,) = server.requests
    assert request.startswith(f"POST /{SECRET}/77?create=1&x=a%2Fb HTTP/1.1\r\n".encode())
    assert b"content-type: text/plain; charset=utf-8" in request.lower()
    assert request.endswith("é".encode())


@pytest.mark.parametrize("answer", [says(204, b""), says(200, b"<html>" * 100)])
def test_whatever_a_good_answer_says_is_well(answer):
    assert len(send(answer).requests) == 1


def test_an_endless_good_answer_is_not_read_to_its_end():
    body = gzip_bomb(64)
    with pytest.raises(AnalyticsSyncError, match=r"notify\.url"):
        send(says(200, body, content_encoding="gzip"))


@pytest.mark.parametrize("trouble", [says(500), says(429), resets(), raw(b"", close=True)])
def test_trouble_is_asked_once_more_and_no_more(trouble):
    assert len(send(trouble, says()).requests) == 2
    with pytest.raises(Temporary) as failed:
        send(trouble, trouble, says())
    assert SECRET not in str(failed.value) + failed.value.hint


@pytest.mark.parametrize("answer", [says(404), says(410), says(302, location="/elsewhere")])
def test_a_refusal_is_asked_once(answer):
    with pytest.raises(AnalyticsSyncError) as refused:
        send(answer, says())
    assert SECRET not in str(refused.value) + refused.value.hint


@pytest.mark.parametrize("answer", [never(), drips(head(200, content_length=9999), every=0.01)])
def test_the_time_is_one_for_all_tries(answer):
    begun = time.monotonic()
    with pytest.raises(Temporary, match=r"did not answer in full within 0\.1 s"):
        send(answer, seconds=0.1)
    assert time.monotonic() - begun < 20


def test_nothing_is_followed_or_refused_with_the_address():
    with pytest.raises(Refused, match=r"notify\.url: 127\.0\.0\.1 answered HTTP 403"):
        send(says(403))
