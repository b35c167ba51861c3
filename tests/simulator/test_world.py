"""The simulated world itself, and what it does to a real socket."""

import asyncio
import io
import itertools
import logging
import signal
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from analytics_sync.simulator import trouble
from analytics_sync.simulator.app import Simulator
from analytics_sync.simulator.clock import SimulatedClock
from analytics_sync.simulator.faults import TRANSPORT_KINDS, Fault, Faults
from analytics_sync.simulator.growth import FALLING, FINAL, fraction, grown
from analytics_sync.simulator.recorder import ConnectionCut, Recorder, note
from analytics_sync.simulator.server import listen, origin_of, serving
from analytics_sync.simulator.service import Handle, Service
from analytics_sync.simulator.world import SimulatedAccount, SimulatedPost, World

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass
class Toy(Service):
    """The smallest platform: says hello, counts greetings, and breaks when told."""

    name: ClassVar[str] = "toy"
    world: World
    greeted: list[str] = field(default_factory=list)

    @property
    def app(self) -> ASGIApp:
        async def hello(request: Request) -> JSONResponse:
            note(request.scope, "hello", 3)
            self.greeted.append(request.path_params["who"])
            return JSONResponse(
                {"hello": request.path_params["who"]},
                headers={"Date": "Thu, 01 Jan 1970 00:00:00 GMT"},
            )

        async def broken(_: Request) -> JSONResponse:
            raise ZeroDivisionError("a fault of the simulator")

        return Starlette(routes=[Route("/hello/{who}", hello), Route("/broken", broken)])

    def populate(self, business: int, name: str, posts: int) -> Handle:
        self.world.add_account(SimulatedAccount(str(business), "toy", name))
        for _ in range(posts):
            self.publish(str(business))
        return Handle("toy", str(business), name, None, f"token-{business}")

    def publish(self, platform_account_id: str) -> SimulatedPost:
        account = self.world.accounts["toy", platform_account_id]
        return self.world.add_post(
            SimulatedPost(
                f"{platform_account_id}-{len(account.posts)}",
                "toy",
                platform_account_id,
                self.world.clock.now(),
            )
        )

    def edit(self, platform_post_id: str) -> SimulatedPost:
        old = self.world.posts_of(self.world.accounts["toy", "1"])[0]
        return self.world.add_post(
            SimulatedPost(
                platform_post_id + "b", "toy", "1", self.world.clock.now(), versions=(old,)
            )
        )

    def truth(self, post: SimulatedPost) -> dict[str, int | None]:
        return {"likes": self.world.value(post, "likes"), "reach": None}


def toy_simulator() -> Simulator:
    world = World(SimulatedClock(NOW))
    return Simulator(world, {"toy": Toy(world)})


class Stage:
    """One server for all tests, because starting and stopping one takes a fifth of a second."""

    simulator: Simulator

    @property
    def app(self) -> ASGIApp:
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.simulator.app(scope, receive, send)


@pytest.fixture(scope="module")
def stage() -> Iterator[tuple[Stage, str]]:
    stage = Stage()
    with serving(stage) as origin:
        yield stage, origin


@pytest.fixture
def simulator(stage: tuple[Stage, str]) -> Simulator:
    stage[0].simulator = toy_simulator()
    return stage[0].simulator


@pytest.fixture
def client(stage: tuple[Stage, str], simulator: Simulator) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stage[1]) as client:
        yield client


# --- growth


@given(
    seed=st.integers(0, 99),
    metric=st.sampled_from(sorted(FINAL)),
    minutes=st.integers(-600, 60 * 24 * 200),
    more=st.integers(0, 60 * 24 * 30),
)
def test_numbers_are_whole_never_negative_and_the_same_each_time(
    seed: int, metric: str, minutes: int, more: int
) -> None:
    def at(minute: int) -> int:
        return grown(
            seed, "post", metric, size=1.0, published=NOW, now=NOW + timedelta(minutes=minute)
        )

    value, later = at(minutes), at(minutes + more)
    assert value == at(minutes) >= 0
    assert value == at(minutes // 10 * 10) or minutes < 0
    assert later >= value * (0.96 if metric in FALLING else 1) - 1


def test_nothing_is_counted_before_publishing() -> None:
    assert grown(1, "post", "likes", size=9.0, published=NOW, now=NOW) == 0
    assert grown(1, "post", "likes", size=9.0, published=NOW, now=NOW - timedelta(days=3)) == 0


def test_growth_is_quick_at_first_then_slow_and_never_ends() -> None:
    def at(days: float) -> int:
        return grown(
            1, "post", "impressions", size=10.0, published=NOW, now=NOW + timedelta(days=days)
        )

    assert at(2) - at(0) > at(4) - at(2) > at(12) - at(10) > 0
    assert at(400) > at(300)


def test_what_people_can_take_back_falls_now_and_then() -> None:
    values = [
        grown(1, "post", "likes", size=20.0, published=NOW, now=NOW + timedelta(hours=3 * step))
        for step in range(200)
    ]
    falls = sum(after < before for before, after in itertools.pairwise(values))
    assert 5 < falls < 60


def test_another_seed_post_or_metric_gives_other_numbers() -> None:
    assert len({fraction(seed, post) for seed in range(20) for post in "abc"}) == 60
    assert all(0 <= fraction(number) < 1 for number in range(1000))


# --- world


def one_post(world: World, **named: Any) -> SimulatedPost:
    world.add_account(SimulatedAccount("7", "toy", "Seven"))
    return world.add_post(SimulatedPost("p1", "toy", "7", NOW - timedelta(hours=1), **named))


def test_posts_of_the_future_and_deleted_ones_are_not_seen() -> None:
    world = World(SimulatedClock(NOW))
    post = one_post(world, deleted_at=NOW + timedelta(hours=1))
    assert world.post("toy", "p1") is post
    assert world.post("other", "p1") is None
    world.clock.advance(timedelta(hours=-2))
    assert world.post("toy", "p1") is None
    assert world.posts_of(world.accounts["toy", "7"]) == []
    world.clock.advance(timedelta(hours=3))
    assert world.post("toy", "p1") is None


def test_a_post_put_into_its_account_by_hand_is_found_too() -> None:
    world = World(SimulatedClock(NOW))
    account = world.add_account(SimulatedAccount("7", "toy", "Seven"))
    post = account.posts["p9"] = SimulatedPost("p9", "toy", "7", NOW)
    assert world.post("toy", "p9") is post


def test_an_edited_post_takes_the_place_of_its_older_versions() -> None:
    world = World(SimulatedClock(NOW))
    old = one_post(world)
    new = world.add_post(SimulatedPost("p2", "toy", "7", NOW, versions=(old,)))
    assert list(world.accounts["toy", "7"].posts) == ["p2"]
    assert world.post("toy", "p1") is None
    assert world.newest("toy", "p1") is new is world.newest("toy", "p2")
    new.deleted_at = NOW
    assert world.newest("toy", "p1") is None


def test_posts_come_newest_first() -> None:
    world = World(SimulatedClock(NOW))
    toy = Toy(world)
    toy.populate(1, "One", 0)
    for _ in range(3):
        toy.publish("1")
        world.clock.advance(timedelta(minutes=1))
    posts = world.posts_of(world.accounts["toy", "1"])
    assert [post.id for post in posts] == ["1-2", "1-1", "1-0"]


def test_fixed_numbers_win_and_a_past_moment_can_be_asked() -> None:
    world = World(SimulatedClock(NOW))
    post = one_post(world, size=50.0)
    assert world.value(post, "impressions") > 0
    assert world.value(post, "impressions", NOW - timedelta(hours=1)) == 0
    post.fixed["impressions"] = 3
    assert world.value(post, "impressions") == 3 == world.values(post)["impressions"]


def test_followers_grow_and_sometimes_fall() -> None:
    world = World(SimulatedClock(datetime(2026, 1, 1, tzinfo=UTC)))
    account = world.add_account(SimulatedAccount("7", "toy", "Seven", followers=1000))
    seen = [world.followers(account)]
    for _ in range(200):
        world.clock.advance(timedelta(days=1))
        seen.append(world.followers(account))
    steps = [after - before for before, after in itertools.pairwise(seen)]
    assert seen[0] == 1000
    assert seen[-1] > 1100
    assert min(steps) < 0 < max(steps)


def test_a_running_clock_follows_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: machine[0])
    standing, running = SimulatedClock(NOW), SimulatedClock(NOW, running=True)
    machine[0] += 5
    assert standing.now() == NOW
    assert running.now() == NOW + timedelta(seconds=5)
    assert running.advance(timedelta(days=1)) == NOW + timedelta(days=1, seconds=5)


# --- faults


def test_a_fault_is_skipped_then_used_up() -> None:
    faults = Faults()
    faults.add(Fault("odd", "toy", match=r"^/a\?x=1", times=2, skip=1))
    taken = [faults.asks("toy", "/a?x=1", "odd") is not None for _ in range(5)]
    assert taken == [False, True, True, False, False]
    assert faults.pending == []


def test_a_fault_meets_only_its_platform_path_and_kind() -> None:
    faults = Faults([Fault("odd", "toy", match="ids=7", times=None)])
    assert faults.asks("other", "/a?ids=7", "odd") is None
    assert faults.asks("toy", "/a?ids=8", "odd") is None
    assert faults.asks("toy", "/a?ids=7", "even") is None
    assert faults.take("toy", "/a?ids=7", TRANSPORT_KINDS) is None
    assert [faults.asks("toy", "/a?ids=7", "odd") for _ in range(9)] == [faults.pending[0]] * 9
    faults.clear()
    assert faults.asks("toy", "/a?ids=7", "odd") is None


def test_faults_are_used_in_the_order_in_which_they_were_asked_for() -> None:
    faults = Faults([Fault("status", status=500), Fault("status", status=503)])
    kinds = frozenset({"status"})
    taken = [faults.take("toy", "/", kinds) for _ in range(3)]
    assert [fault and fault.status for fault in taken] == [500, 503, None]


# --- recorder, over a socket


def test_an_answer_is_logged_with_label_and_charge_and_dated_once_by_the_simulated_clock(
    simulator: Simulator, client: httpx.Client
) -> None:
    simulator.world.clock.advance(timedelta(days=40))
    answer = client.get("/toy/hello/you?and=me")
    assert answer.json() == {"hello": "you"}
    dates = answer.headers.get_list("date")
    assert [parsedate_to_datetime(date) for date in dates] == [NOW + timedelta(days=40)]
    assert "server" not in answer.headers
    logged = client.get("/_sim/log").json()
    assert logged["totals"] == {"toy": 1}
    assert logged["charged"] == {"toy": 3}
    assert logged["labels"] == {"toy hello": 1}
    assert logged["requests"] == [
        {
            "at": "2027-01-02T12:00:00Z",
            "platform": "toy",
            "method": "GET",
            "path": "/hello/you",
            "query": "and=me",
            "status": 200,
            "label": "hello",
            "charged": 3,
        }
    ]


def test_a_fault_of_the_simulator_itself_is_kept_for_its_developer(
    simulator: Simulator, client: httpx.Client
) -> None:
    # A connection of its own: the server closes it after a crash.
    assert httpx.get(client.base_url.join("/toy/broken")).status_code == 500
    (crash,) = client.get("/_sim/log").json()["crashes"]
    assert "ZeroDivisionError: a fault of the simulator" in crash
    assert client.delete("/_sim/log").json()["crashes"] == [crash]
    assert simulator.world.journal.crashes == []


@pytest.mark.parametrize(
    ("fault", "status", "kind", "body"),
    [
        (Fault("html", status=503), 503, "text/html", b"<!doctype html>"),
        (Fault("half_json"), 200, "application/json", b'{"data": [{"id": "1", "public_met'),
        (Fault("empty", status=502), 502, None, b""),
        (Fault("nan"), 200, "application/json", b'{"data": [{"id": "1", "value": NaN}]}'),
        (Fault("deep"), 200, "application/json", b"[" * 100_000),
        (Fault("status", status=418), 418, "application/json", b'{"status": 418}'),
        (Fault("status", status=500, body="!"), 500, "application/json", b"!"),
        (
            Fault("status", headers={"Content-Type": "text/odd"}),
            500,
            "text/odd",
            b'{"status": 500}',
        ),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_broken_answers(
    simulator: Simulator,
    client: httpx.Client,
    fault: Fault,
    status: int,
    kind: str | None,
    body: bytes,
) -> None:
    simulator.world.faults.add(fault)
    answer = client.get("/toy/hello/you")
    assert answer.status_code == status
    assert answer.headers.get("content-type") == kind
    assert answer.content.startswith(body)
    assert len(answer.headers.get_list("date")) == 1
    assert client.get("/toy/hello/you").json() == {"hello": "you"}
    first, second = simulator.world.journal.requests
    assert (first.label, first.charged, first.status) == (fault.kind, 0, status)
    assert (second.label, second.charged) == ("hello", 3)


def test_a_redirect_leads_where_the_fault_says(simulator: Simulator, client: httpx.Client) -> None:
    simulator.world.faults.add(Fault("redirect", body="http://127.0.0.1:1/trap"))
    answer = client.get("/toy/hello/you")
    assert answer.status_code == 302
    assert answer.headers["location"] == "http://127.0.0.1:1/trap"


def test_a_bomb_unpacks_to_512_mebibytes_from_one_member(
    simulator: Simulator, client: httpx.Client
) -> None:
    simulator.world.faults.add(Fault("bomb"))
    with client.stream("GET", "/toy/hello/you") as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert len(packed) < 700_000
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    size = 0
    pending = packed
    while not unpacker.eof:
        size += len(unpacker.decompress(pending, 4 * trouble.MEBIBYTE))
        pending = unpacker.unconsumed_tail
    assert size == 512 * trouble.MEBIBYTE
    assert unpacker.unused_data == b""


def test_a_cut_answer_is_shorter_than_it_said(simulator: Simulator, client: httpx.Client) -> None:
    simulator.world.faults.add(Fault("cut"))
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        client.get("/toy/hello/you")
    assert client.get("/toy/hello/you").status_code == 200
    cut = simulator.world.journal.requests[0]
    assert (cut.label, cut.status) == ("cut", 200)


def test_a_refused_connection_says_nothing_at_all(
    simulator: Simulator, client: httpx.Client
) -> None:
    simulator.world.faults.add(Fault("refuse", times=2))
    host, port = client.base_url.host, client.base_url.port
    with socket.create_connection((host, port), timeout=5) as raw:
        raw.sendall(b"GET /toy/hello/you HTTP/1.1\r\nHost: sim\r\n\r\n")
        assert raw.recv(100) == b""
    with pytest.raises(httpx.TransportError):
        client.get("/toy/hello/you")
    assert client.get("/toy/hello/you").status_code == 200
    assert [request.status for request in simulator.world.journal.requests] == [0, 0, 200]
    assert simulator.services["toy"].greeted == ["you"]


def test_a_lost_answer_has_had_its_effect(simulator: Simulator, client: httpx.Client) -> None:
    simulator.world.faults.add(Fault("lost"))
    with pytest.raises(httpx.TransportError):
        client.get("/toy/hello/you")
    assert simulator.services["toy"].greeted == ["you"]
    assert simulator.world.journal.requests[0].label == "hello"


def test_a_slow_answer_is_an_ordinary_one_later(simulator: Simulator, client: httpx.Client) -> None:
    simulator.world.faults.add(Fault("slow", seconds=0.05))
    began = time.perf_counter()
    assert client.get("/toy/hello/you").json() == {"hello": "you"}
    assert time.perf_counter() - began >= 0.05


def test_a_late_answer_has_had_its_effect_before_it_comes(
    simulator: Simulator, client: httpx.Client
) -> None:
    simulator.world.faults.add(Fault("late", seconds=30))
    with pytest.raises(httpx.ReadTimeout):
        client.get("/toy/hello/you", timeout=0.2)
    assert simulator.services["toy"].greeted == ["you"]
    simulator.world.faults.add(Fault("late", seconds=0.05))
    answer = client.get("/toy/hello/you")
    assert answer.json() == {"hello": "you"}
    assert len(answer.headers.get_list("date")) == 1


def test_a_clipped_answer_has_had_its_effect_and_ends_in_the_middle(
    simulator: Simulator, client: httpx.Client
) -> None:
    simulator.world.faults.add(Fault("clipped"))
    with client.stream("GET", "/toy/hello/you") as answer:
        assert answer.status_code == 200
        chunks = answer.iter_raw()
        assert next(chunks) == b'{"hello'
        with pytest.raises(httpx.RemoteProtocolError):
            next(chunks)
    assert simulator.services["toy"].greeted == ["you"]
    assert simulator.world.journal.requests[0].status == 200


def test_a_dripped_answer_stops_when_the_caller_has_gone(
    simulator: Simulator, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trouble, "DRIP_SECONDS", 0.001)
    simulator.world.faults.add(Fault("drip", times=2))
    assert len(client.get("/toy/hello/you").content) == 600
    with client.stream("GET", "/toy/hello/you") as answer:
        assert next(answer.iter_raw()) == b"{"
    deadline = time.perf_counter() + 5
    while len(simulator.world.journal.requests) < 2 and time.perf_counter() < deadline:
        time.sleep(0.002)
    assert [request.label for request in simulator.world.journal.requests] == ["drip", "drip"]


def test_without_a_server_a_closed_connection_is_an_exception() -> None:
    simulator = toy_simulator()
    simulator.world.faults.add(Fault("refuse"))

    async def ask() -> None:
        recorder = Recorder(simulator.world, "toy", simulator.services["toy"].app)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(recorder), base_url="http://toy"
        ) as client:
            await client.get("/hello/you")

    with pytest.raises(ConnectionCut):
        asyncio.run(ask())
    assert simulator.world.journal.crashes == []


def test_no_fault_prints_or_logs_anything(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logging.getLogger().addHandler(handler)
    caplog.set_level(logging.WARNING)
    try:
        simulator = toy_simulator()
        with serving(simulator) as origin, httpx.Client(base_url=origin) as client:
            for kind in ("cut", "refuse", "lost", "half_json", "html"):
                simulator.world.faults.add(Fault(kind))
                try:
                    client.get("/toy/hello/you")
                except httpx.TransportError:
                    continue
            client.get("/toy/broken")
    finally:
        logging.getLogger().removeHandler(handler)
    assert len(simulator.world.journal.requests) == 6
    assert stream.getvalue() == ""
    assert capfd.readouterr() == ("", "")


# --- server


def test_the_server_ends_with_its_block_and_frees_its_port() -> None:
    before = threading.active_count()
    with serving(toy_simulator()) as origin:
        assert httpx.get(f"{origin}/toy/hello/you").status_code == 200
    assert threading.active_count() == before
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{origin}/toy/hello/you")


FOREGROUND = """
import sys
from datetime import UTC, datetime
from analytics_sync.simulator.app import Simulator
from analytics_sync.simulator.clock import SimulatedClock
from analytics_sync.simulator.server import listen, origin_of, serve
from analytics_sync.simulator.world import World
listening = listen()
print(origin_of(listening), flush=True)
serve(Simulator(World(SimulatedClock(datetime(2026, 11, 23, tzinfo=UTC))), {}), listening)
"""


def test_in_the_foreground_it_serves_until_told_to_stop() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", FOREGROUND],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        origin = process.stdout.readline().strip()
        assert httpx.get(f"{origin}/_sim/clock").json() == {"now": "2026-11-23T00:00:00Z"}
        process.terminate()
        rest = process.communicate(timeout=120)
    assert rest == ("", "")
    assert process.returncode == -signal.SIGTERM


def test_a_socket_tells_its_address() -> None:
    with listen() as listening:
        port = listening.getsockname()[1]
        assert origin_of(listening) == f"http://127.0.0.1:{port}"


def test_an_answer_in_two_parts_does_not_wait_for_an_acknowledgement(client: httpx.Client) -> None:
    def elapsed() -> float:
        began = time.perf_counter()
        client.get("/toy/hello/you")
        return time.perf_counter() - began

    assert min(elapsed() for _ in range(10)) < 0.03


def test_settings_point_the_tool_at_the_simulator() -> None:
    assert toy_simulator().settings("http://127.0.0.1:5") == {
        "ANALYTICS_SYNC_PLATFORMS__TOY__BASE_URL": "http://127.0.0.1:5/toy"
    }


# --- controls


def test_the_clock_is_moved_through_the_controls(client: httpx.Client) -> None:
    assert client.get("/_sim/clock").json() == {"now": "2026-11-23T12:00:00Z"}
    advanced = client.post("/_sim/clock", json={"advance": 90.5}).json()
    assert advanced == {"now": "2026-11-23T12:01:30.500Z"}
    set_back = client.post("/_sim/clock", json={"set": "2026-01-02T03:04:05Z"}).json()
    assert set_back == {"now": "2026-01-02T03:04:05Z"}


def test_faults_are_asked_for_and_taken_back_through_the_controls(client: httpx.Client) -> None:
    client.post("/_sim/faults", json=[{"kind": "html", "status": 503}, {"kind": "empty"}])
    assert client.get("/toy/hello/you").status_code == 503
    (left,) = client.get("/_sim/faults").json()["faults"]
    assert left["kind"] == "empty"
    assert client.delete("/_sim/faults").json() == {"faults": []}
    assert client.get("/toy/hello/you").status_code == 200


def test_switches_are_set_and_put_back_through_the_controls(
    simulator: Simulator, client: httpx.Client
) -> None:
    switched = client.post("/_sim/switches", json={"toy.a": 1, "toy.b": [2]}).json()
    assert switched == {"switches": {"toy.a": 1, "toy.b": [2]}}
    client.post("/_sim/switches", json={"toy.a": None})
    assert simulator.world.switches == {"toy.b": [2]}


def test_posts_are_published_changed_edited_and_deleted_through_the_controls(
    simulator: Simulator, client: httpx.Client
) -> None:
    simulator.populate({1: "One"}, 1)
    mine = {"platform": "toy", "platform_account_id": "1"}
    published = client.post("/_sim/posts", json=mine)
    assert published.status_code == 201
    post = {"platform": "toy", "platform_post_id": published.json()["id"]}
    client.patch("/_sim/posts", json={**post, "fixed": {"likes": 5}})
    truth = client.get("/_sim/truth").json()
    assert [one["likes"] for one in truth["posts"] if one["platform_post_id"] == "1-1"] == [5]
    assert client.patch("/_sim/posts", json={**post, "edit": True}).json() == {"id": "1-1b"}
    gone = {"platform": "toy", "platform_post_id": "1-1b"}
    assert client.request("DELETE", "/_sim/posts", json=gone).json() == {"deleted": True}
    left = client.get("/_sim/truth").json()["posts"]
    assert [one["platform_post_id"] for one in left] == ["1-0"]


def test_truth_tells_columns_of_posts_and_followers_of_accounts(
    simulator: Simulator, client: httpx.Client
) -> None:
    simulator.populate({1: "One"}, 1)
    truth = client.get("/_sim/truth").json()
    assert client.get("/_sim/accounts").json() == {
        "accounts": [
            {
                "business": 1,
                "platform": "toy",
                "platform_account_id": "1",
                "name": "One",
                "kind": None,
                "token": "token-1",
            }
        ]
    }
    account = simulator.world.accounts["toy", "1"]
    assert truth == {
        "now": "2026-11-23T12:00:00Z",
        "posts": [
            {
                "platform": "toy",
                "platform_account_id": "1",
                "platform_post_id": "1-0",
                "published_at": "2026-11-23T12:00:00Z",
                "likes": 0,
                "reach": None,
            }
        ],
        "accounts": [
            {
                "platform": "toy",
                "platform_account_id": "1",
                "followers": simulator.world.followers(account),
            }
        ],
    }


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/_sim/faults", {"kind": "html", "colour": "red"}),
        ("POST", "/_sim/clock", {"advance": "soon"}),
        ("POST", "/_sim/posts", {"platform": "nowhere", "platform_account_id": "1"}),
        ("DELETE", "/_sim/posts", {"platform": "toy", "platform_post_id": "404"}),
        ("POST", "/_sim/switches", 5),
        ("POST", "/_sim/consents", {"platform": "nowhere", "subject": "1"}),
        ("POST", "/_sim/consents", {"platform": "toy"}),
    ],
)
def test_mistakes_at_the_controls_are_told(
    simulator: Simulator, client: httpx.Client, method: str, path: str, body: Any
) -> None:
    answer = client.request(method, path, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert simulator.world.faults.pending == []


def test_a_platform_without_log_ins_has_nobody_and_nothing() -> None:
    toy = toy_simulator().services["toy"]
    assert (toy.client(), toy.people(), toy.grants()) == (None, [], [])
    assert (toy.withdraw("1"), toy.expire_codes()) == (0, 0)


def test_a_platform_without_edits_says_so() -> None:
    world = World(SimulatedClock(NOW))
    with pytest.raises(LookupError, match="would change no id"):
        Service.edit(Toy(world), "1")
