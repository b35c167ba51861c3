"""One log file for many processes: no line lost or torn, and no run ended by it."""

import fcntl
import logging
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from analytics_sync.logs import file
from analytics_sync.logs.file import SharedFile

WRITE = """
import logging, sys
from pathlib import Path
from analytics_sync.logs import file
file.LOCK_TRIES = 1_000_000  # a machine under load must not tempt anybody to give up waiting
handler = file.SharedFile(Path(sys.argv[1]), print, max_bytes=4096, kept=100)
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    text = f"{sys.argv[2]}-{number} " + "x" * (number % 90) + " end"
    handler.handle(logging.LogRecord("x", 20, "", 0, text, (), None))
"""
FULL = """
import logging, resource, signal, sys
from pathlib import Path
from analytics_sync.logs.file import SharedFile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
handler = SharedFile(Path(sys.argv[1]), print)
for number in range(5):
    handler.handle(logging.LogRecord("x", 20, "", 0, f"{number} " + "x" * 40, (), None))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
handler.handle(logging.LogRecord("x", 20, "", 0, "room again", (), None))
"""


def log(handler: SharedFile, text: str) -> None:
    handler.handle(logging.LogRecord("x", logging.INFO, "", 0, text, (), None))


def files(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}*"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs" / "a.log"


def test_processes_that_write_and_rotate_at_once_lose_and_tear_nothing(path: Path) -> None:
    writers, lines = 5, 200
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WRITE, str(path), str(writer), str(lines)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for writer in range(writers)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate()[0] for process in running] == [""] * writers
    written = [line for one in files(path) for line in one.read_text().splitlines()]
    whole = [re.fullmatch(r"(\d-\d+) x* end", line) for line in written]
    assert all(whole)
    counted = Counter(match[1] for match in whole if match)
    assert counted == Counter(f"{w}-{n}" for w in range(writers) for n in range(lines))
    sizes = [one.stat().st_size for one in files(path)]
    assert max(sizes) <= 4096
    # None was rotated away before it was full: a line has at most 120 bytes.
    assert len([size for size in sizes if size < 4096 - 120]) <= 1


def test_the_oldest_text_goes_and_the_rest_keeps_its_order(path: Path) -> None:
    handler = SharedFile(path, pytest.fail, max_bytes=20, kept=2)
    for number in range(10):
        log(handler, f"line {number}")
    assert [one.name for one in files(path)] == ["a.log", "a.log.1", "a.log.2"]
    assert path.read_text() == "line 8\nline 9\n"
    assert path.with_name("a.log.1").read_text() == "line 6\nline 7\n"
    assert path.with_name("a.log.2").read_text() == "line 4\nline 5\n"


def test_a_record_larger_than_the_limit_is_written_whole(path: Path) -> None:
    handler = SharedFile(path, pytest.fail, max_bytes=20)
    log(handler, "y" * 100)
    log(handler, "z" * 100)
    assert path.read_text() == "z" * 100 + "\n"
    assert path.with_name("a.log.1").read_text() == "y" * 100 + "\n"


def test_the_file_is_for_its_owner_only(path: Path) -> None:
    log(SharedFile(path, pytest.fail), "x")
    assert path.stat().st_mode & 0o777 == 0o600


def test_letters_of_all_kinds_are_written(path: Path) -> None:
    log(SharedFile(path, pytest.fail), "ä → \ud800")
    assert path.read_text(encoding="utf-8") == "ä → \\ud800\n"


def test_the_folder_is_made_in_a_home_that_exists(tmp_path: Path) -> None:
    log(SharedFile(tmp_path / "logs" / "a.log", pytest.fail), "x")
    assert (tmp_path / "logs" / "a.log").read_text() == "x\n"
    assert (tmp_path / "logs").stat().st_mode & 0o777 == 0o700


def test_no_home_no_log_and_no_word(tmp_path: Path) -> None:
    log(SharedFile(tmp_path / "home" / "logs" / "a.log", pytest.fail), "x")
    assert list(tmp_path.iterdir()) == []


def test_a_file_moved_away_by_hand_is_begun_anew(path: Path) -> None:
    handler = SharedFile(path, pytest.fail)
    log(handler, "one")
    path.rename(path.with_name("elsewhere"))
    log(handler, "two")
    assert path.read_text() == "two\n"


@pytest.mark.parametrize("begun_anew", [True, False])
def test_a_line_goes_to_the_new_file_when_another_process_just_rotated(
    path: Path, monkeypatch: pytest.MonkeyPatch, begun_anew: bool
) -> None:
    log(SharedFile(path, pytest.fail), "one")
    really = file._lock
    rotated: list[bool] = []

    def rotate_then_lock(descriptor: int) -> bool:
        if not rotated:
            rotated.append(True)
            path.replace(path.with_name("a.log.1"))
            if begun_anew:
                path.write_text("of another\n")
        return really(descriptor)

    monkeypatch.setattr(file, "_lock", rotate_then_lock)
    log(SharedFile(path, pytest.fail), "two")
    assert path.read_text() == ("of another\n" if begun_anew else "") + "two\n"
    assert path.with_name("a.log.1").read_text() == "one\n"


class TestTrouble:
    """It is told once, and the program goes on."""

    def test_a_folder_in_its_place(self, path: Path) -> None:
        path.mkdir()
        told: list[str] = []
        handler = SharedFile(path, told.append)
        for _ in range(3):
            log(handler, "x")
        assert told == [f"The log file {path} can't be written: Is a directory. Going on."]

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
    def test_a_full_disk(self, path: Path) -> None:
        path.symlink_to("/dev/full")
        told: list[str] = []
        handler = SharedFile(path, told.append)
        for _ in range(3):
            log(handler, "x")
        assert [text.partition(": ")[2] for text in told] == ["No space left on device. Going on."]

    def test_a_disk_that_fills_in_the_middle_of_a_line_tears_none(self, path: Path) -> None:
        ran = subprocess.run(
            [sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=True
        )
        assert ran.stdout.count("can't be written") == 1
        assert path.read_text().splitlines() == [f"{n} " + "x" * 40 for n in (0, 1)] + [
            "room again"
        ]

    def test_a_read_only_place(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> int:
            raise OSError(30, "Read-only file system")

        monkeypatch.setattr(os, "open", refuse)
        told: list[str] = []
        log(SharedFile(path, told.append), "x")
        assert len(told) == 1
        assert "Read-only file system" in told[0]

    def test_a_rotation_that_fails_loses_no_line(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        handler = SharedFile(path, pytest.fail, max_bytes=10)
        log(handler, "one")

        def refuse(*_: object) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(Path, "replace", refuse)
        log(handler, "twotwotwo")
        assert path.read_text() == "one\ntwotwotwo\n"

    def test_someone_who_never_lets_go_keeps_nobody_waiting(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(file, "LOCK_PAUSE", 0)
        path.touch()
        with path.open() as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            log(SharedFile(path, pytest.fail, max_bytes=1), "x")
        assert path.read_text() == "x\n"

    def test_a_file_system_without_locks(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> None:
            raise OSError(37, "No locks available")

        monkeypatch.setattr(fcntl, "flock", refuse)
        log(SharedFile(path, pytest.fail), "x")
        assert path.read_text() == "x\n"
