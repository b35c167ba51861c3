"""The client over the real transport, against the simulated Instagram."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import httpx
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
from analytics_sync.platforms.instagram import PLATFORM
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.simulator.app import Simulator
from analytics_sync.simulator.clock import SimulatedClock
from analytics_sync.simulator.faults import Fault
from analytics_sync.simulator.service import Handle
from analytics_sync.simulator.services.facebook import SimulatedFacebook
from analytics_sync.simulator.services.instagram import SimulatedInstagram
from analytics_sync.simulator.world import SimulatedPost, World
from analytics_sync.transport.client import Transport
from support.fake_clock import START
from support.graph_doubles import ListMemory, context_for
from support.house import WorldClock
from support.transport_doubles import OpenBudgets

T = TypeVar("T")
FAR = START - timedelta(days=400)
OWN = {"graph_version": "v26.0"}
MANY = 60
ORIGIN = "http://127.0.0.1:9"


@dataclass
class Scene:
    """One account, on either host, of a simulated Meta."""

    simulator: Simulator
    facebook: SimulatedFacebook
    instagram: SimulatedInstagram
    handle: Handle
    page_id: str
    token: str
    secret: str | None = None
    memory: ListMemory = field(default_factory=ListMemory)
    budgets: OpenBudgets = field(default_factory=OpenBudgets)

    @property
    def world(self) -> World:
        return self.simulator.world

    @property
    def host(self) -> str:
        """Whose switches and faults count."""
        return "facebook" if self.is_behind_page else "instagram"

    @property
    def is_behind_page(self) -> bool:
        return self.handle.kind == "facebook-login"

    def run(self, work: Callable[[Context], Awaitable[T]], **account: Any) -> T:
        """One run of the client."""

        async def ran() -> T:
            clock = WorldClock(self.world.clock)
            network = httpx.ASGITransport(self.simulator.app)
            async with Transport(budgets=self.budgets, clock=clock, transport=network) as transport:
                return await work(self._context(transport, clock, account))

        return asyncio.run(ran())

    def _context(self, transport: Transport, clock: Any, account: dict[str, Any]) -> Context:
        facebook = PlatformSettings(
            base_url=f"{ORIGIN}/facebook", client_secret=self.secret, own=OWN
        )
        settings = PlatformSettings(
            base_url=f"{ORIGIN}/instagram", own=OWN, siblings={"facebook": facebook}
        )
        handle = self.handle
        usual = Account(
            4, 1, "instagram", handle.platform_account_id, kind=handle.kind, credential_id=8
        )
        return context_for(
            PLATFORM,
            transport,
            clock,
            usual._replace(**account),
            memory=self.memory,
            settings=settings,
            token=self.token,
        )

    def discover(self, listing: str = "posts") -> list[FoundPost]:
        async def collect(context: Context) -> list[FoundPost]:
            pages = PLATFORM.discover(context, listing, Horizon(FAR))
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
        found = [*self.discover("stories"), *self.discover()]
        return [
            Post(number, one.platform_post_id, one.published_at, kind=one.kind)
            for number, one in enumerate(found)
        ]

    def visible(self) -> dict[str, SimulatedPost]:
        account = self.world.accounts["instagram", self.handle.platform_account_id]
        return {post.id: post for post in self.world.posts_of(account)}

    def truth(self, post_id: str) -> dict[str, int | None]:
        return self.instagram.truth(self.visible()[post_id])

    def requests(self) -> list[str]:
        return [request.method for request in self.world.journal.requests]

    def all_true(self, results: dict[str, Any]) -> None:
        for post_id, reading in results.items():
            assert isinstance(reading, Reading), reading
            assert columns_of(reading) == self.truth(post_id)


def columns_of(reading: Reading) -> dict[str, int | None]:
    """The stored values: of several sources the first."""
    return {name: next(iter(reading.columns.get(name, {}).values()), None) for name in COLUMNS}


def scene_of(kind: str) -> Scene:
    """An account with 60 media, two of them live stories."""
    world = World(SimulatedClock(START))
    facebook, instagram = SimulatedFacebook(world), SimulatedInstagram(world)
    page_id = facebook.populate(1, "Acme", 3).platform_account_id
    if kind == "facebook-login":
        handle = facebook.add_instagram(page_id, "Acme", MANY)
    else:
        handle = instagram.populate(1, "Acme", MANY)
    simulator = Simulator(world, {"facebook": facebook, "instagram": instagram})
    return Scene(simulator, facebook, instagram, handle, page_id, handle.token)


@pytest.fixture(params=["instagram-login", "facebook-login"])
def scene(request: pytest.FixtureRequest) -> Scene:
    """Once on each host."""
    return scene_of(request.param)


@pytest.fixture
def behind_page() -> Scene:
    """For what only Facebook's host has."""
    return scene_of("facebook-login")


def test_every_post_is_found_and_every_number_is_true(scene: Scene) -> None:
    posts = scene.posts()
    visible = scene.visible()
    assert {post.platform_post_id: post.kind for post in posts} == {
        id: post.kind for id, post in visible.items()
    }
    assert len(posts) == MANY
    scene.world.journal.clear()
    results, failure = scene.read(posts)
    assert failure is None
    assert set(results) == set(visible)
    scene.all_true(results)
    # Two live stories are asked for twice.
    expected = ["POST"] * 2 if scene.is_behind_page else ["GET"] * (MANY + 2)
    assert scene.requests() == expected
    assert scene.memory.told == []
    stories = [post for post in posts if post.kind == "story"]
    for story in stories:
        extra = results[story.platform_post_id].extra
        taps = [extra[name] for name in extra if name.startswith("navigation.")]
        assert sum(taps) == extra["navigation"]
        assert "navigation.tap_forward" in extra


def test_kinds_that_nobody_knows_are_learned(scene: Scene) -> None:
    unknown = [post._replace(kind=None) for post in scene.posts()]
    scene.world.journal.clear()
    results, failure = scene.read(unknown)
    assert failure is None
    scene.all_true(results)
    kinds = {id: post.kind for id, post in scene.visible().items()}
    assert {id: reading.kind for id, reading in results.items()} == kinds
    if scene.is_behind_page:
        assert len(scene.requests()) <= 5
    else:
        # One listing, and the two stories that no listing shows.
        assert len(scene.requests()) == MANY + 2 + 1 + 2


def test_reels_that_were_imported_as_videos_are_read_as_reels(scene: Scene) -> None:
    posts = [post._replace(kind="video") for post in scene.posts() if post.kind == "reel"]
    results, failure = scene.read(posts)
    assert failure is None
    scene.all_true(results)
    assert {reading.kind for reading in results.values()} == {"reel"}


@pytest.mark.parametrize("refusals", ["staged", "together"])
def test_what_one_post_refuses_costs_no_other(scene: Scene, refusals: str) -> None:
    scene.world.switches["instagram.refusals"] = refusals
    odd = next(post for post in scene.visible().values() if post.kind == "carousel")
    odd.facts["refused"] = ["views", "shares", "profile_visits", "follows"]
    results, failure = scene.read(scene.posts())
    assert failure is None
    scene.all_true(results)
    assert results[odd.id].refused == {"views", "shares", "profile_visits", "follows"}
    assert {id for id, reading in results.items() if reading.refused} == {odd.id}


def test_a_retired_metric_costs_only_itself(scene: Scene) -> None:
    posts = scene.posts()
    scene.world.switches["instagram.retired_metrics"] = ["saved"]
    results, failure = scene.read(posts)
    assert failure is None
    scene.all_true(results)
    assert scene.memory.known == {("post", "saved"), ("reel", "saved")}
    scene.world.journal.clear()
    scene.read(posts)
    assert len(scene.requests()) == (2 if scene.is_behind_page else MANY + 2)


def test_a_retired_metric_that_is_silently_empty_is_unsaid(scene: Scene) -> None:
    posts = scene.posts()
    scene.world.switches |= {
        "instagram.retired_metrics": ["saved"],
        "instagram.retired_answer": "empty",
    }
    results, failure = scene.read(posts)
    assert failure is None
    scene.all_true(results)
    assert scene.memory.known == set()


def test_posts_from_before_the_conversion_tell_likes_and_comments(scene: Scene) -> None:
    posts = scene.posts()
    old = [post for post in scene.visible().values() if post.kind == "image"][-2:]
    for post in old:
        post.facts["pre_conversion"] = True
    scene.world.faults.add(Fault("localised", scene.host))
    results, failure = scene.read(posts)
    assert failure is None
    assert len(results) == MANY
    for post in old:
        reading = results[post.id]
        assert isinstance(reading, Reading)
        assert set(reading.columns) == {"likes", "comments"}
        assert reading.columns["likes"] == {"like_count": scene.world.value(post, "likes")}
    again = [
        post._replace(refused=results[post.platform_post_id].refused)
        for post in posts
        if post.platform_post_id in {one.id for one in old}
    ]
    scene.world.journal.clear()
    results, failure = scene.read(again)
    assert failure is None
    assert len(scene.requests()) == (1 if scene.is_behind_page else 2)
    assert all(reading.refused == frozenset() for reading in results.values())


def test_a_story_with_few_viewers_waits(scene: Scene) -> None:
    story = next(post for post in scene.visible().values() if post.kind == "story")
    story.fixed["reach"] = 4
    results, failure = scene.read(scene.posts())
    assert failure is None
    assert results[story.id].code == "too_few_viewers"
    assert sum(isinstance(result, PostFailure) for result in results.values()) == 1


def test_what_is_late_is_unsaid(scene: Scene) -> None:
    scene.world.switches["instagram.lag_hours"] = 48
    results, failure = scene.read(scene.posts())
    assert failure is None
    scene.all_true(results)
    assert any(reading.columns == {} for reading in results.values())


def test_expired_and_deleted_media_are_sightings(scene: Scene) -> None:
    posts = scene.posts()
    story = next(post for post in posts if post.kind == "story")
    deleted = next(post for post in posts if post.kind == "image")
    gone = scene.visible()[deleted.platform_post_id]
    gone.deleted_at = scene.world.clock.now()
    scene.world.clock.advance(timedelta(hours=24))
    results, failure = scene.read(posts)
    assert failure is None
    for post in (story, deleted):
        assert results[post.platform_post_id].sighting
        assert results[post.platform_post_id].code == "post_unavailable"


def test_without_the_insights_permission_the_account_is_refused(scene: Scene) -> None:
    token = scene.world.tokens[scene.token]
    token.scopes = frozenset(scope for scope in token.scopes if "manage_insights" not in scope)
    posts = scene.posts()
    scene.world.journal.clear()
    results, failure = scene.read(posts)
    assert isinstance(failure, AccountRefused)
    assert failure.code == "permission_missing"
    assert {result.code for result in results.values()} == {"permission_missing"}
    if not scene.is_behind_page:
        assert len(scene.requests()) <= 12
    found = scene.run(PLATFORM.identify)
    assert [what.partition(" (")[0] for what in found.lacks] == ["numbers of posts"]


def test_a_role_through_a_business_needs_more(behind_page: Scene) -> None:
    behind_page.world.tokens[behind_page.token].facts["business_role"] = True
    with pytest.raises(AccountRefused):
        behind_page.discover()


def test_trouble_that_passes_loses_nothing(scene: Scene) -> None:
    posts = scene.posts()
    for kind in ("unknown_error", "service_unavailable", "error_200", "html"):
        scene.world.faults.add(Fault(kind, scene.host))
    results, failure = scene.read(posts)
    assert failure is None
    assert len(results) == MANY
    scene.all_true(results)


def test_null_items_are_asked_again(behind_page: Scene) -> None:
    posts = behind_page.posts()
    behind_page.world.faults.add(Fault("null_item", "facebook", times=30))
    results, failure = behind_page.read(posts)
    assert failure is None
    behind_page.all_true(results)
    assert len(results) == MANY


def test_a_throttle_in_the_middle_keeps_what_came(scene: Scene) -> None:
    posts = scene.posts()
    fault = Fault("throttle", scene.host, skip=30, facts={"minutes": 90})
    scene.world.faults.add(fault)
    scene.world.journal.clear()
    results, failure = scene.read(posts)
    assert isinstance(failure, RateLimited)
    assert failure.bucket == f"instagram:account:{scene.handle.platform_account_id}"
    assert failure.until >= scene.world.clock.now() + timedelta(hours=1)
    assert 0 < len(results) < len(posts)
    assert all(isinstance(result, Reading) for result in results.values())
    assert any(limit.stop_until for limit in scene.budgets.observed)
    if not scene.is_behind_page:
        assert len(scene.requests()) <= 35


@pytest.mark.parametrize("kind", ["token_expired", "token_revoked"])
def test_a_token_that_dies_in_mid_run(scene: Scene, kind: str) -> None:
    posts = scene.posts()
    scene.world.faults.add(Fault(kind, scene.host, skip=30))
    results, failure = scene.read(posts)
    assert isinstance(failure, CredentialRefused)
    assert 0 < len(results) < len(posts)


def test_a_block_is_kept_for_a_day(scene: Scene) -> None:
    posts = scene.posts()[:5]
    scene.world.faults.add(Fault("blocked", scene.host))
    _, failure = scene.read(posts)
    assert isinstance(failure, AccountRefused)
    assert failure.code == "account_blocked"
    stops = [limit for limit in scene.budgets.observed if limit.stop_until is not None]
    assert {limit.bucket for limit in stops} == {"instagram:credential:8"}


def test_a_proof_of_facebooks_secret_is_accepted_and_a_wrong_one_told(behind_page: Scene) -> None:
    behind_page.world.switches["facebook.require_proof"] = "s3cret"
    behind_page.secret = "s3cret"
    posts = behind_page.posts()
    results, failure = behind_page.read(posts)
    assert failure is None
    behind_page.all_true(results)
    behind_page.secret = "other"
    results, failure = behind_page.read(posts[:5])
    assert results == {}
    assert isinstance(failure, AccountRefused)
    assert failure.code == "configuration"


def test_listings_over_empty_and_heavy_pages(scene: Scene) -> None:
    scene.world.faults.add(Fault("reduce_data", scene.host, times=None, facts={"limit": 20}))
    scene.world.faults.add(Fault("empty_page", scene.host))
    assert len(scene.discover()) == MANY - 2


def test_identity_and_totals(scene: Scene) -> None:
    account = scene.world.accounts["instagram", scene.handle.platform_account_id]
    for given in (account.id, ""):
        found = scene.run(PLATFORM.identify, platform_account_id=given)
        assert (found.platform_account_id, found.name) == (account.id, "acme")
        assert found.kind == scene.handle.kind
        assert len(found.may_read) == 3
        assert found.lacks == ()
    totals = scene.run(PLATFORM.totals)
    assert totals is not None
    assert totals.followers == scene.world.followers(account)
    assert set(totals.extra) == {"followers_count", "follows_count", "media_count"}


def test_the_kind_is_told_by_the_token_where_nobody_said_it(scene: Scene) -> None:
    found = scene.run(PLATFORM.identify, kind=None)
    assert found.kind == scene.handle.kind
    assert found.lacks == ()


def test_set_up_survives_a_retired_metric(scene: Scene) -> None:
    scene.world.switches["instagram.retired_metrics"] = ["reach"]
    found = scene.run(PLATFORM.identify)
    assert found.lacks == ()
    assert len(found.may_read) == 2


def test_a_persons_token_finds_the_only_account_and_names_several(behind_page: Scene) -> None:
    scene = behind_page
    lonely = scene.facebook.populate(2, "Lonely", 1).platform_account_id
    scene.token = scene.facebook.add_person([scene.page_id, lonely]).value
    found = scene.run(PLATFORM.identify, platform_account_id="")
    assert found.platform_account_id == scene.handle.platform_account_id
    other = scene.facebook.add_instagram(lonely, "Other", 1)
    with pytest.raises(WrongUsage) as caught:
        scene.run(PLATFORM.identify, platform_account_id="")
    assert other.platform_account_id in caught.value.hint
    assert scene.handle.platform_account_id in caught.value.hint


def test_the_id_of_the_page_is_told_apart(behind_page: Scene) -> None:
    with pytest.raises(WrongUsage, match="id of a Page"):
        behind_page.run(PLATFORM.identify, platform_account_id=behind_page.page_id)


def test_look_up_tells_what_a_listing_tells(scene: Scene) -> None:
    found = [*scene.discover("stories")[:1], *scene.discover()[:8]]
    for post in found:
        looked = scene.run(partial(PLATFORM.look_up, platform_post_id=post.platform_post_id))
        assert looked == post


def test_no_token_is_in_any_address(scene: Scene) -> None:
    scene.read(scene.posts()[:3])
    scene.run(PLATFORM.identify)
    for request in scene.world.journal.requests:
        assert scene.token not in request.query
        assert scene.token not in request.path
