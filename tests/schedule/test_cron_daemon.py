from pathlib import Path

import pytest

from analytics_sync.schedule._cron_daemon import running


def process(folder: Path, number: int, name: str, *arguments: str) -> None:
    its = folder / "proc" / str(number)
    its.mkdir(parents=True)
    (its / "comm").write_text(f"{name}\n")
    (its / "cmdline").write_text("\0".join((name, *arguments)) + "\0")


@pytest.mark.parametrize(
    ("name", "arguments", "alive"),
    [
        ("cron", ["-f"], True),
        ("crond", [], True),
        ("busybox", ["crond", "-f"], True),
        ("busybox", ["sh", "crond"], False),
        ("crontab", [], False),
    ],
)
def test_a_cron_daemon_is_known_by_its_name(
    tmp_path: Path, name: str, arguments: list[str], alive: bool
) -> None:
    process(tmp_path, 1, "init")
    process(tmp_path, 70, name, *arguments)
    assert running(tmp_path / "proc", tmp_path / "run") is alive


def test_the_number_that_it_left_is_looked_at_first(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "crond.pid").write_text("70\n")
    process(tmp_path, 70, "bash")
    assert not running(tmp_path / "proc", tmp_path / "run")
    process(tmp_path, 71, "cron")
    (tmp_path / "run" / "crond.pid").write_text("71\n")
    assert running(tmp_path / "proc", tmp_path / "run")
    (tmp_path / "run" / "crond.pid").write_bytes(b"\xff")
    assert running(tmp_path / "proc", tmp_path / "run")


def test_a_daemon_that_this_user_may_not_see_runs_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(number: int, signal: int) -> None:
        assert signal == 0
        raise PermissionError if number == 70 else ProcessLookupError

    monkeypatch.setattr("os.kill", kill)
    (tmp_path / "run").mkdir()
    for number, alive in ((70, True), (71, False)):
        (tmp_path / "run" / "crond.pid").write_text(f"{number}\n")
        assert running(tmp_path / "proc", tmp_path / "run") is alive


def test_no_process_can_be_seen(tmp_path: Path) -> None:
    assert not running(tmp_path / "proc", tmp_path / "run")
