"""A log-in's way out, as `connect` gives it, over real HTTP to a simulator or a scripted server."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import httpx

from analytics_sync.clock import Clock
from analytics_sync.domain.credentials import App
from analytics_sync.platforms import all_platforms
from analytics_sync.platforms._login import Talk
from analytics_sync.settings.address import follow
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.simulator.app import Simulator
from analytics_sync.simulator.clock import SimulatedClock
from analytics_sync.simulator.server import serving
from analytics_sync.simulator.world import World
from analytics_sync.transport.client import Transport
from support.fault_server import Answer, FaultServer
from support.house import WorldClock
from support.transport_doubles import OpenBudgets

START = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
T = TypeVar("T")
Work = Callable[[Talk], Awaitable[T]]


def settings_of(platform: str, base_url: str) -> PlatformSettings:
    """A platform's usual settings below another address."""
    told = all_platforms()[platform]
    return PlatformSettings(
        base_url=base_url,
        token_url=follow(told.token_url, base_url),
        authorize_url=follow(told.authorize_url, base_url),
        own={setting.name: setting.default for setting in told.settings},
    )


class Desk:
    """A simulated world behind an origin, and talks with it."""

    def __init__(self, simulator: Simulator, origin: str) -> None:
        self.simulator = simulator
        self.origin = origin
        self.world = simulator.world
        self.clock = WorldClock(self.world.clock)

    def talk(self, app: App, work: Work[T], **settings: Any) -> T:
        """Run `work` with a talk of this app."""
        below = settings_of(app.platform, f"{self.origin}/{app.platform}")
        return talking(app, replace(below, **settings), self.clock, work)

    def authorized(self, address: str, person: str, decision: str = "allow") -> dict[str, str]:
        """What a browser is sent back with, once this person has pressed a button."""
        with httpx.Client() as browser:
            assert browser.get(address).status_code == 200
            answer = browser.post(address, data={"person": person, "decision": decision})
        assert answer.status_code == 302, answer.text
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))

    def labels(self) -> dict[str, int]:
        """Requests by label since the last time, as the server counted them."""
        counted = dict(self.world.journal.labels)
        self.world.journal.clear()
        return counted


@contextmanager
def simulated(platform: str) -> Iterator[Desk]:
    """A world of its own with this one platform, behind a real socket."""
    world = World(SimulatedClock(START), seed=1)
    service = import_module(f"analytics_sync.simulator.services.{platform}").SERVICE(world)
    simulator = Simulator(world, {platform: service})
    with serving(simulator) as origin:
        yield Desk(simulator, origin)


def talking(app: App, settings: PlatformSettings, clock: Clock, work: Work[T]) -> T:
    async def run() -> T:
        async with Transport(budgets=OpenBudgets(), clock=clock) as transport:
            return await work(Talk(app, settings, clock, transport))

    return asyncio.run(run())


def against(
    answers: list[Answer], app: App, clock: Clock, work: Work[T]
) -> tuple[T | Exception, FaultServer]:
    """What `work` gives or raises when a server gives these answers; and that server."""

    async def run() -> tuple[T | Exception, FaultServer]:
        async with FaultServer(*answers) as server:
            settings = settings_of(app.platform, server.origin)
            async with Transport(budgets=OpenBudgets(), clock=clock) as transport:
                try:
                    return await work(Talk(app, settings, clock, transport)), server
                except Exception as error:  # noqa: BLE001 - the test looks at it
                    return error, server

    return asyncio.run(run())
