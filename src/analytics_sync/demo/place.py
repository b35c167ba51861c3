"""The made-up platforms of the demo, who is on them, and the clock that both sides follow."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from analytics_sync.clock import Clock, SystemClock
from analytics_sync.platforms import all_platforms
from analytics_sync.simulator.app import Simulator
from analytics_sync.simulator.clock import SimulatedClock
from analytics_sync.simulator.growth import fraction
from analytics_sync.simulator.service import Handle, Service
from analytics_sync.simulator.services.facebook import SimulatedFacebook
from analytics_sync.simulator.world import SimulatedPost, World

SEED: Final = 1
BUSINESSES: Final = {
    1: "Alder & Finch Books",
    2: "Brightwater Bakery",
    3: "Cedar Street Cycles",
}
POSTS_EACH: Final = 58
DAY: Final = timedelta(days=1)
# What each of them writes about; the rest of a post is numbers.
TEXTS: Final = {
    1: (
        "Signed copies have arrived",
        "Reading hour, Saturday at 11",
        "Our ten books of the month",
        "Poetry night: who reads with us?",
        "A first edition found in a box",
        "The shop cat has a new favourite",
        "Late opening on Thursday",
        "Meet the translator",
    ),
    2: (
        "Rye with caraway is back",
        "How our sourdough sleeps",
        "Open from six, warm from five",
        "Plum cake while there are plums",
        "Four tonnes of flour a week",
        "Behind the oven with Mira",
        "Which roll is yours?",
        "Our mill turns a hundred",
    ),
    3: (
        "Free brake check this week",
        "Cargo bikes to try on Sunday",
        "Winter tyres: when and why",
        "From frame to bike in 90 seconds",
        "The river loop, 34 km, flat",
        "We repair what others sell anew",
        "Night ride, lights on, at eight",
        "Your first puncture, step by step",
    ),
}


class SharedClock:
    """The client's clock: the simulated one, which only the demo moves; waiting takes no time."""

    def __init__(self, simulated: SimulatedClock) -> None:
        self._simulated = simulated
        self._machine: Clock = SystemClock()

    def now(self) -> datetime:
        return self._simulated.now()

    def monotonic(self) -> float:
        return self._machine.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


@dataclass(frozen=True, slots=True)
class Place:
    """The simulator with its population, and the hour at which the day begins."""

    simulator: Simulator
    start: datetime

    @property
    def world(self) -> World:
        return self.simulator.world

    @property
    def handles(self) -> list[tuple[int, Handle]]:
        """The accounts by business, of platforms that the client knows."""
        return [(n, one) for n, one in self.simulator.handles if one.platform in all_platforms()]

    def handle(self, business: int, platform: str) -> Handle:
        """:raises LookupError: that business is not on this platform."""
        for number, handle in self.handles:
            if (number, handle.platform) == (business, platform):
                return handle
        raise LookupError(f"business {business} is not on {platform}")

    def service(self, platform: str) -> Service:
        return self.simulator.services[platform]

    def go_to(self, moment: datetime) -> None:
        """Let the simulated time pass until then."""
        self.world.clock.advance(moment - self.world.clock.now())

    def publish(self, business: int, platform: str) -> SimulatedPost:
        """A new post of that business, published now."""
        account = self.handle(business, platform).platform_account_id
        post = self.service(platform).publish(account)
        write(post, business)
        return post


def make_place(now: datetime) -> Place:
    """A world whose day ends with the last full hour before `now`, so that no time is ahead."""
    start = now.replace(minute=0, second=0, microsecond=0) - DAY
    world = World(SimulatedClock(start), seed=SEED)
    world.switches["linkedin.versions"] = _living_versions(now)
    simulator = Simulator(world)
    for number, name in BUSINESSES.items():
        for handle in _accounts(simulator, number, name):
            simulator.handles.append((number, handle))
            account = simulator.world.accounts[handle.platform, handle.platform_account_id]
            for post in account.posts.values():
                write(post, number)
    return Place(simulator, start)


def _living_versions(now: datetime) -> dict[str, str]:
    """The version of LinkedIn's API that is asked for, served beyond its year: a demo never ages."""
    linkedin = all_platforms().get("linkedin")
    settings = linkedin.settings if linkedin is not None else ()
    sunset = (now + 2 * DAY).date().isoformat()
    return {str(one.default): sunset for one in settings if one.name == "version"}


def _accounts(simulator: Simulator, number: int, name: str) -> Iterator[Handle]:
    """An account on every platform; on Instagram behind the Page, as agencies reach their clients."""
    services = dict(simulator.services)
    facebook = services.get("facebook")
    if isinstance(facebook, SimulatedFacebook) and "instagram" in services:
        del services["instagram"]
        page = services.pop("facebook").populate(number, name, POSTS_EACH)
        yield page
        yield facebook.add_instagram(page.platform_account_id, name, POSTS_EACH)
    for service in services.values():
        yield service.populate(number, name, POSTS_EACH)


def write(post: SimulatedPost, business: int) -> None:
    """Give a made-up post words that fit its business; a link in it stays."""
    texts = TEXTS[business]
    words = texts[int(len(texts) * fraction(SEED, post.id, "words"))]
    _, space, link = post.text.partition(" https://")
    post.text = f"{words}{space}{link}"
