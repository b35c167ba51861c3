"""Progress is written while a run goes on, only when it has changed."""

import asyncio
from functools import partial

from analytics_sync.errors import Busy
from analytics_sync.store import runs
from analytics_sync.sync import run
from analytics_sync.sync.progress import kept_up
from support.house import House


def test_counts_are_written_when_they_have_changed():
    told, counts = [], {"synced": 0}

    async def write(now):
        told.append(dict(now))

    async def work():
        with kept_up(lambda: dict(counts), write, every=0.001):
            for number in (0, 0, 5, 5, 9):
                counts["synced"] = number
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.01)

    asyncio.run(work())
    assert told == [{"synced": 0}, {"synced": 5}, {"synced": 9}]


def test_a_database_that_is_held_for_a_while_costs_a_run_nothing():
    tries = []

    async def write(now):
        tries.append(now)
        raise Busy("held")

    async def work():
        with kept_up(lambda: {"synced": 1}, write, every=0.001):
            await asyncio.sleep(0.02)

    asyncio.run(work())
    assert len(tries) > 1


def test_a_run_tells_its_progress_in_its_row(tmp_path, monkeypatch):
    house = House(tmp_path)
    house.add_business()
    house.populate("x", "linkedin", posts=40)
    seen = []
    note = runs.note_progress

    def noted(connection, id, counts):
        note(connection, id, counts)
        row = runs.get(connection, id)
        seen.append((row.outcome, row.requests, row.synced))

    monkeypatch.setattr(runs, "note_progress", noted)
    monkeypatch.setattr(run, "kept_up", partial(kept_up, every=0.0))
    record = house.sync()
    assert seen == sorted(seen, key=lambda one: one[1:])
    assert {one[0] for one in seen} == {None}
    assert any(one[1] > 0 for one in seen)
    with house.opened() as found, found.database.read() as connection:
        row = runs.get(connection, record.run_id)
    assert (row.outcome, row.synced) == ("complete", record.total("synced"))
