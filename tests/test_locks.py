"""Locks end with their holder, and nobody else gets in before."""

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from analytics_sync.clock import SystemClock
from analytics_sync.errors import Busy, ExitStatus, StoreUnusable
from analytics_sync.locks import WriteLock, holder, lock, try_lock
from support.fake_clock import FakeClock

HOLD = """
import sys
from pathlib import Path
from analytics_sync.locks import try_lock
held = try_lock(Path(sys.argv[1]))
print("held" if held else "refused", flush=True)
sys.stdin.read()
"""
COUNT = """
import sys
from pathlib import Path
from analytics_sync.locks import WriteLock
lock, number = WriteLock(Path(sys.argv[1])), Path(sys.argv[2])
for _ in range(100):
    with lock:
        number.write_text(str(int(number.read_text()) + 1))
"""


@contextmanager
def process_that_holds(path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    first = try_lock(path)
    assert first is not None
    assert try_lock(path) is None
    first.release()
    second = try_lock(path)
    assert second is not None
    second.release()


def test_files_do_not_meet(tmp_path: Path) -> None:
    with (
        try_lock(tmp_path / "a.lock") or pytest.fail("a"),
        try_lock(tmp_path / "b.lock") or pytest.fail("b"),
    ):
        assert try_lock(tmp_path / "a.lock") is None


def test_the_end_of_a_block_releases_also_by_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with pytest.raises(KeyError), try_lock(path) or pytest.fail("held"):
        raise KeyError
    again = try_lock(path)
    assert again is not None
    again.release()


def test_releasing_twice_takes_nothing_from_the_next_holder(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    first = try_lock(path)
    assert first is not None
    first.release()
    with try_lock(path) or pytest.fail("held"):
        first.release()
        assert try_lock(path) is None


def test_another_thread_is_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    got: list[object] = []
    with try_lock(path) or pytest.fail("held"):
        thread = threading.Thread(target=lambda: got.append(try_lock(path)))
        thread.start()
        thread.join()
    assert got == [None]


def test_another_process_is_refused_and_named(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with process_that_holds(path) as process:
        assert try_lock(path) is None
        assert holder(path) == process.pid


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with process_that_holds(path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        with try_lock(path) or pytest.fail("still held"):
            assert holder(path) == os.getpid()
    assert path.exists()


def test_a_program_started_meanwhile_does_not_keep_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with try_lock(path) or pytest.fail("held"):
        child = subprocess.Popen(
            [sys.executable, "-c", "print(flush=True); input()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            close_fds=False,
        )
        assert child.stdout is not None
        child.stdout.readline()
    try:
        with try_lock(path) or pytest.fail("the child holds it"):
            assert child.poll() is None
    finally:
        child.communicate(b"\n")


def test_the_file_stays_and_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    for _ in range(2):
        with try_lock(path) or pytest.fail("held"):
            pass
    assert path.read_text().strip() == str(os.getpid())
    assert holder(path) == os.getpid()
    assert path.stat().st_mode & 0o777 == 0o600


def test_nobody_is_named_where_nothing_is_known(tmp_path: Path) -> None:
    assert holder(tmp_path / "missing.lock") is None
    (tmp_path / "a.lock").write_text("?")
    assert holder(tmp_path / "a.lock") is None


class TestWaiting:
    def test_a_free_lock_is_taken_at_once(self, tmp_path: Path) -> None:
        clock = FakeClock()
        before = clock.monotonic()
        asyncio.run(lock(tmp_path / "a.lock", 30, clock)).release()
        assert clock.monotonic() == before

    def test_the_time_limit_is_kept_and_told(self, tmp_path: Path) -> None:
        path = tmp_path / "a.lock"
        clock = FakeClock()
        before = clock.monotonic()
        with try_lock(path) or pytest.fail("held"), pytest.raises(Busy) as caught:
            asyncio.run(lock(path, 30, clock))
        assert clock.monotonic() - before == pytest.approx(30)
        assert caught.value.exit_status is ExitStatus.TRY_LATER
        assert f"held by process {os.getpid()}, still after 30 s" in caught.value.message

    def test_no_time_means_one_try(self, tmp_path: Path) -> None:
        path = tmp_path / "a.lock"
        with try_lock(path) or pytest.fail("held"), pytest.raises(Busy):
            asyncio.run(lock(path, 0, FakeClock()))

    def test_the_waiter_gets_it_when_the_holder_is_killed(self, tmp_path: Path) -> None:
        path = tmp_path / "a.lock"

        async def wait(process: subprocess.Popen[str]) -> int | None:
            waiting = asyncio.create_task(lock(path, 30, SystemClock()))
            await asyncio.sleep(0)
            assert not waiting.done()
            process.kill()
            with await waiting:
                return holder(path)

        with process_that_holds(path) as process:
            assert asyncio.run(wait(process)) == os.getpid()

    def test_other_tasks_go_on_meanwhile(self, tmp_path: Path) -> None:
        path = tmp_path / "a.lock"

        async def both() -> str:
            first = try_lock(path)
            assert first is not None
            waiting = asyncio.create_task(lock(path, 30, SystemClock()))
            await asyncio.sleep(0)
            first.release()
            with await waiting:
                return "got it"

        assert asyncio.run(both()) == "got it"

    def test_a_cancelled_waiter_holds_nothing(self, tmp_path: Path) -> None:
        path = tmp_path / "a.lock"

        async def cancel() -> None:
            waiting = asyncio.create_task(lock(path, 30, SystemClock()))
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting

        with try_lock(path) or pytest.fail("held"):
            asyncio.run(cancel())
        with try_lock(path) or pytest.fail("held by the cancelled one"):
            pass


class TestWriteLock:
    def test_processes_lose_no_write(self, tmp_path: Path) -> None:
        number = tmp_path / "number"
        number.write_text("0")
        arguments = [sys.executable, "-c", COUNT, str(tmp_path / "db.write.lock"), str(number)]
        running = [subprocess.Popen(arguments) for _ in range(3)]
        assert [process.wait() for process in running] == [0, 0, 0]
        assert number.read_text() == "300"

    def test_threads_that_share_it_lose_no_write(self, tmp_path: Path) -> None:
        guard = WriteLock(tmp_path / "db.write.lock")
        counted = [0]

        def count() -> None:
            for _ in range(50):
                with guard:
                    before = counted[0]
                    time.sleep(0)
                    counted[0] = before + 1

        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert counted == [200]

    def test_it_is_busy_after_its_time(self, tmp_path: Path) -> None:
        path = tmp_path / "db.write.lock"
        now = [0.0]

        def sleep(seconds: float) -> None:
            now[0] += seconds

        guard = WriteLock(path, monotonic=lambda: now[0], sleep=sleep)
        with WriteLock(path), pytest.raises(Busy, match=r"still after 30 s"), guard:
            pytest.fail("two writers")
        assert now[0] == pytest.approx(30, abs=0.01)
        with guard:
            pass

    def test_an_error_inside_releases_it(self, tmp_path: Path) -> None:
        guard = WriteLock(tmp_path / "db.write.lock")
        with pytest.raises(KeyError), guard:
            raise KeyError
        with guard:
            assert try_lock(guard.path) is None


class TestUnusable:
    def test_an_interruption_while_locking_leaves_nothing_open(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        closed: list[int] = []
        monkeypatch.setattr(os, "close", closed.append)

        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(fcntl, "flock", interrupt)
        with pytest.raises(KeyboardInterrupt):
            try_lock(tmp_path / "a.lock")
        monkeypatch.undo()
        (descriptor,) = closed
        os.close(descriptor)

    def test_a_missing_folder(self, tmp_path: Path) -> None:
        with pytest.raises(StoreUnusable) as caught:
            try_lock(tmp_path / "missing" / "a.lock")
        assert str(tmp_path / "missing" / "a.lock") in caught.value.message
        assert "analytics-sync init" in caught.value.hint
        assert caught.value.exit_status is ExitStatus.CONFIGURATION

    @pytest.mark.parametrize(
        ("number", "words"),
        [
            (30, "a place that can be written"),
            (13, "the user who owns"),
            (1, "the user who owns"),
            (20, "this file system may not know locks"),
        ],
    )
    def test_a_file_that_can_not_be_opened(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
    ) -> None:
        def refuse(*_: object) -> int:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "open", refuse)
        with pytest.raises(StoreUnusable) as caught:
            try_lock(tmp_path / "a.lock")
        assert os.strerror(number) in caught.value.message
        assert words in caught.value.hint

    def test_a_file_system_without_locks(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        closed: list[int] = []
        monkeypatch.setattr(os, "close", closed.append)

        def refuse(*_: object) -> None:
            raise OSError(37, "No locks available")

        monkeypatch.setattr(fcntl, "flock", refuse)
        with pytest.raises(StoreUnusable, match="No locks available") as caught:
            try_lock(tmp_path / "a.lock")
        assert "may not know locks" in caught.value.hint
        monkeypatch.undo()
        (descriptor,) = closed
        os.close(descriptor)

    def test_a_full_disk_does_not_keep_a_lock_from_being_taken(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> int:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "pwrite", full)
        with try_lock(tmp_path / "a.lock") or pytest.fail("not taken"):
            assert try_lock(tmp_path / "a.lock") is None
