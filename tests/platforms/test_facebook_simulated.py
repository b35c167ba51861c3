"""The client over the real transport and a real socket, against the simulated Facebook."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest

from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.domain.records import (
    Account,
    FoundPost,
    Horizon,
    Post,
    PostFailure,
    Reading,
)
from analytics_sync.errors import (
    AccountRefused,
    AnalyticsSyncError,
    CredentialRefused,
    RateLimited,
    WrongUsage,
)
from analytics_sync.platforms._contract import Context
from analytics_sync.platforms.facebook import PLATFORM
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.simulator.app import Simulator
from analytics_sync.simulator.clock import SimulatedClock
from analytics_sync.simulator.faults import Fault
from analytics_sync.simulator.server import serving
from analytics_sync.simulator.service import Handle
from analytics_sync.simulator.services.facebook import SimulatedFacebook
from analytics_sync.simulator.world import World
from analytics_sync.transport.client import Transport
from support.fake_clock import START
from support.graph_doubles import ListMemory, context_for
from support.transport_doubles import OpenBudgets

T = TypeVar("T")
FAR = START - timedelta(days=400)


class WorldClock:
    """The client's clock is the world's; sleeping moves both."""

    def __init__(self, world: World) -> None:
        self.world = world

    def now(self) -> datetime:
        return self.world.clock.now()

    def monotonic(self) -> float:
        return (self.now() - START).total_seconds() + 1000.0

    async def sleep(self, seconds: float) -> None:
        self.world.clock.advance(timedelta(seconds=seconds))


@dataclass
class Scene:
    """One Page of a simulated Facebook that listens on a socket."""

    world: World
    facebook: SimulatedFacebook
    origin: str
    handle: Handle
    token: str
    secret: str | None = None
    memory: ListMemory = field(default_factory=ListMemory)
    budgets: OpenBudgets = field(default_factory=OpenBudgets)

    def run(self, work: Callable[[Context], Awaitable[T]], page_id: str | None = None) -> T:
        """One run of the client."""

        async def ran() -> T:
            clock = WorldClock(self.world)
            async with Transport(budgets=self.budgets, clock=clock) as transport:
                return await work(self._context(transport, clock, page_id))

        return asyncio.run(ran())

    def _context(self, transport: Transport, clock: WorldClock, page_id: str | None) -> Context:
        page = self.handle.platform_account_id if page_id is None else page_id
        settings = PlatformSettings(
            base_url=f"{self.origin}/facebook",
            client_secret=self.secret,
            own={"graph_version": "v26.0"},
        )
        return context_for(
            PLATFORM,
            transport,
            clock,  # type: ignore[arg-type]
            Account(3, 1, "facebook", page, credential_id=7, app_id=5),
            memory=self.memory,
            settings=settings,
            token=self.token,
        )

    def discover(self, since: datetime = FAR) -> list[FoundPost]:
        async def collect(context: Context) -> list[FoundPost]:
            pages = PLATFORM.discover(context, "posts", Horizon(since))
            return [post async for page in pages for post in page]

        return self.run(collect)

    def read(self, posts: list[Post]) -> tuple[dict[str, Any], AnalyticsSyncError | None]:
        async def collect(
            context: Context,
        ) -> tuple[dict[str, Any], AnalyticsSyncError | None]:
            results: dict[str, Reading | PostFailure] = {}
            try:
                async for result in PLATFORM.read(context, posts):
                    assert result.platform_post_id not in results
                    results[result.platform_post_id] = result
            except AnalyticsSyncError as failure:
                return results, failure
            return results, None

        return self.run(collect)

    def posts(self) -> list[Post]:
        """As the store would know them after a discovery."""
        return [
            Post(number, found.platform_post_id, found.published_at, kind=found.kind)
            for number, found in enumerate(self.discover())
        ]

    def truth(self, post_id: str) -> dict[str, int | None]:
        post = self.world.post("facebook", post_id)
        assert post is not None
        return self.facebook.truth(post)

    def requests(self) -> list[str]:
        return [request.method for request in self.world.journal.requests]

    def forget_requests(self) -> None:
        self.world.journal.clear()


def columns_of(reading: Reading) -> dict[str, int | None]:
    """The stored values: of several sources the first."""
    return {name: next(iter(reading.columns.get(name, {}).values()), None) for name in COLUMNS}


MANY = 60


@pytest.fixture
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    """A Page with 60 posts, or as many as the test asks for."""
    world = World(SimulatedClock(START))
    facebook = SimulatedFacebook(world)
    handle = facebook.populate(1, "Acme", getattr(request, "param", MANY))
    with serving(Simulator(world, {"facebook": facebook})) as origin:
        yield Scene(world, facebook, origin, handle, handle.token)


@pytest.mark.parametrize("scene", [100], indirect=True)
def test_every_post_is_found_and_every_number_is_true(scene: Scene) -> None:
    posts = scene.posts()
    page = scene.world.accounts["facebook", scene.handle.platform_account_id]
    visible = {post.id: post for post in scene.world.posts_of(page)}
    assert {post.platform_post_id for post in posts} == set(visible)
    assert len(posts) == 100
    for post in posts:
        assert post.published_at == visible[post.platform_post_id].published_at.replace(
            microsecond=0
        )
    scene.forget_requests()
    results, failure = scene.read(posts)
    assert failure is None
    assert scene.requests() == ["POST"] * len(scene.requests())
    assert len(scene.requests()) == 4
    for post_id, reading in results.items():
        assert isinstance(reading, Reading)
        assert columns_of(reading) == scene.truth(post_id)
    assert set(results) == set(visible)
    assert scene.memory.told == []


def test_kinds_that_nobody_knows_are_learned(scene: Scene) -> None:
    known = {post.platform_post_id: post.kind for post in scene.posts()}
    unknown = [
        Post(number, post_id, START - timedelta(days=1)) for number, post_id in enumerate(known)
    ]
    results, failure = scene.read(unknown)
    assert failure is None
    for post_id, reading in results.items():
        assert isinstance(reading, Reading)
        truth = scene.truth(post_id)
        if known[post_id] != "video":
            assert columns_of(reading) == truth
        if known[post_id] in {"reel", "video"}:
            assert reading.kind == known[post_id]
    assert scene.memory.told == []


def test_a_retired_metric_costs_only_itself(scene: Scene) -> None:
    posts = scene.posts()
    scene.world.switches["facebook.retired_metrics"] = ["post_clicks"]
    results, failure = scene.read(posts)
    assert failure is None
    for post_id, reading in results.items():
        assert isinstance(reading, Reading)
        assert columns_of(reading) == scene.truth(post_id)
    assert [told[:2] for told in scene.memory.told] == [("post", "post_clicks")]
    scene.forget_requests()
    scene.read(posts)
    assert len(scene.requests()) == 3


def test_null_items_are_asked_again(scene: Scene) -> None:
    posts = scene.posts()
    scene.world.faults.add(Fault("null_item", "facebook", times=30))
    results, failure = scene.read(posts)
    assert failure is None
    assert all(isinstance(result, Reading) for result in results.values())
    assert len(results) == len(posts)


def test_a_proof_of_the_secret_is_accepted_and_a_wrong_one_told(scene: Scene) -> None:
    scene.world.switches["facebook.require_proof"] = "s3cret"
    scene.secret = "s3cret"
    posts = scene.posts()[:5]
    results, failure = scene.read(posts)
    assert failure is None
    assert len(results) == 5
    scene.secret = "other"
    results, failure = scene.read(posts)
    assert results == {}
    assert isinstance(failure, AccountRefused)
    assert failure.code == "configuration"


def test_a_throttle_in_the_middle_keeps_what_came(scene: Scene) -> None:
    posts = scene.posts()
    scene.world.faults.add(Fault("throttle", "facebook", skip=60, facts={"minutes": 90}))
    results, failure = scene.read(posts)
    assert isinstance(failure, RateLimited)
    assert failure.bucket == f"facebook:page:{scene.handle.platform_account_id}"
    assert failure.until >= scene.world.clock.now() + timedelta(hours=1)
    assert 0 < len(results) < len(posts)
    assert all(isinstance(result, Reading) for result in results.values())
    assert any(limit.stop_until for limit in scene.budgets.observed)


@pytest.mark.parametrize("kind", ["token_expired", "token_revoked"])
def test_a_token_that_dies_in_mid_run(scene: Scene, kind: str) -> None:
    posts = scene.posts()
    scene.world.faults.add(Fault(kind, "facebook", skip=60))
    results, failure = scene.read(posts)
    assert isinstance(failure, CredentialRefused)
    assert 0 < len(results) < len(posts)


def test_a_block_is_kept_for_a_day(scene: Scene) -> None:
    posts = scene.posts()
    scene.world.faults.add(Fault("blocked", "facebook"))
    _, failure = scene.read(posts)
    assert isinstance(failure, AccountRefused)
    assert failure.code == "account_blocked"
    day = scene.world.clock.now() + timedelta(days=1)
    stops = [limit for limit in scene.budgets.observed if limit.stop_until == day]
    assert [limit.bucket for limit in stops] == ["facebook:credential:7"]


@pytest.mark.parametrize("kind", ["unknown_error", "service_unavailable", "error_200", "html"])
def test_trouble_that_passes_loses_nothing(scene: Scene, kind: str) -> None:
    posts = scene.posts()
    scene.world.faults.add(Fault(kind, "facebook"))
    results, failure = scene.read(posts)
    assert failure is None
    assert len(results) == len(posts)
    assert all(isinstance(result, Reading) for result in results.values())


def test_a_listing_that_is_too_heavy_is_read_in_smaller_pages(scene: Scene) -> None:
    scene.world.faults.add(Fault("reduce_data", "facebook", times=None, facts={"limit": 20}))
    scene.world.faults.add(Fault("empty_page", "facebook"))
    assert len(scene.discover()) == MANY


def test_a_deleted_post_is_a_sighting(scene: Scene) -> None:
    posts = scene.posts()
    for post in posts[:1] + [post for post in posts if post.kind == "reel"][:1]:
        known = scene.world.post("facebook", post.platform_post_id)
        assert known is not None
        known.deleted_at = scene.world.clock.now()
    results, failure = scene.read(posts)
    assert failure is None
    gone = [result for result in results.values() if isinstance(result, PostFailure)]
    assert [(result.code, result.sighting) for result in gone] == [("post_unavailable", True)] * 2
    assert len(results) == len(posts)


def test_without_user_content_only_comments_are_unsaid(scene: Scene) -> None:
    token = scene.world.tokens[scene.token]
    token.scopes = token.scopes - {"pages_read_user_content"}
    posts = [post for post in scene.posts() if post.kind != "reel"]
    results, failure = scene.read(posts)
    assert failure is None
    for post_id, reading in results.items():
        assert isinstance(reading, Reading)
        assert columns_of(reading) == {**scene.truth(post_id), "comments": None}
    identity = scene.run(PLATFORM.identify)
    assert identity.lacks == ("comments of posts (pages_read_user_content)",)


def test_without_read_insights_the_rest_is_read(scene: Scene) -> None:
    token = scene.world.tokens[scene.token]
    token.scopes = token.scopes - {"read_insights"}
    posts = [post for post in scene.posts() if post.kind != "reel"]
    results, failure = scene.read(posts)
    assert isinstance(failure, AccountRefused)
    assert len(results) == len(posts)
    for post_id, reading in results.items():
        assert isinstance(reading, Reading)
        truth = scene.truth(post_id)
        assert reading.columns["shares"] == {"shares.count": truth["shares"]}
    assert "numbers of posts (read_insights)" in scene.run(PLATFORM.identify).lacks


def test_a_small_page_has_no_reach(scene: Scene) -> None:
    page = scene.world.accounts["facebook", scene.handle.platform_account_id]
    page.followers = -(10**6)
    posts = scene.posts()
    results, failure = scene.read(posts)
    assert failure is None
    for post_id, reading in results.items():
        assert isinstance(reading, Reading)
        assert columns_of(reading) == scene.truth(post_id)


def test_identity_and_totals(scene: Scene) -> None:
    page = scene.world.accounts["facebook", scene.handle.platform_account_id]
    for given in (None, ""):
        found = scene.run(PLATFORM.identify, given)
        assert (found.platform_account_id, found.name) == (page.id, "Acme")
        assert len(found.may_read) == 4
        assert found.lacks == ()
    totals = scene.run(PLATFORM.totals)
    assert totals is not None
    assert totals.followers == scene.world.followers(page)


def test_identity_of_a_token_that_may_read_nothing(scene: Scene) -> None:
    scene.world.tokens[scene.token].scopes = frozenset({"pages_show_list"})
    found = scene.run(PLATFORM.identify)
    assert found.name == "Acme"
    assert found.may_read == ()
    assert len(found.lacks) == 3


def test_a_persons_token_names_its_pages(scene: Scene) -> None:
    page_id = scene.handle.platform_account_id
    scene.token = scene.facebook.add_person([page_id]).value
    with pytest.raises(WrongUsage) as caught:
        scene.run(PLATFORM.identify, "")
    assert page_id in caught.value.hint


def test_look_up_by_any_id(scene: Scene) -> None:
    found = {post.platform_post_id: post for post in scene.discover()}
    reel = next(post for post in found.values() if post.kind == "reel")
    video = next(post for post in found.values() if post.kind == "video")
    known = scene.world.post("facebook", video.platform_post_id)
    assert known is not None

    def look_up(post_id: str) -> FoundPost:
        return scene.run(lambda context: PLATFORM.look_up(context, post_id))

    assert look_up(video.platform_post_id) == video
    assert look_up(video.platform_post_id.partition("_")[2]) == video
    seen = look_up(reel.platform_post_id)
    assert seen.platform_post_id == reel.platform_post_id
    assert seen.kind in {"reel", None}
    if "object_id" in known.facts:
        assert look_up(str(known.facts["object_id"])).kind == "video"


def test_no_token_is_in_any_address(scene: Scene) -> None:
    scene.read(scene.posts()[:3])
    scene.run(PLATFORM.identify)
    for request in scene.world.journal.requests:
        assert scene.token not in request.query
        assert scene.token not in request.path
