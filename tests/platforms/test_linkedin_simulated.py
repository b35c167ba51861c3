"""The client over the real transport and a real socket, against the simulated LinkedIn."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from analytics_sync.domain.records import Account, FoundPost, Horizon, Post, PostFailure, Reading
from analytics_sync.errors import (
    AccountRefused,
    AnalyticsSyncError,
    CredentialRefused,
    PlatformStopped,
    RateLimited,
)
from analytics_sync.platforms._contract import Context
from analytics_sync.platforms.linkedin import PLATFORM
from analytics_sync.simulator.clock import SimulatedClock
from analytics_sync.simulator.faults import Fault
from analytics_sync.simulator.recorder import Recorder
from analytics_sync.simulator.server import serving
from analytics_sync.simulator.service import Handle
from analytics_sync.simulator.services.linkedin import SimulatedLinkedIn
from analytics_sync.simulator.world import SimulatedPost, World
from analytics_sync.transport.client import Transport
from support.fake_clock import START
from support.linkedin_script import FreeReads, Metrics, settings
from support.transport_doubles import OpenBudgets

T = TypeVar("T")


class WorldClock:
    """The client's clock is the world's; sleeping moves both."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.world.clock.now()

    def monotonic(self) -> float:
        return (self.now() - START).total_seconds() + 1000.0

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.world.clock.advance(timedelta(seconds=seconds))


@dataclass
class Scene:
    """One account of a simulated LinkedIn that listens on a socket."""

    world: World
    linkedin: SimulatedLinkedIn
    origin: str
    handle: Handle
    clock: WorldClock

    def __post_init__(self) -> None:
        self.budgets = OpenBudgets()
        self.metrics = Metrics()

    def run(self, work: Callable[[Context], Awaitable[T]], **own: str | int) -> T:
        """One run of the client: its own transport and rules."""

        async def ran() -> T:
            async with Transport(budgets=self.budgets, clock=self.clock) as transport:
                return await work(self._context(transport, **own))

        return asyncio.run(ran())

    def _context(self, transport: Transport, **own: str | int) -> Context:
        values = replace(settings(**own), base_url=f"{self.origin}/linkedin")
        urn = self.handle.platform_account_id
        account = Account(3, 1, "linkedin", urn, credential_id=7, app_id=2)
        rules = PLATFORM.rules(account, values)
        token = self.handle.token
        return Context(
            account, token, values, self.clock, transport, self.metrics, FreeReads(), rules
        )

    def posts(self) -> list[SimulatedPost]:
        urn = self.handle.platform_account_id
        return self.world.posts_of(self.world.accounts["linkedin", urn])

    def known(self) -> list[Post]:
        return [Post(n, p.id, p.published_at) for n, p in enumerate(self.posts())]

    def read(
        self, wanted: list[Post] | None = None, **own: str | int
    ) -> dict[str, Reading | PostFailure]:
        came, failure = self.read_until_raised(wanted, **own)
        if failure is not None:
            raise failure
        return came

    def read_until_raised(
        self, wanted: list[Post] | None = None, **own: str | int
    ) -> tuple[dict[str, Reading | PostFailure], AnalyticsSyncError | None]:
        came: dict[str, Reading | PostFailure] = {}

        async def work(context: Context) -> AnalyticsSyncError | None:
            try:
                async for result in PLATFORM.read(context, wanted or self.known()):
                    assert result.platform_post_id not in came
                    came[result.platform_post_id] = result
            except AnalyticsSyncError as failure:
                return failure
            return None

        return came, self.run(work, **own)

    def discover(self, days: int = 365) -> list[FoundPost]:
        async def work(context: Context) -> list[FoundPost]:
            horizon = Horizon(self.clock.now() - timedelta(days=days))
            pages = PLATFORM.discover(context, "posts", horizon)
            return [post async for page in pages for post in page]

        return self.run(work)

    def calls(self) -> dict[str, int]:
        """What LinkedIn counted, by its own names."""
        labels = self.world.journal.labels
        return {label.removeprefix("linkedin "): count for label, count in labels.items()}

    def assert_true(self, came: dict[str, Reading | PostFailure]) -> None:
        """Each post was read, and as it is in the world."""
        assert set(came) == {post.id for post in self.posts()}
        for post in self.posts():
            reading = came[post.id]
            assert isinstance(reading, Reading), reading
            said = {column: next(iter(v.values())) for column, v in reading.columns.items()}
            truth = {c: n for c, n in self.linkedin.truth(post).items() if n is not None}
            assert said == truth, post.id


class Alone:
    """One platform of the simulator, without the others."""

    def __init__(self, world: World, service: SimulatedLinkedIn) -> None:
        recorded = Recorder(world, service.name, service.app)
        self.app = Starlette(routes=[Mount(f"/{service.name}", recorded)])


@contextmanager
def simulated(posts: int, *, member: bool = False) -> Iterator[Scene]:
    world = World(SimulatedClock(START), seed=7)
    linkedin = SimulatedLinkedIn(world)
    if member:
        handle = linkedin.populate_member("Ada Example", posts)
    else:
        handle = linkedin.populate(1, "Acme", posts)
    with serving(Alone(world, linkedin)) as origin:  # type: ignore[arg-type]
        yield Scene(world, linkedin, origin, handle, WorldClock(world))
    assert world.journal.crashes == []


@pytest.fixture
def page() -> Iterator[Scene]:
    with simulated(60) as scene:
        yield scene


@pytest.fixture
def member() -> Iterator[Scene]:
    with simulated(6, member=True) as scene:
        yield scene


def test_numbers_of_a_page_are_true_and_cost_a_call_for_each_20_posts(page: Scene):
    page.assert_true(page.read())
    silent = [p for p in page.posts() if not any((page.linkedin.truth(p)).values())]
    assert silent
    assert page.calls() == {"share statistics": 3, "posts batch": 1}


def test_long_lists_are_tunnelled_and_understood():
    with simulated(250) as scene:
        scene.assert_true(scene.read(list_size=150))
        methods = {request.method for request in scene.world.journal.requests}
        assert methods == {"GET", "POST"}


@pytest.mark.parametrize("switch", ["encoded_keys", "unknown_fields"])
def test_encoded_keys_and_unknown_fields_change_nothing(page: Scene, switch: str):
    page.world.switches[f"linkedin.{switch}"] = True
    page.assert_true(page.read())


def test_lists_longer_than_linkedin_takes_are_halved(page: Scene):
    page.world.switches["linkedin.largest_list"] = 10
    page.assert_true(page.read(list_size=20))


def test_all_posts_are_found(page: Scene):
    found = page.discover()
    assert {post.platform_post_id for post in found} == {post.id for post in page.posts()}
    kinds = {post.id: post.kind for post in page.posts()}
    moments = {post.id: post.published_at for post in page.posts()}
    for post in found:
        assert post.kind == kinds[post.platform_post_id]
        assert post.published_at == moments[post.platform_post_id]
        assert post.text is None
    assert page.calls() == {"posts finder": 1}


@pytest.mark.parametrize("drift", ["publish", "delete"])
def test_pages_that_shift_repeat_no_post(drift: str):
    with simulated(230) as scene:
        scene.world.switches["linkedin.page_drift"] = drift
        found = [post.platform_post_id for post in scene.discover()]
        assert len(found) == len(set(found))
        assert len(found) >= 229


def test_discovery_stops_at_the_horizon():
    with simulated(230) as scene:
        found = scene.discover(days=1)
        young = [p for p in scene.posts() if p.published_at >= START - timedelta(days=1)]
        assert {post.platform_post_id for post in found} == {post.id for post in young}
        assert scene.calls() == {"posts finder": len(young) // 100 + 1}


def test_a_deleted_post_is_gone_and_the_others_are_read(page: Scene):
    known = page.known()
    deleted = page.posts()[3]
    deleted.deleted_at = START
    came = page.read(known)
    gone = came.pop(deleted.id)
    assert isinstance(gone, PostFailure)
    assert (gone.code, gone.definite) == ("post_gone", True)
    page.assert_true(came)


@pytest.mark.parametrize("answer", ["", "empty"])
def test_a_lost_role_is_noticed_however_it_is_answered(page: Scene, answer: str):
    page.world.switches["linkedin.lost_roles"] = [page.handle.platform_account_id]
    page.world.switches["linkedin.lost_role_answer"] = answer
    known = [post._replace(said={"impressions": 100}) for post in page.known()]
    came, failure = page.read_until_raised(known)
    assert came == {}
    assert isinstance(failure, AccountRefused)


def test_a_burst_is_waited_for_once(page: Scene):
    page.world.faults.add(Fault("burst", platform="linkedin", match="ShareStatistics"))
    came = page.read()
    assert len(came) == 60
    assert all(isinstance(result, Reading) for result in came.values())
    assert max(page.clock.slept) >= 45


def test_a_spent_quota_rests_until_midnight_and_keeps_what_was_read(page: Scene):
    page.world.switches["linkedin.member_calls_a_day"] = {"organizationalEntityShareStatistics": 2}
    came, failure = page.read_until_raised(list_size=5)
    assert len(came) <= 10
    assert all(isinstance(result, Reading) for result in came.values())
    assert isinstance(failure, RateLimited)
    assert failure.bucket == "linkedin:credential:7:organizationalEntityShareStatistics"
    midnight = datetime(2026, 11, 24, tzinfo=UTC)
    assert midnight < failure.until <= midnight + timedelta(minutes=5)
    stops = [limit for limit in page.budgets.observed if limit.stop_until]
    assert stops
    assert {(limit.bucket, limit.stop_until) for limit in stops} == {
        (failure.bucket, failure.until)
    }


def test_a_spent_quota_of_the_application_is_the_applications(page: Scene):
    page.world.switches["linkedin.app_calls_a_day"] = 1
    _, failure = page.read_until_raised(list_size=5)
    assert isinstance(failure, RateLimited)
    assert failure.bucket == "linkedin:app:2:organizationalEntityShareStatistics"


def test_the_development_tier_is_read_without_lists_of_ids(page: Scene):
    page.world.switches["linkedin.tier"] = "development"
    came = page.read(tier="development")
    assert "posts batch" not in page.calls()
    assert len(came) > 50
    assert all(isinstance(result, Reading) for result in came.values())


def test_an_app_of_the_development_tier_that_is_called_standard_still_works(page: Scene):
    page.world.switches["linkedin.tier"] = "development"
    page.assert_true(page.read())


def test_a_version_past_its_end_stops_the_platform(page: Scene):
    _, failure = page.read_until_raised(version="202511")
    assert isinstance(failure, PlatformStopped)
    assert failure.code == "version_expired"


def test_an_expired_token_needs_a_person(page: Scene):
    page.world.clock.advance(timedelta(days=61))
    _, failure = page.read_until_raised()
    assert isinstance(failure, CredentialRefused)
    assert "expired" in failure.message


def test_a_revoked_token_is_tried_once_more(page: Scene):
    page.world.tokens[page.handle.token].revoked = "by the member"
    _, failure = page.read_until_raised(page.known()[:1])
    assert isinstance(failure, CredentialRefused)
    assert len(page.world.journal.requests) == 2


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", status=500),
        Fault("status", status=504),
        Fault("cut"),
        Fault("refuse"),
        Fault("html"),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_trouble_that_passes_is_not_noticed(page: Scene, fault: Fault):
    page.world.faults.add(replace(fault, platform="linkedin", match="ShareStatistics"))
    page.assert_true(page.read())


@pytest.mark.parametrize("kind", ["half_json", "nan", "deep"])
def test_one_answer_that_is_not_understood_leaves_its_posts_due(page: Scene, kind: str):
    page.world.faults.add(Fault(kind, platform="linkedin", match="ShareStatistics"))
    came = page.read()
    failures = [result for result in came.values() if isinstance(result, PostFailure)]
    assert 0 < len(failures) <= 20
    assert {(failure.code, failure.tried) for failure in failures} == {
        ("answer_not_understood", False)
    }
    page.assert_true(page.read())


def test_who_a_page_is(page: Scene):
    identity = page.run(PLATFORM.identify)
    assert identity.platform_account_id == page.handle.platform_account_id
    assert (identity.name, identity.kind, identity.lacks) == ("Acme", "organization", ())
    assert len(identity.may_read) == 3


def test_who_a_token_serves_when_nobody_says(page: Scene):
    page.handle = replace(page.handle, platform_account_id="")
    assert page.run(PLATFORM.identify).platform_account_id == "urn:li:organization:1001"


def test_a_page_whose_role_is_lost_is_not_taken(page: Scene):
    page.world.switches["linkedin.lost_roles"] = [page.handle.platform_account_id]
    with pytest.raises(AccountRefused):
        page.run(PLATFORM.identify)


def test_followers_of_page_and_member(page: Scene, member: Scene):
    for scene in (page, member):
        totals = scene.run(PLATFORM.totals)
        account = scene.world.accounts["linkedin", scene.handle.platform_account_id]
        assert totals is not None
        assert totals.followers == scene.world.followers(account)


@pytest.mark.parametrize("version", ["202607", "202604", "202601"])
def test_numbers_of_a_member_are_true(member: Scene, version: str):
    came = member.read(version=version)
    for post in member.posts():
        result = came[post.id]
        truth = {c: n for c, n in member.linkedin.truth(post).items() if n is not None}
        if version < "202604":
            truth = {c: n for c, n in truth.items() if c not in {"saves", "clicks"}}
        if not truth:
            assert isinstance(result, PostFailure)
            assert result.code == "no_numbers_yet"
            continue
        assert isinstance(result, Reading)
        assert {c: next(iter(v.values())) for c, v in result.columns.items()} == truth
    assert member.calls() == {"member analytics": 6 * (5 if version < "202604" else 11)}


def test_who_a_member_is(member: Scene):
    urn = member.handle.platform_account_id
    for said in (urn, ""):
        member.handle = replace(member.handle, platform_account_id=said)
        identity = member.run(PLATFORM.identify)
        assert (identity.platform_account_id, identity.name) == (urn, "Ada Example")
        assert identity.kind == "member"


def test_a_members_quota_keeps_what_was_said(member: Scene):
    member.world.switches["linkedin.member_calls_a_day"] = 20
    came, failure = member.read_until_raised()
    assert isinstance(failure, RateLimited)
    assert came
    said: Any = [result for result in came.values() if isinstance(result, Reading)]
    assert 0 < sum(len(reading.extra) for reading in said) <= 20
