import fcntl
import json
import logging
import os
import time
from pathlib import Path

import pytest

from analytics_sync.locks import try_lock
from analytics_sync.notify.command import NotRun, run

DOCUMENT = {"event": "failure", "message": "ü" * 3}
ENVIRON = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "ANALYTICS_SYNC_HOME": "/srv/a home",
    "ANALYTICS_SYNC_KEY": "planted-key",
    "ANALYTICS_SYNC_DATABASE_URL": "postgresql://u:planted-password@h/d",
    "ANALYTICS_SYNC_PLATFORMS__X__CLIENT_SECRET": "planted-secret",
    "CREDENTIALS_DIRECTORY": "/run/credentials/planted",
    "PGPASSWORD": "planted-too",
}


def tell(program, **more):
    run([str(program.path)], ENVIRON, {"ANALYTICS_SYNC_EVENT": "failure"}, DOCUMENT, **more)


def test_it_is_given_the_event_and_none_of_our_secrets(program):
    tell(program)
    assert program.told == [DOCUMENT]
    assert program.environment["ANALYTICS_SYNC_EVENT"] == "failure"
    assert program.environment["ANALYTICS_SYNC_HOME"] == "/srv/a home"
    assert program.environment["LANG"] == "C.UTF-8"
    assert "planted" not in json.dumps(program.environment)


def test_what_it_prints_is_logged(program, caplog):
    caplog.set_level(logging.INFO)
    program.write("echo told the night shift; echo and complains >&2")
    tell(program)
    assert "told the night shift\nand complains" in caplog.text


def test_a_failing_one_is_told_apart(program):
    program.write("exit 3")
    with pytest.raises(NotRun, match="ended with 3"):
        tell(program)


def test_one_that_a_signal_ends_has_failed(program):
    program.write("kill -9 $$")
    with pytest.raises(NotRun, match="-9"):
        tell(program)


@pytest.mark.parametrize("mode", [0o600, None])
def test_one_that_can_not_be_started_is_named_so(program, mode):
    if mode is None:
        program.path.unlink()
    else:
        program.path.chmod(mode)
    with pytest.raises(NotRun, match=r"can't be started: (No such file|Permission denied)"):
        tell(program)


def test_a_hanging_one_is_killed_with_what_it_started(program):
    program.write('sleep 60 & echo $! > "$(dirname "$0")/child"; wait')
    with pytest.raises(NotRun, match=r"took longer than 0\.3 s"):
        tell(program, seconds=0.3)
    child = int(program.path.with_name("child").read_text())
    for _ in range(200):
        if not _lives(child):
            return
        time.sleep(0.005)
    raise AssertionError("the program's child lives on")


def _lives(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_one_that_prints_without_end_costs_no_memory(program):
    program.write("exec yes a line")
    with pytest.raises(NotRun, match="took longer"):
        tell(program, seconds=0.2)


def test_one_that_does_not_read_and_leaves_something_running_ends_when_it_ends(program):
    program.path.write_text("#!/bin/sh\nsleep 30 &\n")
    begun = time.monotonic()
    tell(program)
    assert time.monotonic() - begun < 20


def test_it_holds_no_lock_of_ours(program, tmp_path):
    program.write("sleep 5 > /dev/null 2>&1 &")
    held = try_lock(tmp_path / "a.lock")
    tell(program)
    held.release()
    descriptor = os.open(tmp_path / "a.lock", os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(descriptor)
