import errno
import fcntl
import os
from pathlib import Path

import pytest

from analytics_sync.errors import SchedulerUnusable
from analytics_sync.schedule._user_lock import locked, user_folder, user_name


def test_one_holder_at_a_time_and_no_trace(tmp_path: Path) -> None:
    passed = [0.0]

    def sleep(seconds: float) -> None:
        passed[0] += 10

    with locked(tmp_path):
        with (
            pytest.raises(SchedulerUnusable, match="for a minute"),
            locked(tmp_path, monotonic=lambda: passed[0], sleep=sleep),
        ):
            pass
        assert passed[0] >= 60
    with locked(tmp_path):
        assert list(tmp_path.iterdir()) == []


def test_the_first_folder_that_is_there_is_taken(tmp_path: Path) -> None:
    with locked(tmp_path / "missing", tmp_path):
        pass
    with (
        pytest.raises(SchedulerUnusable, match="can't be locked"),
        locked(tmp_path / "missing"),
    ):
        pass


def test_a_folder_on_a_file_system_without_such_locks_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nfs").mkdir()
    (tmp_path / "local").mkdir()
    remote = (tmp_path / "nfs").stat().st_ino
    real = fcntl.flock

    def flock(descriptor: int, operation: int) -> None:
        if os.fstat(descriptor).st_ino == remote:
            raise OSError(errno.EBADF, "Bad file descriptor")
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with locked(tmp_path / "nfs", tmp_path / "local"):
        pass
    with pytest.raises(SchedulerUnusable, match="can't be locked"), locked(tmp_path / "nfs"):
        pass


def test_users_are_known_by_number() -> None:
    assert user_folder(os.getuid()) is not None
    assert user_name(0) == "root"
    assert user_folder(3_999_999_999) is None
    assert user_name(3_999_999_999) == "3999999999"
