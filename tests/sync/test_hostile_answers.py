"""Answers that no platform documents: a run ends in words, keeps what is right, and recovers."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from analytics_sync.domain.records import Account, FoundPost
from analytics_sync.simulator.faults import Fault
from analytics_sync.simulator.growth import FINAL
from analytics_sync.store import posts
from analytics_sync.sync.results import RunRecord
from analytics_sync.wiring import Installation
from support.hostile import VALUES, Hostile
from support.house import House

KINDS = [
    ("x", None),
    ("linkedin", "organization"),
    ("linkedin", "member"),
    ("facebook", None),
    ("instagram", "facebook-login"),
    ("instagram", "instagram-login"),
]
every_kind = pytest.mark.parametrize(("platform", "kind"), KINDS)
Network = Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport]


class Home(House):
    """A house with one account of one kind, whose network may be a hostile one."""

    def __init__(self, folder: Path, platform: str, kind: str | None, number: int = 6) -> None:
        super().__init__(folder)
        self.network: Network | None = None
        self.add_business()
        self.account = self._added(platform, kind, number)
        made_up = self.world.accounts[platform, self.account.platform_account_id]
        for place, post in enumerate(made_up.posts.values(), 1):
            # No two posts share a number, nor do sums of a few of them.
            post.fixed.update({name: place * 10**6 + n for n, name in enumerate(FINAL, 1)})
        if kind == "member":
            found = [FoundPost(p.id, p.published_at) for p in self.world.posts_of(made_up)]
            with self.opened() as opened, opened.database.write() as connection:
                posts.take(connection, self.account.id, found, now=self.clock.now(), listed=False)

    def _added(self, platform: str, kind: str | None, number: int) -> Account:
        services = self.simulator.services
        if kind == "member":
            handle = services["linkedin"].populate_member("Ada", number)  # type: ignore[attr-defined]
        elif kind == "facebook-login":
            page = services["facebook"].populate(1, "Acme", 0).platform_account_id
            handle = services["facebook"].add_instagram(page, "Acme", number)  # type: ignore[attr-defined]
        else:
            handle = services[platform].populate(1, "Acme", number)
        return self.add_account(handle, 1)

    @contextmanager
    def opened(self) -> Iterator[Installation]:
        with super().opened() as found:
            if self.network is not None:
                assert found.network is not None
                found.network = self.network(found.network)
            yield found

    def spoiled_sync(self, seed: int) -> RunRecord:
        made: list[Hostile] = []

        def network(behind: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
            made.append(Hostile(behind, seed, share=(0.3, 0.6, 1.0)[seed % 3]))
            return made[-1]

        self.network = network
        try:
            record = self.sync(discover_now=True)
        finally:
            self.network = None
        told = [line for one in made for line in one.told]
        check(record, f"seed {seed}: {told}")
        return record

    def recover(self) -> RunRecord:
        """Clean runs, one a day: what was doubted is asked for again within a week."""
        for _ in range(7):
            self.pass_time(days=1)
            record = self.sync(discover_now=True)
        return record


def check(record: RunRecord, about: str) -> None:
    """Whatever came: no fault of ours, and sums that fit."""
    for result in record.accounts:
        faults = [f.message for f in result.failures if f.code == "internal"]
        assert not faults, f"{about}: {faults}"
        assert result.outcome in {"ok", "failed", "rate_limited", "credential_refused"}, about
        assert result.selected == result.synced + result.failed + result.deferred


def check_own(home: Home) -> None:
    """Each stored number is its own post's, or one that the hostile network made up."""
    whose: dict[int, str] = {}
    for (_, post), said in home.truth().items():
        whose |= dict.fromkeys((n for n in said.values() if n and n > 10**6), post)
    with closing(sqlite3.connect(home.home.database)) as connection:
        connection.row_factory = sqlite3.Row
        query = "SELECT post.platform_post_id AS id, snapshot.* FROM snapshot JOIN post ON post.id = post_id"
        for row in connection.execute(query):
            for value in tuple(row):
                assert whose.get(value, row["id"]) == row["id"], dict(row)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


@every_kind
@pytest.mark.parametrize(
    "seeds", [[1], pytest.param([0, *range(2, 120)], marks=pytest.mark.slow)], ids=["one", "many"]
)
def test_spoiled_answers_end_in_words_and_leave_no_trace(
    tmp_path: Path, platform: str, kind: str | None, seeds: range
) -> None:
    for seed in seeds:
        home = Home(tmp_path / str(seed), platform, kind)
        if seed % 2:
            home.sync()
        for step in range(3):
            home.pass_time(hours=7)
            home.spoiled_sync(100 * seed + step)
            check_own(home)
        assert home.recover().accounts[0].outcome == "ok"
        truth = home.truth()
        known = {key: said for key, said in home.latest().items() if key in truth}
        assert known == {key: truth[key] for key in known}
        assert known or platform == "linkedin"


@pytest.mark.slow
@every_kind
def test_every_name_with_every_wrong_value(tmp_path: Path, platform: str, kind: str | None) -> None:
    names = names_answered(Home(tmp_path / "names", platform, kind))
    assert len(names) > 5
    for number, name in enumerate(names):
        home = Home(tmp_path / str(number), platform, kind)
        for value in VALUES:
            home.network = lambda behind, n=name, v=value: Replacing(behind, n, v)
            home.pass_time(hours=25)
            check(home.sync(discover_now=True), f"{name} = {value!r:.80}")
        home.network = None
        assert home.recover().accounts[0].outcome == "ok", name


class Listening(httpx.AsyncBaseTransport):
    """Collects the names in all answers."""

    def __init__(self, behind: httpx.AsyncBaseTransport, names: set[str]) -> None:
        self._behind = behind
        self._names = names

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._behind.handle_async_request(request)
        body = await response.aread()
        self._collect(json.loads(body))
        return httpx.Response(
            response.status_code, headers=response.headers, stream=httpx.ByteStream(body)
        )

    def _collect(self, told: Any) -> None:
        if isinstance(told, dict):
            self._names.update(told)
            for value in told.values():
                self._collect(value)
        elif isinstance(told, list):
            for value in told:
                self._collect(value)
        elif isinstance(told, str) and told[:1] in {"{", "["}:
            self._collect(json.loads(told))


def names_answered(home: Home) -> list[str]:
    names: set[str] = set()
    home.network = lambda behind: Listening(behind, names)
    home.sync(discover_now=True)
    return sorted(names)


class Replacing(httpx.AsyncBaseTransport):
    """Gives one name another value in all answers, those inside of a batch's texts too."""

    def __init__(self, behind: httpx.AsyncBaseTransport, name: str, value: Any) -> None:
        self._behind = behind
        self._name = name
        self._value = value

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._behind.handle_async_request(request)
        told = self._replaced(json.loads(await response.aread()))
        headers = [(k, v) for k, v in response.headers.multi_items() if k != "content-length"]
        stream = httpx.ByteStream(json.dumps(told).encode())
        return httpx.Response(response.status_code, headers=headers, stream=stream)

    def _replaced(self, told: Any) -> Any:
        if isinstance(told, dict):
            return {
                k: self._value if k == self._name else self._replaced(v) for k, v in told.items()
            }
        if isinstance(told, list):
            return [self._replaced(item) for item in told]
        if isinstance(told, str) and told[:1] in {"{", "["}:
            return json.dumps(self._replaced(json.loads(told)))
        return told


class Endless(httpx.AsyncBaseTransport):
    """Each listing says that there is more, under ever new cursors, and begins anew."""

    CURSORS = ("pagination_token", "after", "start")

    def __init__(self, behind: httpx.AsyncBaseTransport) -> None:
        self._behind = behind
        self.pages = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = httpx.URL(str(request.url))
        for name in self.CURSORS:
            if name in url.params:
                url = (
                    url.copy_set_param("start", "0")
                    if name == "start"
                    else url.copy_remove_param(name)
                )
        again = httpx.Request(request.method, url, headers=request.headers, stream=request.stream)
        if not isinstance(again.stream, httpx.ByteStream):
            again.stream = httpx.ByteStream(await request.aread())
        response = await self._behind.handle_async_request(again)
        told = self._with_more(json.loads(await response.aread()))
        headers = [(k, v) for k, v in response.headers.multi_items() if k != "content-length"]
        stream = httpx.ByteStream(json.dumps(told).encode())
        return httpx.Response(response.status_code, headers=headers, stream=stream)

    def _with_more(self, told: Any) -> Any:
        if not isinstance(told, dict) or not {"meta", "paging"} & told.keys():
            return told
        self.pages += 1
        if "meta" in told:
            return {**told, "meta": {**told["meta"], "next_token": f"t{self.pages}"}}
        following = {"cursors": {"after": f"c{self.pages}"}, "next": "https://graph.example/next"}
        return {**told, "paging": {**told["paging"], **following}}


@every_kind
def test_a_listing_that_never_ends_is_left_after_a_few_pages(
    tmp_path: Path, platform: str, kind: str | None
) -> None:
    home = Home(tmp_path, platform, kind)
    made: list[Endless] = []
    home.network = lambda behind: made.append(Endless(behind)) or made[-1]  # type: ignore[func-returns-value]
    record = home.sync()
    check(record, "endless")
    assert sum(one.pages for one in made) < 100
    assert record.requests < 120
    assert record.total("synced") > 0
    known = home.latest()
    assert known == {key: home.truth()[key] for key in known}


def test_ten_thousand_posts_of_one_page_are_taken_once(tmp_path: Path) -> None:
    """Ten pages of a thousand rows each, all of them the same."""
    home = Home(tmp_path, "facebook", None)

    class Crowded(Endless):
        def _with_more(self, told: Any) -> Any:
            told = super()._with_more(told)
            if isinstance(told, dict) and isinstance(told.get("data"), list) and "paging" in told:
                told["data"] = told["data"] * 170
            return told

    home.network = Crowded
    check(home.sync(), "crowded")
    with closing(sqlite3.connect(home.home.database)) as connection:
        (number,) = connection.execute("SELECT count(*) FROM post").fetchone()
    assert 0 < number <= 6


def test_a_metric_that_was_refused_once_for_a_post_is_asked_for_again(tmp_path: Path) -> None:
    home = Home(tmp_path, "linkedin", "member")
    home.world.faults.add(
        Fault("status", platform="linkedin", match="REACTION", status=404, times=1)
    )
    home.sync()
    assert None in {said["likes"] for said in home.latest().values()}
    home.recover()
    assert None not in {said["likes"] for said in home.latest().values()}


@pytest.mark.parametrize("text", ["half an emoji \ud83d", "nul \x00 inside", "\udc00\udbff"])
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_texts_that_no_database_keeps_are_kept_as_well_as_can_be(
    tmp_path: Path, text: str, database: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres_url") if database == "postgres" else None
    house = House(tmp_path, database_url=url)
    with house.opened() as opened:
        from analytics_sync.store.migrate import upgrade

        upgrade(opened.raw_database)
    house.add_business()
    account = house.populate("facebook", posts=3)[0]
    for post in house.world.accounts["facebook", account.platform_account_id].posts.values():
        post.text = text
    record = house.sync()
    assert record.outcome == "complete"
    assert record.total("synced") == record.total("selected") > 0
    assert record.total("failed") == 0
