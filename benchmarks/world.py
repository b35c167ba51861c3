"""The simulated platforms as a process of their own, each request delayed by a fixed time."""

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from urllib.request import Request, urlopen

from starlette.types import ASGIApp, Receive, Scope, Send

from analytics_sync.clock import SystemClock
from analytics_sync.simulator.app import Simulator
from analytics_sync.simulator.clock import SimulatedClock
from analytics_sync.simulator.server import listen, origin_of, serve
from analytics_sync.simulator.world import World


@dataclass(frozen=True)
class Running:
    """A world in another process: where it listens, and what a user would type to use it."""

    origin: str
    settings: dict[str, str]
    accounts: list[dict[str, Any]]

    def pass_time(self, seconds: float) -> None:
        """Let the numbers grow, so that a sync has something to store."""
        self._control("clock", "POST", {"advance": seconds})

    def requests(self) -> dict[str, int]:
        """Requests by platform and label since the last time, as the server counted them."""
        labels: dict[str, int] = self._control("log", "DELETE")["labels"]
        return labels

    def _control(self, name: str, method: str, body: object = None) -> Any:
        request = Request(
            f"{self.origin}/_sim/{name}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        with urlopen(request, timeout=30) as answer:
            return json.load(answer)


@contextmanager
def running(
    platforms: str = "x",
    *,
    businesses: int = 1,
    posts: int = 100,
    even: bool = False,
    delay: float = 0.0,
) -> Iterator[Running]:
    """Serve a world while the block runs. The parameters are those of the command line below."""
    command = [sys.executable, __file__, "--platforms", platforms, "--delay", str(delay)]
    command += ["--businesses", str(businesses), "--posts", str(posts), *(["--even"] * even)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield Running(**json.loads(server.stdout.readline()))
        finally:
            server.terminate()


class Delayed:
    """Waits before each request to a platform; the controls answer at once."""

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self.app = app
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not scope["path"].startswith("/_sim"):
            await asyncio.sleep(self.seconds)
        await self.app(scope, receive, send)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--platforms", required=True, help="names, with commas between")
    parser.add_argument("--businesses", type=int, default=1)
    parser.add_argument("--posts", type=int, default=100, help="of each account")
    parser.add_argument(
        "--even", action="store_true", help="no edited posts, evenly over the last 20 days"
    )
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    wanted = parser.parse_args()
    simulator = Simulator(World(SimulatedClock(SystemClock().now(), running=True)))
    for number in range(1, wanted.businesses + 1):
        for platform in wanted.platforms.split(","):
            _populate(simulator, platform, number, wanted.posts, even=wanted.even)
    simulator.app = Delayed(simulator.app, wanted.delay)
    listening = listen()
    origin = origin_of(listening)
    accounts = [{"business": number, **asdict(handle)} for number, handle in simulator.handles]
    told = {"origin": origin, "settings": simulator.settings(origin), "accounts": accounts}
    print(json.dumps(told), flush=True)
    serve(simulator, listening)


def _populate(
    simulator: Simulator, platform: str, business: int, posts: int, *, even: bool
) -> None:
    service = simulator.services[platform]
    handle = service.populate(business, f"Business {business}", 0 if even else posts)
    simulator.handles.append((business, handle))
    if even:
        clock, span = simulator.world.clock, timedelta(days=20)
        clock.advance(-span)
        for _ in range(posts):
            clock.advance(span / posts)
            service.publish(handle.platform_account_id)


if __name__ == "__main__":
    main()
