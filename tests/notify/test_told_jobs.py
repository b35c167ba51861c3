"""What people hear of jobs that really run: by their own entry or by a tick, from failure to recovery."""

from contextlib import suppress
from datetime import timedelta

import pytest

from analytics_sync import wiring
from analytics_sync.domain.timing import Every
from analytics_sync.errors import ConfigurationInvalid
from analytics_sync.store import schedules
from support.house import House

JOB = "sync_all_businesses"


@pytest.fixture
def house(tmp_path, service, program):
    told = {
        "NOTIFY__URL": f"{service.origin}/{{job}}?create=1",
        "NOTIFY__COMMAND": f"'{program.path}'",
    }
    made = House(tmp_path, settings=told)
    made.add_business()
    with made.opened() as found, found.database.write() as connection:
        schedules.put(connection, None, Every(timedelta(hours=1)), now=made.clock.now())
    return made


def by_entry(house):
    with suppress(ConfigurationInvalid), house.opened() as found:
        wiring.run_job(found, JOB)


def by_tick(house):
    with suppress(ConfigurationInvalid), house.opened() as found:
        wiring.tick(found)


def test_a_job_is_told_once_when_it_breaks_and_once_when_it_is_well(house, service, program):
    for run in (by_tick, by_entry):
        house.pass_time(hours=1, minutes=10)
        run(house)
    assert program.events == [("failure", 78)]
    assert program.told[0]["message"].startswith("No business has an account")

    house.populate("x", posts=5)
    house.sync()
    assert len(program.told) == 1
    for run in (by_entry, by_tick, by_tick):
        house.pass_time(hours=1, minutes=10)
        run(house)
    assert program.events == [("failure", 78), ("recovery", 0)]
    assert "posts synced" in program.told[1]["message"]

    start, ended = f"/{JOB}/start?create=1", f"/{JOB}?create=1"
    failed = f"/{JOB}/78?create=1"
    assert service.targets == [start, failed, start, failed, *[start, ended] * 3]


def test_nothing_is_sent_where_nothing_is_due(house, service):
    house.populate("x", posts=5)
    house.pass_time(hours=1, minutes=10)
    by_entry(house)
    assert len(service.targets) == 2
    by_entry(house)
    by_tick(house)
    house.sync()
    assert len(service.targets) == 2
