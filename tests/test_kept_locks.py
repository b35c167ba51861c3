"""The locks of an installation: on accounts, slots and the schedule, by files or by PostgreSQL."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from analytics_sync.errors import Busy
from analytics_sync.locks import FileLocks, Locks, waited_for
from analytics_sync.store.advisory import AdvisoryLocks
from analytics_sync.store.database import Database


@contextmanager
def two_processes(database: Database) -> Iterator[tuple[Locks, Locks]]:
    """The locks as two processes with the same database have them."""
    path = database.path
    if path is not None:
        yield FileLocks(path.parent / "locks"), FileLocks(path.parent / "locks")
        return
    with (
        closing(AdvisoryLocks(database)) as ours,
        closing(Database(database.url)) as again,
        closing(AdvisoryLocks(again)) as theirs,
    ):
        yield ours, theirs


def test_one_holder_for_each_thing(database: Database) -> None:
    with two_processes(database) as (ours, theirs):
        with ours.hold("slot", 1) as free:
            assert free
            with theirs.hold("slot", 1) as again:
                assert not again
            with theirs.hold("slot", 2) as other, theirs.hold("account", 1) as account:
                assert other
                assert account
        with theirs.hold("slot", 1) as later:
            assert later


def test_the_same_process_is_refused_too(database: Database) -> None:
    with two_processes(database) as (ours, _), ours.hold("slot", 1) as free:
        with ours.hold("slot", 1) as again:
            assert (free, again) == (True, False)
        assert ours.held("slot", 1)


def test_others_see_whether_it_is_held(database: Database) -> None:
    with two_processes(database) as (ours, theirs):
        assert not theirs.held("schedule", 0)
        with ours.hold("schedule", 0):
            assert theirs.held("schedule", 0)
            assert not theirs.held("slot", 0)
        assert not theirs.held("schedule", 0)


def test_a_look_makes_no_file(tmp_path: Path) -> None:
    assert not FileLocks(tmp_path / "locks").held("slot", 1)
    assert not (tmp_path / "locks").exists()


def test_waiting_ends_when_the_holder_is_done(database: Database) -> None:
    with two_processes(database) as (ours, theirs), ExitStack() as holding:
        assert holding.enter_context(ours.hold("schedule", 0))
        looked = 0

        def sleep(_: float) -> None:
            nonlocal looked
            looked += 1
            if looked == 3:
                holding.close()

        with waited_for(theirs, "schedule", 0, 300, sleep=sleep):
            assert looked == 3
            assert ours.held("schedule", 0)


def test_waiting_ends_after_its_time(database: Database) -> None:
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    with two_processes(database) as (ours, theirs), ours.hold("schedule", 0):
        waiting = waited_for(theirs, "schedule", 0, 5, monotonic=lambda: now, sleep=sleep)
        with pytest.raises(Busy, match="The schedule is held by another command, still after 5 s"):
            waiting.__enter__()
    assert 5 <= now < 6


def test_an_error_in_the_block_is_the_holders_own(tmp_path: Path) -> None:
    locks = FileLocks(tmp_path / "locks")
    with pytest.raises(KeyError), waited_for(locks, "schedule", 0, 1):
        raise KeyError
    assert not locks.held("schedule", 0)


def test_many_queue_and_all_come_through(tmp_path: Path) -> None:
    locks = FileLocks(tmp_path / "locks")
    inside: list[int] = []
    most = 0

    def work() -> None:
        nonlocal most
        for _ in range(5):
            with waited_for(locks, "schedule", 0, 60):
                inside.append(1)
                most = max(most, len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
