import os
import subprocess
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_sync.domain.timing import Every
from analytics_sync.errors import SchedulerUnusable
from analytics_sync.schedule._backend import Entry
from analytics_sync.schedule._block import Marks
from analytics_sync.schedule._cron_entry import cron_lines
from analytics_sync.schedule.crontab import check_lines
from support.crontab_program import place

ENTRY = Entry(
    "sync_business_1", "", Every(timedelta(hours=1)), ("sync", "--job", "sync_business_1")
)


def line_for(home: str, program: str = "/p", user: str | None = None) -> bytes:
    found = cron_lines(place(Path(home), program=program), [ENTRY], UTC, user)
    (line,) = found["sync_business_1"]
    return line


def as_cron_reads(command: bytes, *, strips_all: bool) -> bytes:
    """What cron gives to the shell; some crons drop the backslash before another one too."""
    given, rest = b"", command
    while rest:
        first, rest = rest[:1], rest[1:]
        if first == b"%":
            break
        if first == b"\\" and (rest[:1] == b"%" or (strips_all and rest[:1] == b"\\")):
            first, rest = rest[:1], rest[1:]
        elif first == b"\\":
            first, rest = first + rest[:1], rest[1:]
        given += first
    return given


def test_usual_paths_stand_as_they_are() -> None:
    assert line_for("/srv/as", "/opt/as/bin/analytics-sync") == (
        b"0 * * * * ANALYTICS_SYNC_HOME=/srv/as /opt/as/bin/analytics-sync"
        b" sync --job sync_business_1 # analytics-sync:1a2b3c4d sync_business_1\n"
    )
    assert line_for("/srv/as", user="alice").startswith(b"0 * * * * alice ANALYTICS_SYNC_HOME=")


@pytest.mark.parametrize(
    "home",
    [
        "/a b",
        "/it's",
        '/"q"',
        "/100%",
        "/a\\%b",
        "/a\\\\b\\",
        "/$HOME`x`",
        "/hé",
        "/a # b",
        "/a\rb",
    ],
)
def test_the_shell_gets_unusual_paths_as_they_are(home: str, tmp_path: Path) -> None:
    program = tmp_path / "pro gr%m"
    program.write_text('#!/bin/sh\nprintf "%s|" "$ANALYTICS_SYNC_HOME" "$@"\n')
    program.chmod(0o755)
    line = line_for(home, str(program))
    check_lines([line])
    assert Marks("1a2b3c4d").job(line) == "sync_business_1"
    command = line.split(b" ", 5)[5].rstrip(b"\n")
    for strips_all in (True, False):
        given = as_cron_reads(command, strips_all=strips_all)
        told = subprocess.run(["/bin/sh", "-c", given], stdout=subprocess.PIPE, check=True).stdout
        assert told == f"{home}|sync|--job|sync_business_1|".encode()


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_characters="\n\0", exclude_categories=["Cs"]), max_size=80))
def test_any_path_is_one_line_of_ours_without_a_bare_percent_sign(path: str) -> None:
    line = line_for(f"/{path}")
    assert line.count(b"\n") == 1
    assert Marks("1a2b3c4d").job(line) == "sync_business_1"
    assert as_cron_reads(line, strips_all=True).endswith(b"sync_business_1\n")
    check_lines([line])


def test_bytes_that_are_no_text_stay() -> None:
    assert b"ANALYTICS_SYNC_HOME='/\xff'" in line_for(os.fsdecode(b"/\xff"))


@pytest.mark.parametrize(
    ("home", "words"), [("/a\nb", "line break"), ("/" + "x" * 990, "too long")]
)
def test_paths_that_no_line_can_hold_are_refused(home: str, words: str) -> None:
    with pytest.raises(SchedulerUnusable, match=words) as caught:
        line_for(home)
    assert caught.value.hint
