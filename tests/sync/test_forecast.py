"""What schedules cost, against posts counted by hand and against days that were really run."""

import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path

import pytest

from analytics_sync.domain.jobs import Job
from analytics_sync.domain.records import FoundPost
from analytics_sync.domain.timing import Cron, Every, Once
from analytics_sync.platforms import all_platforms
from analytics_sync.settings.home import find_home
from analytics_sync.settings.load import load
from analytics_sync.store import accounts, businesses, light, posts
from analytics_sync.sync.forecast import Load, forecast, loads_of
from support import ready
from support.house import House

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURLY = Every(HOUR)
DAILY = Every(24 * HOUR)
HEAVY = ("alembic", "asyncio", "httpx", "pydantic", "rich", "sqlalchemy", "sqlmodel", "typer")
# Two posts younger than two days, three under 7, five under 30, seven under 90, eleven older.
AGES = [0.5] * 2 + [4] * 3 + [20] * 5 + [60] * 7 + [200] * 11


class Desk:
    """A database to fill, and forecasts of it."""

    def __init__(self, database, url, folder):
        self.database, self.url, self.folder = database, url, folder
        self.set = {}

    def account(self, platform, ages=(), *, business=1, id="1001", kind=None, kinds=()):
        """An account with a post of each age in days."""
        with self.database.write() as connection:
            if business not in {row.id for row in businesses.listed(connection)}:
                businesses.add(connection, f"B{business}", timezone="UTC", now=NOW, id=business)
            made = accounts.put(
                connection,
                business_id=business,
                platform=platform,
                platform_account_id=id,
                kind=kind,
                name=None,
                credential_id=None,
                now=NOW,
            )
            of = dict(enumerate(kinds))
            found = [
                FoundPost(f"{made.id}{number:04}", NOW - timedelta(days=age), kind=of.get(number))
                for number, age in enumerate(ages)
            ]
            posts.take(connection, made.id, found, now=NOW, listed=True)
        return made.id

    def change(self, query):
        with self.database.write() as connection:
            connection.exec_driver_sql(query)

    def settings(self):
        environ = {f"ANALYTICS_SYNC_PLATFORMS__{name}": value for name, value in self.set.items()}
        home = find_home({"ANALYTICS_SYNC_HOME": str(self.folder)})
        return load(home, environ, {}, all_platforms()).platforms

    def forecast(self, *loads):
        with light.reading(self.url) as rows:
            return forecast(
                rows, loads, platforms=all_platforms(), settings=self.settings(), now=NOW
            )


@pytest.fixture
def desk(database, database_url, tmp_path):
    return Desk(database, database_url, tmp_path)


@pytest.fixture
def one_desk(tmp_path):
    """On SQLite alone, for what the database has no part in."""
    file = tmp_path / "test.db"
    made = ready.sqlite(file)
    yield Desk(made, f"sqlite:///{file}", tmp_path)
    made.close()


def test_posts_are_counted_by_account_and_age(desk):
    desk.account("facebook", AGES)
    desk.account("x", AGES)
    found = desk.forecast(Load(HOURLY))
    facebook, x = found.platforms["facebook"], found.platforms["x"]
    assert facebook.posts_per_day == pytest.approx(5 * 24 + 5 * 4 + 7 + 11 / 7)
    assert x.posts_per_day == pytest.approx(2 * 24 + 8 + 7 / 7)
    assert x.reads_charged_per_day == pytest.approx(2 + 8 + 7 / 7)
    assert x.dollars_per_day == pytest.approx(11 * 0.005)
    assert (facebook.reads_charged_per_day, facebook.dollars_per_day) == (0, 0)
    # Each hour a look-up with private metrics, and once a day a post too old for them.
    assert x.calls_per_day == pytest.approx(24 + 24 + 1 + 1)
    # Each hour two listings, and all posts in one batch.
    assert facebook.calls_per_day == pytest.approx(24 * 2 + 24 + 1)
    for name in ("calls_per_day", "posts_per_day", "reads_charged_per_day", "dollars_per_day"):
        both = getattr(facebook, name) + getattr(x, name)
        assert getattr(found.cost, name) == pytest.approx(both)
    assert found.shortfalls == ()


def test_what_takes_no_part_in_syncs_costs_nothing(one_desk):
    kept = one_desk.account("facebook", AGES)
    plain = one_desk.forecast(Load(HOURLY))
    removed = one_desk.account("facebook", AGES, id="1002")
    one_desk.account("facebook", AGES, business=2)
    more = one_desk.account("facebook", AGES, id="1003", business=3)
    assert one_desk.forecast(Load(HOURLY)).cost.posts_per_day > plain.cost.posts_per_day
    one_desk.change(f"UPDATE account SET removed_at = created_at WHERE id = {removed}")
    one_desk.change("UPDATE business SET archived_at = created_at WHERE id = 2")
    one_desk.change(f"UPDATE post SET state = 'gone' WHERE account_id = {more}")
    found = one_desk.forecast(Load(HOURLY))
    assert found.cost.posts_per_day == plain.cost.posts_per_day
    one_desk.change(f"UPDATE post SET state = 'ignored' WHERE account_id = {kept}")
    assert one_desk.forecast(Load(HOURLY, frozenset({1}))).cost.posts_per_day is None


def test_stories_are_read_only_while_they_live(one_desk):
    one_desk.account("instagram", [0.5, 3, 0.5, 3], kinds=["story", "story", None, "reel"])
    assert one_desk.forecast(Load(HOURLY)).cost.posts_per_day == 3 * 24


def test_without_posts_nothing_is_known_which_is_not_nothing(desk):
    desk.account("facebook")
    desk.account("x", AGES)
    found = desk.forecast(Load(HOURLY))
    assert found.unknown_accounts == 1
    assert found.platforms["facebook"].calls_per_day is None
    assert found.cost == found.platforms["x"]
    desk.change("""UPDATE account SET discovered = '{"posts": 1}'""")
    found = desk.forecast(Load(HOURLY))
    assert found.unknown_accounts == 0
    # Listed and empty: it is listed on, and nothing is read.
    assert found.platforms["facebook"].posts_per_day == 0
    assert found.platforms["facebook"].calls_per_day == 24 * 2 + 1


def test_of_an_empty_installation_nothing_is_known(one_desk):
    assert one_desk.forecast(Load(HOURLY)).as_json() == {
        "calls_per_day": None,
        "posts_per_day": None,
        "reads_charged_per_day": None,
        "dollars_per_day": None,
        "unknown_accounts": 0,
        "platforms": {},
        "shortfalls": [],
    }


def test_each_business_has_the_pace_of_its_own_job(one_desk):
    one_desk.account("facebook", [1], business=1)
    one_desk.account("facebook", [1], business=2)
    one_desk.account("facebook", [1], business=3)

    def posts(*loads):
        return one_desk.forecast(*loads).cost.posts_per_day

    own = Load(Every(6 * HOUR), frozenset({2}))
    assert posts(Load(HOURLY)) == 72
    assert posts(Load(HOURLY), own) == posts(own, Load(HOURLY)) == 24 + 4 + 24
    assert posts(own) == 4
    assert posts(Load(HOURLY), Load(None, frozenset({2}))) == 48
    assert posts(Load(Cron("0 9-17 * * *"), frozenset({1, 3}))) == 2 * 9


def test_a_job_for_all_leaves_out_who_has_one_and_jobs_at_rest_sync_nobody():
    every = Job(1, "sync_all_businesses", None, HOURLY, NOW)
    own = Job(2, "sync_business_2", 2, DAILY, NOW)
    once = Job(3, "sync_once_1", 2, Once(NOW + HOUR), NOW)
    jobs = [every, own, once]
    of_two = frozenset({2})
    assert loads_of(jobs) == [Load(HOURLY), Load(DAILY, of_two)]
    assert loads_of(jobs, only=every) == [Load(HOURLY), Load(None, of_two)]
    assert loads_of(jobs, only=own) == [Load(DAILY, of_two)]
    assert loads_of(jobs, only=once) == [Load(once.timing, of_two)]
    paused = [every._replace(paused_at=NOW), own._replace(paused_at=NOW)]
    assert loads_of(paused) == [Load(None, of_two)]
    assert loads_of([every, paused[1]]) == [Load(HOURLY), Load(None, of_two)]


def test_a_single_time_costs_one_run(one_desk):
    one_desk.account("facebook", AGES)
    assert one_desk.forecast(Load(Once(NOW + HOUR))).as_json()["posts_per_day"] == len(AGES)


def test_more_posts_than_fit_name_the_setting_and_the_schedule_that_suffice(one_desk):
    one_desk.set = {"FACEBOOK__POSTS_PER_SYNC": "10"}
    account = one_desk.account("facebook", AGES)
    (short,) = one_desk.forecast(Load(DAILY)).shortfalls
    wanted = ceil(17 + 11 / 7)
    assert short.as_json() == {
        "platform": "facebook",
        "account_id": account,
        "limit": "posts_per_sync",
        "wanted": wanted,
        "possible": 10,
        "hint": f"Set posts_per_sync = {wanted} under [platforms.facebook], "
        "or schedule it every 3h.",
    }
    assert one_desk.forecast(Load(DAILY)).cost.posts_per_day == 10
    assert one_desk.forecast(Load(Every(3 * HOUR))).shortfalls == ()
    assert one_desk.forecast(Load(Every(4 * HOUR))).shortfalls != ()
    one_desk.set = {"FACEBOOK__POSTS_PER_SYNC": str(wanted)}
    assert one_desk.forecast(Load(DAILY)).shortfalls == ()


def test_where_today_alone_is_too_much_no_schedule_is_proposed(one_desk):
    one_desk.set = {"FACEBOOK__POSTS_PER_SYNC": "10"}
    one_desk.account("facebook", [1] * 11)
    (short,) = one_desk.forecast(Load(DAILY)).shortfalls
    assert short.hint == "Set posts_per_sync = 11 under [platforms.facebook]."


def test_the_read_budget_is_one_for_all_accounts_of_an_application(one_desk):
    one_desk.set = {"X__DAILY_READ_BUDGET": "15", "X__PRICE_PER_READ": "0.01"}
    one_desk.account("x", AGES, business=1)
    assert one_desk.forecast(Load(HOURLY)).shortfalls == ()
    one_desk.account("x", AGES, business=2)
    found = one_desk.forecast(Load(HOURLY))
    (short,) = found.shortfalls
    assert short.account_id is None
    assert (short.limit, short.wanted, short.possible) == ("daily_read_budget", 22, 15)
    assert short.hint == (
        "Set daily_read_budget = 22 under [platforms.x] ($0.22 a day), or schedule them every 2d."
    )
    assert found.cost.reads_charged_per_day == pytest.approx(15)
    assert found.cost.dollars_per_day == pytest.approx(0.15)
    assert one_desk.forecast(Load(Every(48 * HOUR))).shortfalls == ()
    one_desk.set |= {"X__DAILY_READ_BUDGET": "22"}
    assert one_desk.forecast(Load(HOURLY)).shortfalls == ()


@pytest.mark.parametrize(("setting", "times"), [("PER_HOUR", 24), ("PER_DAY", 1)])
def test_calls_are_held_against_their_ceilings_as_the_platform_counts_them(
    one_desk, setting, times
):
    account = one_desk.account("facebook", AGES)
    # Two items a post, two listings, and the followers once.
    wanted = 2 * one_desk.forecast(Load(HOURLY)).cost.posts_per_day + 48 + 1
    limit = int(wanted / times)
    one_desk.set = {f"FACEBOOK__MAX_CALLS_{setting}": str(limit)}
    found = one_desk.forecast(Load(HOURLY))
    (short,) = found.shortfalls
    assert (short.account_id, short.limit) == (account, f"max_calls_{setting.lower()}")
    assert (short.wanted, short.possible) == (ceil(wanted), limit * times)
    assert f"Set {short.limit} = {ceil(wanted / times)} under [platforms.facebook]" in short.hint
    assert short.hint.endswith("or schedule it every 2h.")
    assert one_desk.forecast(Load(Every(2 * HOUR))).shortfalls == ()
    one_desk.set = {f"FACEBOOK__MAX_CALLS_{setting}": str(limit + 1)}
    assert one_desk.forecast(Load(HOURLY)).shortfalls == ()


def test_a_ceiling_of_the_platforms_own_is_told_as_that(one_desk):
    one_desk.set = {"LINKEDIN__TIER": "development"}
    one_desk.account("linkedin", [1] * 3, id="urn:li:person:ada")
    shorts = {short.possible: short for short in one_desk.forecast(Load(HOURLY)).shortfalls}
    # Seven numbers a post, and a hundred calls a day for each member.
    assert shorts.keys() == {100, 500}
    assert shorts[100].wanted == 3 * 7 * 24 + 1
    assert shorts[100].hint == "LinkedIn allows no more: schedule it every 6h."
    assert shorts[100].as_json()["limit"] is None
    found = one_desk.forecast(Load(Every(6 * HOUR)))
    assert found.shortfalls == ()
    assert found.cost.calls_per_day == 3 * 7 * 4 + 1


def test_nothing_heavy_is_loaded(one_desk):
    for platform, id in (
        ("facebook", "1001"),
        ("instagram", "1001"),
        ("linkedin", "urn:li:organization:1001"),
        ("linkedin", "urn:li:person:ada"),
        ("x", "1001"),
    ):
        one_desk.account(platform, AGES, id=id)
    code = f"""
import sys
from datetime import datetime, timedelta, UTC
from analytics_sync.domain.timing import Every
from analytics_sync.platforms import all_platforms
from analytics_sync.settings.home import find_home
from analytics_sync.settings.load import load
from analytics_sync.store.light import reading
from analytics_sync.sync.forecast import Load, forecast
now = datetime(2026, 11, 23, 14, tzinfo=UTC)
home = find_home({{"ANALYTICS_SYNC_HOME": {str(one_desk.folder)!r}}})
settings = load(home, {{}}, {{}}, all_platforms()).platforms
with reading({one_desk.url!r}) as rows:
    load = Load(Every(timedelta(hours=1)))
    found = forecast(rows, [load], platforms=all_platforms(), settings=settings, now=now)
assert found.cost.calls_per_day > 24 and len(found.platforms) == 4
print(*sorted(set(sys.modules) & set({HEAVY!r})))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == []


def run_a_day(house: House, span: timedelta) -> Counter[str]:
    """Requests by platform, as the transport sent them and the server counted them."""
    sent: Counter[str] = Counter()
    for _ in range(timedelta(days=1) // span):
        began = house.clock.now()
        record = house.sync(due_only=True, interval=span)
        items = sum(n for label, n in house.labels().items() if "batch item" in label)
        assert record.requests == sum(house.labels().values()) - items
        for account in record.accounts:
            sent[account.account.platform] += account.requests
        house.pass_time(seconds=(began + span - house.clock.now()).total_seconds())
    return sent


def check_a_day(house: House, span: timedelta) -> None:
    house.add_business()
    house.populate("facebook", "instagram", "linkedin", "x", posts=30)
    house.sync(due_only=True)
    house.pass_time(seconds=span.total_seconds())
    with house.opened() as opened, light.reading(opened.settings.database_url) as rows:
        told = forecast(
            rows,
            [Load(Every(span))],
            platforms=all_platforms(),
            settings=opened.settings.platforms,
            now=house.clock.now(),
        )
    sent = run_a_day(house, span)
    assert told.cost.calls_per_day == pytest.approx(sent.total(), rel=0.15)
    for name, calls in sent.items():
        # Of a handful a quarter is less than one look-up more or less for some runs.
        assert told.platforms[name].calls_per_day == pytest.approx(calls, rel=0.25, abs=3), name


def test_a_day_of_runs_sends_the_requests_that_were_foretold(tmp_path):
    check_a_day(House(tmp_path), timedelta(hours=4))


@pytest.mark.slow
@pytest.mark.parametrize("hours", [1, 2, 6])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_days_of_all_kinds_send_the_requests_that_were_foretold(tmp_path, hours, seed):
    check_a_day(House(tmp_path, seed=seed), timedelta(hours=hours))


@pytest.mark.slow
def test_a_thousand_businesses_with_a_million_posts_are_counted_within_a_second(one_desk):
    import sqlite3
    import time

    places = ["facebook", "instagram", "linkedin", "x"]
    with sqlite3.connect(Path(one_desk.folder / "test.db")) as connection:
        connection.executemany(
            "INSERT INTO business (id, name, timezone, created_at) VALUES (?, ?, 'UTC', 0)",
            [(id, f"B{id}") for id in range(1, 1001)],
        )
        connection.executemany(
            "INSERT INTO account (id, business_id, platform, platform_account_id, discovered,"
            " created_at) VALUES (?, ?, ?, ?, '{}', 0)",
            [(id, 1 + id // 4, places[id % 4], f"{id}") for id in range(4000)],
        )
        now = int(NOW.timestamp() * 1000)
        connection.executemany(
            "INSERT INTO post (account_id, platform_post_id, published_at, text, state, sightings,"
            " versions, refused, found_at) VALUES (?, ?, ?, ?, 'active', 0, '[]', '[]', 0)",
            (
                (id, f"{id}_{number}", now - number * 86_400_000, "words " * 15)
                for number in range(250)
                for id in range(4000)
            ),
        )
    took = []
    for _ in range(3):
        began = time.process_time()
        found = one_desk.forecast(Load(HOURLY))
        took.append(time.process_time() - began)
    assert min(took) < 1
    assert found.cost.posts_per_day > 300_000
