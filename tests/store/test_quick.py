"""Whether anything is due, read with `sqlite3` alone."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from analytics_sync.clock import to_milliseconds
from analytics_sync.wiring import nothing_due
from support.house import House


@pytest.mark.parametrize(("hours", "due"), [(23, True), (25, False)])
def test_a_story_is_due_only_while_it_is_shown(tmp_path, hours, due):
    house = House(tmp_path)
    house.add_business("Acme")
    house.populate("instagram", posts=3)
    house.sync()
    now = house.clock.now()
    with closing(sqlite3.connect(house.home.database)) as connection, connection:
        connection.execute(
            "UPDATE post SET published_at = ?, last_tried_at = ?",
            [to_milliseconds(now - timedelta(days=10)), to_milliseconds(now)],
        )
    with house.opened() as opened:
        assert nothing_due(opened, "manual", now) is not None
    with closing(sqlite3.connect(house.home.database)) as connection, connection:
        connection.execute(
            "UPDATE post SET kind = 'story', published_at = ?, last_tried_at = NULL WHERE id = 1",
            [to_milliseconds(now - timedelta(hours=hours))],
        )
    with house.opened() as opened:
        assert (nothing_due(opened, "manual", now) is None) == due
