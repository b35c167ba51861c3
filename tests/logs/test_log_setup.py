"""What goes to standard error, and what to the file."""

import io
import logging
import os
import pty
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from analytics_sync.logs.file import LOG_NAME
from analytics_sync.logs.setup import is_journal, set_up, usual_level

OURS = logging.getLogger("analytics_sync.test")


def journal(stream: TextIO) -> dict[str, str]:
    status = os.fstat(stream.fileno())
    return {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "logs"


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[TextIO]:
    with (tmp_path / "stderr").open("w+") as opened:
        yield opened


def speak() -> None:
    for level in ("debug", "info", "warning", "error"):
        getattr(OURS, level)("said as %s", level)


def written(stream: TextIO) -> list[str]:
    stream.seek(0)
    return stream.read().splitlines()


def in_file(folder: Path) -> list[str]:
    return [line.split(" ", 3)[3] for line in (folder / LOG_NAME).read_text().splitlines()]


def test_elsewhere_only_what_is_wrong_is_shown(folder: Path, stream: TextIO) -> None:
    set_up(folder, {}, stream=stream)
    speak()
    assert written(stream) == ["WARNING: said as warning", "ERROR: said as error"]


def test_the_file_always_gets_everything(folder: Path, stream: TextIO) -> None:
    set_up(folder, {}, level=logging.ERROR, stream=stream)
    speak()
    assert in_file(folder) == [
        f"said as {level}" for level in ("debug", "info", "warning", "error")
    ]


def test_a_level_that_was_asked_for_wins(folder: Path, stream: TextIO) -> None:
    set_up(folder, {}, level=logging.DEBUG, stream=stream)
    speak()
    assert written(stream)[:2] == ["said as debug", "said as info"]


def test_under_journald_lines_carry_their_priority(folder: Path, stream: TextIO) -> None:
    set_up(folder, journal(stream), stream=stream)
    speak()
    assert written(stream) == ["<6>said as info", "<4>said as warning", "<3>said as error"]


def test_a_journal_variable_inherited_from_elsewhere_proves_nothing(stream: TextIO) -> None:
    assert is_journal(stream, journal(stream))
    assert not is_journal(stream, {"JOURNAL_STREAM": "1:2"})
    assert not is_journal(stream, {})
    assert not is_journal(io.StringIO(), journal(stream))
    assert not is_journal(None, journal(stream))


def test_a_terminal_shows_what_happens(stream: TextIO) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        assert usual_level(terminal, {}) == logging.INFO
    os.close(ours)
    assert usual_level(stream, {}) == logging.WARNING
    assert usual_level(stream, journal(stream)) == logging.INFO
    assert usual_level(None, {}) == logging.WARNING
    stream.close()
    assert usual_level(stream, {}) == logging.WARNING


def test_without_a_folder_there_is_no_file(tmp_path: Path, stream: TextIO) -> None:
    set_up(None, {}, stream=stream)
    speak()
    assert len(written(stream)) == 2
    assert [one.name for one in tmp_path.iterdir()] == ["stderr"]


def test_set_up_again_says_nothing_twice(folder: Path, stream: TextIO) -> None:
    for _ in range(3):
        set_up(folder, {}, stream=stream)
    OURS.warning("once")
    assert written(stream) == ["WARNING: once"]
    assert in_file(folder) == ["once"]


def test_others_are_heard_only_when_something_is_wrong(folder: Path, stream: TextIO) -> None:
    set_up(folder, {}, level=logging.DEBUG, stream=stream)
    for name in ("httpx", "httpcore.connection", "asyncio", "sqlalchemy.engine"):
        logging.getLogger(name).info("HTTP Request: GET https://x.example?access_token=abcdef")
    logging.getLogger("httpx").warning("odd: access_token=abcdef")
    assert written(stream) == ["WARNING: odd: access_token=[redacted]"]


def test_standard_error_is_looked_up_at_each_record(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a progress bar can put itself in between."""
    set_up(folder, {})
    between = io.StringIO()
    monkeypatch.setattr(sys, "stderr", between)
    OURS.warning("moved")
    assert between.getvalue() == "WARNING: moved\n"


@pytest.mark.parametrize("gone", ["closed", "none", "broken"])
def test_a_standard_error_that_is_gone_ends_no_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    set_up(folder, {})

    class Broken(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", {"closed": closed, "none": None, "broken": Broken()}[gone])
    OURS.error("still going")
    assert in_file(folder) == ["still going"]


def test_a_log_that_can_not_be_written_is_told_once(folder: Path, stream: TextIO) -> None:
    (folder / LOG_NAME).mkdir(parents=True)
    set_up(folder, {}, stream=stream)
    speak()
    speak()
    lines = written(stream)
    assert len(lines) == 5
    assert sum("can't be written: Is a directory" in line for line in lines) == 1


def test_whoever_asked_for_quiet_is_not_told(folder: Path, stream: TextIO) -> None:
    (folder / LOG_NAME).mkdir(parents=True)
    set_up(folder, {}, level=logging.ERROR, stream=stream)
    OURS.info("x")
    assert written(stream) == []
