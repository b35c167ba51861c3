"""A clock that was wrong: ahead by years once, going back, or standing still between runs."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from analytics_sync.platforms import all_platforms
from analytics_sync.simulator.faults import Fault
from analytics_sync.store import runs
from analytics_sync.sync.run import Order
from analytics_sync.sync.work import Choice
from analytics_sync.wiring import nothing_due
from support.house import House, WorldClock


class WrongClock(WorldClock):
    """The client's clock, `ahead` of the platforms'."""

    ahead = timedelta(0)

    def now(self):
        return super().now() + self.ahead


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    made.clock = WrongClock(made.world.clock)
    made.add_business()
    return made


def true_numbers(house):
    """Of the posts that are still shown: stories go."""
    latest, truth = house.latest(), house.truth()
    return {k: latest[k] for k in latest if k in truth} == {
        k: truth[k] for k in latest if k in truth
    }


def snapshots(house):
    with closing(sqlite3.connect(house.home.database)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        return connection.execute("SELECT count(*) FROM snapshot").fetchone()[0]


@pytest.mark.parametrize("platform", sorted(all_platforms()))
@pytest.mark.parametrize("back", [timedelta(seconds=1), timedelta(hours=2), timedelta(days=3)])
def test_a_clock_that_goes_back_leaves_the_newest_numbers(house, platform, back):
    house.populate(platform, posts=6)
    house.sync()
    house.pass_time(hours=7)
    house.sync()
    before = snapshots(house)
    house.clock.ahead = -back
    assert house.sync(discover_now=True).outcome == "complete"
    assert true_numbers(house)
    assert snapshots(house) >= before
    house.pass_time(days=1)
    assert house.sync().outcome == "complete"
    assert true_numbers(house)


def test_what_a_clock_in_another_year_did_keeps_nothing_from_being_done(house):
    """A machine starts in 2036, runs once, and is then set right."""
    house.populate("linkedin", posts=10)
    house.clock.ahead = timedelta(days=3650)
    account = house.simulator.handles[0][1]
    house.simulator.services["linkedin"].publish(account.platform_account_id)
    house.sync(reach=timedelta(days=3700))
    house.clock.ahead = timedelta(0)
    house.pass_time(hours=1)
    house.simulator.services["linkedin"].publish(account.platform_account_id)
    with house.opened() as opened:
        assert nothing_due(opened, "manual", house.clock.now()) is None
    record = house.sync(due_only=True)
    assert record.outcome == "complete"
    assert record.total("discovered") > 0
    assert record.total("synced") > 0
    with closing(sqlite3.connect(house.home.database)) as connection:
        (totals_at,) = connection.execute("SELECT totals_at FROM account").fetchone()
    assert totals_at / 1000 < (house.clock.now() + timedelta(days=1)).timestamp()
    with house.opened() as opened:
        assert nothing_due(opened, "manual", house.clock.now()) is None, "younger than 7 days"


def test_a_limit_that_was_reckoned_by_a_wrong_clock_ends(house):
    house.populate("x", posts=5)
    house.sync()
    house.clock.ahead = timedelta(days=3650)
    house.world.faults.add(
        Fault("status", platform="x", status=429, times=None, headers={"retry-after": "3000"})
    )
    assert house.sync().accounts[0].outcome == "rate_limited"
    house.world.faults.clear()
    house.clock.ahead = timedelta(0)
    house.pass_time(hours=7)
    assert house.sync().accounts[0].outcome == "ok"


def test_a_run_that_was_killed_in_another_year_is_closed(house):
    with house.opened() as opened, opened.database.write() as connection:
        killed = runs.start(
            connection, trigger="manual", now=house.clock.now() + timedelta(days=99)
        )
    house.sync()
    with house.opened() as opened, opened.database.read() as connection:
        assert runs.get(connection, killed).outcome == "interrupted"


def test_two_runs_in_one_millisecond_are_one_reading(house):
    account = house.populate("linkedin", posts=6)[0]
    now = house.clock.now()
    with house.opened() as opened:
        from analytics_sync.wiring import sync

        first = sync(opened, Order(Choice(now)))
    made_up = house.world.accounts["linkedin", account.platform_account_id]
    for post in made_up.posts.values():
        post.fixed["likes"] = 777_777
    with house.opened() as opened:
        second = sync(opened, Order(Choice(now, discover=False)))
    assert first.total("synced") == second.total("synced") > 0
    assert snapshots(house) == first.total("synced"), "the later reading replaces"
    assert {said["likes"] for said in house.latest().values()} == {777_777}
    with closing(sqlite3.connect(house.home.database)) as connection:
        assert connection.execute("SELECT DISTINCT likes FROM snapshot").fetchall() == [(777_777,)]
