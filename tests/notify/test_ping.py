import logging
import socket
import subprocess
import sys
import time

import pytest

from analytics_sync.notify import ping
from analytics_sync.notify.ping import Pings, address
from support.fake_clock import FakeClock
from support.ping_server import answers

SECRET = "/4c1f2e9a-0000-4a55-9d9a-abcdefabcdef"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(ping, "START_SECONDS", 2.0)
    monkeypatch.setattr(ping, "END_SECONDS", 2.0)


@pytest.fixture
def pings(service):
    return Pings(service.origin + SECRET, FakeClock())


def test_a_run_is_a_start_and_a_success(service, pings):
    pings.start("sync_business_1")
    assert pings.end("sync_business_1", 0, "145/200 posts synced") == ""
    assert service.pings == [
        ("POST", f"{SECRET}/start", ""),
        ("POST", SECRET, "145/200 posts synced"),
    ]


def test_a_failure_tells_its_exit_status(service, pings):
    assert pings.end("sync_business_1", 77, "A credential was refused.") == ""
    assert service.pings == [("POST", f"{SECRET}/77", "A credential was refused.")]


@pytest.mark.parametrize(
    ("url", "how", "whole"),
    [
        ("https://h/p", "", "https://h/p"),
        ("https://h/p?create=1", "start", "https://h/p/start?create=1"),
        ("https://h/p?a=1&b=/x", "77", "https://h/p/77?a=1&b=/x"),
        ("https://h/KEY/{job}?create=1", "", "https://h/KEY/sync_business_1?create=1"),
        ("https://h/p?for={job}", "1", "https://h/p/1?for=sync_business_1"),
    ],
)
def test_how_it_ended_stands_in_the_path(url, how, whole):
    assert address(url, "sync_business_1", how) == whole


def test_words_leave_without_secrets_and_not_endless(service, pings):
    pings.end("sync_business_1", 1, "access_token=abcdefghijk\0\x1b[31m " + "é" * 20_000)
    (body,) = [body for _, _, body in service.pings]
    assert "abcdefghijk" not in body
    assert "\0" not in body
    assert len(body) == 8000


def test_trouble_is_asked_once_more(service, pings):
    service.behaviour = answers(503, 200)
    assert pings.end("sync_business_1", 0, "") == ""
    assert len(service.pings) == 2


@pytest.mark.parametrize("status", [302, 404, 503])
def test_a_refusal_is_one_warning_without_the_address(service, pings, caplog, status):
    service.behaviour = answers(status)
    failure = pings.end("sync_business_1", 0, "")
    assert str(status) in failure
    (record,) = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert failure in record.getMessage()
    assert SECRET not in caplog.text
    assert len(service.pings) == (2 if status == 503 else 1)


def test_nobody_at_home_is_a_warning(caplog):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{closed.getsockname()[1]}"
        failure = Pings(origin + SECRET, FakeClock()).end("sync_business_1", 0, "")
    assert "could not connect to 127.0.0.1" in failure
    assert SECRET not in caplog.text


@pytest.mark.parametrize("behaviour", ["drips", "says_nothing"])
def test_a_service_that_does_not_come_to_an_end_is_left(service, pings, behaviour, monkeypatch):
    monkeypatch.setattr(ping, "START_SECONDS", 0.05)
    monkeypatch.setattr(ping, "END_SECONDS", 0.1)
    service.behaviour = getattr(service, behaviour)
    begun = time.monotonic()
    pings.start("sync_business_1")
    assert "did not answer in full within 0.1 s" in pings.end("sync_business_1", 0, "")
    assert time.monotonic() - begun < 20


def test_a_start_holds_nobody_up(service, pings, monkeypatch):
    monkeypatch.setattr(ping, "START_SECONDS", 30)
    service.behaviour = service.says_nothing
    begun = time.monotonic()
    pings.start("sync_business_1")
    assert time.monotonic() - begun < 20
    service.over.set()
    service.behaviour = answers(200)
    pings.end("sync_business_1", 0, "")


def test_a_system_that_looks_for_the_name_for_minutes_does_not_keep_the_program_from_ending():
    script = (
        "import socket, time\n"
        "socket.getaddrinfo = lambda *_, **__: time.sleep(60)\n"
        "from analytics_sync.clock import SystemClock\n"
        "from analytics_sync.notify import ping\n"
        "ping.END_SECONDS = 0.1\n"
        "pings = ping.Pings('https://nowhere.invalid/a', SystemClock())\n"
        "print(pings.end('sync_business_1', 0, ''))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True
    )
    assert "within 0.1 s" in done.stdout
