"""Call budgets and retired metrics that outlive the process."""

import threading
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from analytics_sync.clock import EPOCH
from analytics_sync.store import budgets, metrics
from analytics_sync.store.tables import call_budget
from analytics_sync.transport.call import Cap, Limit

NOW = datetime(2026, 11, 23, 14, 20, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def spend(database, cap, wanted, now=NOW):
    with database.write() as connection:
        return budgets.spend(connection, cap, wanted, now)


def test_a_ceiling_grants_what_it_still_has_and_begins_anew_with_its_window(database):
    cap = Cap("x:app:0:reads", 100, DAY)
    assert [spend(database, cap, 60) for _ in range(3)] == [60, 40, 0]
    assert spend(database, cap, 10, NOW.replace(hour=23, minute=59)) == 0
    assert spend(database, cap, 10, NOW.replace(hour=0, minute=0) + DAY) == 10


def test_what_was_not_used_is_given_back_within_its_window_only(database):
    cap = Cap("b", 10, HOUR)
    spend(database, cap, 10)
    with database.write() as connection:
        budgets.give_back(connection, cap, 4, NOW + HOUR)
        budgets.give_back(connection, cap, 3, NOW)
    assert spend(database, cap, 10) == 3


def test_processes_and_threads_share_a_ceiling_and_never_overdraw_it(database):
    cap = Cap("linkedin:app:0", 50, DAY)
    granted = []

    def take():
        for _ in range(10):
            granted.append(spend(database, cap, 2))  # noqa: PERF401

    threads = [threading.Thread(target=take) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(granted) == 50


def test_a_block_holds_until_its_time_and_the_later_one_stays(database):
    with database.write() as connection:
        budgets.block(connection, "b", NOW + DAY, "spent")
        budgets.block(connection, "b", NOW + HOUR, "earlier")
        assert budgets.blocks(connection, NOW)["b"].until == NOW + DAY
        assert budgets.blocks(connection, NOW + DAY) == {}


def test_what_headers_told_leaves_a_block_alone(database):
    with database.write() as connection:
        budgets.block(connection, "b", NOW + DAY, "spent")
        told = Limit(bucket="b", limit=900, remaining=12, resets_at=NOW + HOUR)
        budgets.observe(connection, [told])
        row = connection.execute(select(call_budget).where(call_budget.c.bucket == "b")).one()
    assert (row.remaining, row.ceiling, row.not_before) == (12, 900, NOW + DAY)


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    st.sampled_from([HOUR, DAY, timedelta(minutes=15)]),
)
def test_windows_are_counted_from_1970(now, period):
    start = budgets.window_start(now, period)
    assert start <= now < start + period
    assert (start - EPOCH) % period == timedelta(0)


def test_a_retired_metric_is_news_once_and_asked_again_after_a_week(database):
    def retire(now):
        with database.write() as connection:
            return metrics.retire(
                connection, platform="facebook", scope="post", metric="old", reason="r", now=now
            )

    assert retire(NOW) is True
    assert retire(NOW + DAY) is False
    with database.read() as connection:
        assert metrics.retired(connection, NOW + DAY) == {("facebook", "post"): {"old"}}
        assert metrics.retired(connection, NOW + 7 * DAY) == {}
    assert retire(NOW + 8 * DAY) is True
