"""The simulated platforms as a process of their own, each request delayed by a fixed time."""

import argparse
import asyncio
import json
from dataclasses import asdict
from datetime import timedelta

from starlette.types import ASGIApp, Receive, Scope, Send

from analytics_sync.clock import SystemClock
from analytics_sync.simulator.app import Simulator
from analytics_sync.simulator.clock import SimulatedClock
from analytics_sync.simulator.server import listen, origin_of, serve
from analytics_sync.simulator.world import World

SPAN = timedelta(days=20)


class Delayed:
    """Waits before each request to a platform; the controls answer at once."""

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self.app = app
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.seconds and not scope["path"].startswith("/_sim"):
            await asyncio.sleep(self.seconds)
        await self.app(scope, receive, send)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--platforms", required=True, help="names, with commas between")
    parser.add_argument("--businesses", type=int, required=True)
    parser.add_argument("--posts", type=int, required=True, help="of each account")
    parser.add_argument(
        "--even", action="store_true", help="no edited posts, evenly over the last 20 days"
    )
    parser.add_argument("--delay", type=float, required=True, help="seconds before each answer")
    wanted = parser.parse_args()
    simulator = Simulator(World(SimulatedClock(SystemClock().now(), running=True)))
    for business in range(1, wanted.businesses + 1):
        for platform in wanted.platforms.split(","):
            populate(simulator, platform, business, wanted.posts, even=wanted.even)
    simulator.app = Delayed(simulator.app, wanted.delay)
    listening = listen()
    origin = origin_of(listening)
    accounts = [{"business": number, **asdict(handle)} for number, handle in simulator.handles]
    told = {"origin": origin, "settings": simulator.settings(origin), "accounts": accounts}
    print(json.dumps(told), flush=True)
    serve(simulator, listening)


def populate(simulator: Simulator, platform: str, business: int, posts: int, *, even: bool) -> None:
    service = simulator.services[platform]
    handle = service.populate(business, f"Business {business}", 0 if even else posts)
    simulator.handles.append((business, handle))
    if even:
        clock = simulator.world.clock
        clock.advance(-SPAN)
        for _ in range(posts):
            clock.advance(SPAN / posts)
            service.publish(handle.platform_account_id)


if __name__ == "__main__":
    main()
