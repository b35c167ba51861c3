"""The end of the log, read backwards."""

import logging
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_sync.errors import ConfigurationInvalid
from analytics_sync.logs import reading
from analytics_sync.logs.file import LOG_NAME, SharedFile
from analytics_sync.logs.formats import FileFormat
from analytics_sync.logs.reading import Entry, read_log


def log(folder: Path, *messages: str, level: int = logging.INFO, max_bytes: int = 10_000) -> None:
    handler = SharedFile(folder / LOG_NAME, pytest.fail, max_bytes=max_bytes)
    handler.setFormatter(FileFormat())
    for message in messages:
        handler.handle(logging.LogRecord("x", level, "", 0, message, (), None))


def messages(entries: list[Entry]) -> list[str]:
    return [entry.message for entry in entries]


def test_no_log_yet(tmp_path: Path) -> None:
    assert read_log(tmp_path / "missing", 10) == []


def test_the_newest_records_oldest_first(tmp_path: Path) -> None:
    log(tmp_path, *(f"line {number}" for number in range(10)))
    assert messages(read_log(tmp_path, 3)) == ["line 7", "line 8", "line 9"]
    assert len(read_log(tmp_path, 100)) == 10


def test_a_record_has_its_parts(tmp_path: Path) -> None:
    (tmp_path / LOG_NAME).write_text("2026-11-23T14:00:00.123Z WARNING 4711 Something: is odd\n")
    (entry,) = read_log(tmp_path, 1)
    assert entry == Entry("2026-11-23T14:00:00.123Z", "WARNING", 4711, "Something: is odd")
    assert str(entry) == "2026-11-23T14:00:00.123Z WARNING 4711 Something: is odd"


def test_only_what_is_grave_enough(tmp_path: Path) -> None:
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        log(tmp_path, logging.getLevelName(level), level=level)
    assert messages(read_log(tmp_path, 10, logging.WARNING)) == ["WARNING", "ERROR"]
    assert messages(read_log(tmp_path, 1, logging.INFO)) == ["ERROR"]


def test_a_record_of_several_lines_is_one(tmp_path: Path) -> None:
    log(tmp_path, "before", "It broke\nTraceback:\n  here\n\nValueError", "after")
    entries = read_log(tmp_path, 2)
    assert messages(entries) == ["It broke\nTraceback:\n  here\n\nValueError", "after"]
    assert str(entries[0]) in (tmp_path / LOG_NAME).read_text()


def test_rotated_files_are_read_too(tmp_path: Path) -> None:
    log(tmp_path, *(f"line {number}" for number in range(20)), max_bytes=150)
    assert len(list(tmp_path.iterdir())) == 5
    read = messages(read_log(tmp_path, 100))
    assert read == [f"line {number}" for number in range(20)][-len(read) :]
    assert len(read) > 10


def test_a_rotation_in_the_middle_of_reading_shows_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log(tmp_path, "one", "two")
    really = os.open
    rotated: list[bool] = []

    def open_and_rotate(path: Path, flags: int) -> int:
        descriptor = really(path, flags)
        if not rotated:
            rotated.append(True)
            (tmp_path / LOG_NAME).replace(tmp_path / f"{LOG_NAME}.1")
        return descriptor

    monkeypatch.setattr(os, "open", open_and_rotate)
    assert messages(read_log(tmp_path, 10)) == ["one", "two"]


def test_only_the_end_of_a_large_file_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log(tmp_path, *("x" * 100 for _ in range(5000)), max_bytes=10_000_000)
    read: list[int] = []
    really = os.pread

    def count(descriptor: int, size: int, offset: int) -> bytes:
        read.append(size)
        return really(descriptor, size, offset)

    monkeypatch.setattr(os, "pread", count)
    assert len(read_log(tmp_path, 10)) == 10
    assert sum(read) == reading.BLOCK


def test_what_is_no_record_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / LOG_NAME).write_bytes(
        b"    the end of a record that was rotated away\n\xff\xfe garbage\n\n"
        b"2026-11-23T14:00:00.123Z INFO 1 whole\n2026-11-23T14:00:00.124Z INFO 1 no line end"
    )
    assert messages(read_log(tmp_path, 10)) == ["whole", "no line end"]


def test_an_unreadable_log_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / LOG_NAME).mkdir()
    with pytest.raises(ConfigurationInvalid, match="can't be read: Is a directory"):
        read_log(tmp_path, 10)


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40), max_size=8
    ),
    st.integers(1, 60),
    st.integers(1, 10),
)
def test_whatever_is_logged_is_read_in_its_order(
    tmp_path_factory: pytest.TempPathFactory, said: list[str], block: int, lines: int
) -> None:
    folder = tmp_path_factory.mktemp("logs")
    log(folder, *said)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "BLOCK", block)
        read = read_log(folder, lines)
    whole = (folder / LOG_NAME).read_text(encoding="utf-8") if said else ""
    assert len(read) == min(lines, len(said))
    assert whole.endswith("".join(f"{entry}\n" for entry in read))
