"""The service in processes of its own, under many callers, evil ones, and kills."""

import asyncio
import os
import signal
import socket
from collections import Counter
from pathlib import Path

import httpx
import pytest

from analytics_sync.simulator.faults import Fault
from analytics_sync.simulator.server import serving
from support.house import House
from support.started import memory, service
from support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("shim")]
TRIGGER = "/api/v1/scheduler/trigger-sync?business_id=1"
MIB = 1_048_576


@pytest.fixture
def house(tmp_path):
    made = House.of_today(tmp_path)
    made.add_business()
    made.populate("x", "linkedin", posts=5)
    return made


@pytest.fixture
def environ(house):
    with serving(house.simulator) as origin:
        yield {**house.environ, **house.simulator.settings(origin)}


def slow_platforms(house, seconds):
    house.world.faults.add(Fault("slow", seconds=seconds, times=None))


def ended(address, id):
    def look():
        run = httpx.get(f"{address}/api/v1/runs/{id}", timeout=60).json()["run"]
        return run["outcome"] and run

    return until(look, 120)


async def ask_often(address, method, path, times):
    limits = httpx.Limits(max_connections=times, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=address, timeout=120, limits=limits) as client:
        return await asyncio.gather(*(client.request(method, path) for _ in range(times)))


def test_of_a_hundred_triggers_at_four_workers_one_wins(house, environ):
    slow_platforms(house, 4)
    with service(environ, "--workers", "4") as (address, _):
        answers = asyncio.run(ask_often(address, "POST", TRIGGER, 100))
        assert Counter(answer.status_code for answer in answers) == {202: 1, 409: 99}
        ids = {answer.json()["run_id"] for answer in answers}
        assert len(ids) == 1
        run = ended(address, ids.pop())
        assert (run["outcome"], run["trigger"]) == ("complete", "api")
        runs = httpx.get(f"{address}/metrics", timeout=60).text
        assert 'analytics_sync_runs_total{trigger="api",outcome="complete"} 1' in runs
        path = "/api/v1/scheduler/jobs"
        lists = asyncio.run(ask_often(address, "GET", path, 40))
        assert len({answer.text for answer in lists}) == 1


@pytest.mark.parametrize("last_words", [signal.SIGTERM, signal.SIGKILL])
def test_a_started_sync_outlives_the_service(house, environ, last_words):
    slow_platforms(house, 1)
    with service(environ) as (address, process):
        id = httpx.post(f"{address}{TRIGGER}", timeout=60).json()["run_id"]
        until(lambda: house.world.journal.labels)
        os.kill(process.pid, last_words)
        process.wait(30)
    with service(environ) as (address, _):
        look = httpx.get(f"{address}/api/v1/runs/{id}", timeout=60).json()["run"]
        assert look["running"] or look["outcome"] == "complete"
        run = ended(address, id)
    assert (run["outcome"], run["errors"]) == ("complete", [])
    assert run["posts"]["synced"] == run["posts"]["selected"] > 0


def test_progress_is_seen_while_a_sync_runs(house, environ):
    slow_platforms(house, 2)
    with service(environ) as (address, _):
        id = httpx.post(f"{address}{TRIGGER}", timeout=60).json()["run_id"]

        def counted():
            run = httpx.get(f"{address}/api/v1/runs/{id}", timeout=60).json()["run"]
            return run["requests"] and run

        run = until(counted)
        assert (run["outcome"], run["running"]) == (None, True)
        ended(address, id)


def test_evil_callers_get_the_documented_answers_and_take_no_memory(environ):
    with service(environ) as (address, process):
        host, port = address.removeprefix("http://").split(":")
        asked = [
            ("GET", "/healthz", {"Host": "evil.example"}, 421),
            ("GET", "/healthz", {"Origin": "https://evil.example"}, 403),
            ("GET", "/healthz", {"Authorization": "Bearer no"}, 401),
            ("GET", f"/api/v1/runs/{2**63}", {}, 422),
            ("POST", "/api/v1/scheduler/business/1/schedule?interval_hours=0", {}, 422),
            ("POST", "/api/v1/scheduler/trigger-sync?business_id=99", {}, 404),
        ]
        with httpx.Client(base_url=address, timeout=60) as client:

            def round_of_all():
                for method, path, headers, status in asked:
                    assert client.request(method, path, headers=headers).status_code == status
                json = {"Content-Type": "application/json"}
                large = client.post(
                    "/api/v1/posts", content=(b" " * MIB for _ in range(100)), headers=json
                )
                assert large.status_code == 413

            round_of_all()
            before = memory(process.pid)
            waiting = []
            for _ in range(100):
                slow = socket.create_connection((host, int(port)), timeout=120)
                slow.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
                waiting.append(slow)
            for _ in range(5):
                round_of_all()
            for slow in waiting:
                slow.sendall(b"a")
                assert slow.recv(100).startswith(b"HTTP/1.1 408 ")
                slow.close()
            for _ in range(300):
                assert client.get("/api/v1/scheduler/jobs").status_code == 200
        assert memory(process.pid) < before + 24
        assert len(list(Path(f"/proc/{process.pid}/fd").iterdir())) < 60
