import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analytics_sync.errors import SchedulerUnusable
from analytics_sync.schedule._commands import find, run


def script(folder: Path, text: str) -> str:
    file = folder / "some-program"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file.name


def test_a_program_is_given_bytes_and_answers_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = script(tmp_path, 'cat; echo "$LC_ALL $1" >&2; exit 3')
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    answer = run(name, "a b", stdin=b"\xff\x00\r\n")
    assert answer == (3, b"\xff\x00\r\n", "C a b")
    assert find(name) == str(tmp_path / name)


def test_a_program_is_found_without_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PATH")
    assert find("sh")
    assert find("no-such-program") is None


def test_a_missing_program_is_named() -> None:
    with pytest.raises(SchedulerUnusable, match="`no-such-program` can't be started") as caught:
        run("no-such-program", "-l")
    assert "Install the package" in caught.value.hint


def test_a_program_that_hangs_is_ended_with_what_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = script(tmp_path, f"sleep 60 & echo $! > {tmp_path}/child; wait")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    begin = time.monotonic()
    with pytest.raises(SchedulerUnusable, match="did not end within"):
        run(name, seconds=0.3)
    assert time.monotonic() - begin < 30
    child = Path("/proc") / (tmp_path / "child").read_text().strip()
    assert not child.exists() or "Z" in (child / "stat").read_text().split()[2]


def test_a_program_need_not_read_what_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = script(tmp_path, "exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    assert run(name, stdin=b"x" * 1_000_000).status == 1


def test_a_program_reads_everything_though_we_are_killed_at_once(tmp_path: Path) -> None:
    """Debian's `crontab -` would take for the whole crontab what came until then."""
    name = script(tmp_path, "kill -9 $PPID; cat > read; mv read whole")
    code = f"from analytics_sync.schedule._commands import run; run({name!r}, stdin=b'x' * 200_000)"
    environ = {**os.environ, "PATH": f"{tmp_path}:/bin"}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environ, check=False)
    assert done.returncode == -signal.SIGKILL
    whole, patience = tmp_path / "whole", time.monotonic() + 10
    while not whole.exists():
        assert time.monotonic() < patience
        time.sleep(0.005)
    assert whole.stat().st_size == 200_000
