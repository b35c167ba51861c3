"""Commands that are killed at any moment: what others have stays, drift is named and can be mended."""

import ctypes
import os
import random
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from analytics_sync.cli import frame
from analytics_sync.schedule import _whose, choice, place
from support.crontab_program import CrontabProgram
from support.stand_ins import use_units_in

pytestmark = pytest.mark.slow

KILLS = 120
FOREIGN = (
    b"MAILTO=ada\n# caf\xe9\r\n@daily /usr/bin/true\n*/5 * * * * echo 100\\%\n" + b"#\n" * 9000
)
COMMANDS = (
    ("schedule",),
    ("schedule", "--every", "6h"),
    ("schedule", "1", "--every", "30m"),
    ("schedule", "2", "--cron", "0 2 * * *"),
    ("schedule", "1", "--at", "2090-12-01 15:30:00"),
    ("unschedule", "1"),
    ("unschedule", "2"),
    ("pause",),
    ("resume",),
    ("schedule", "--apply"),
    ("schedule", "--apply", "--backend", "crontab"),
    ("schedule", "--apply", "--backend", "systemd"),
    ("unschedule", "--all"),
)
ADOPT_ORPHANS = 36


@pytest.fixture
def crontab(tmp_path, monkeypatch):
    """A crontab and a folder of units, with lines and a unit of somebody else's."""
    if ctypes.CDLL(None).prctl(ADOPT_ORPHANS, 1, 0, 0, 0) != 0:
        pytest.skip("this system does not tell when the programs of a killed one have ended")
    for name in ("BOOTED", "SYSTEM_UNITS", "SYSTEM_STAMPS", "alive"):
        monkeypatch.setattr(_whose, name, getattr(_whose, name))
    for name in ("PATH", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    use_units_in(tmp_path / "configuration")
    monkeypatch.setattr(place, "THROW_AWAY", ())
    monkeypatch.setattr(choice, "USUAL", ("crontab",))
    program = CrontabProgram(tmp_path / "program", monkeypatch)
    program.tab = FOREIGN
    yield program
    ctypes.CDLL(None).prctl(ADOPT_ORPHANS, 0, 0, 0, 0)


def killed(arguments, after: float | None) -> float:
    """Run a command in a process of its own, and kill that; how long it took, whatever it started
    has ended.
    """
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        try:
            devnull = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(devnull, descriptor)
            os._exit(int(frame.run([*arguments, "--json"])))
        finally:
            os._exit(99)
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in {0, 2, -signal.SIGKILL}, (arguments, status)
    took = time.monotonic() - began
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return took


def drift(command) -> list[str]:
    found = command.call("status").document["status"]["attention"]
    return [one["message"] for one in found if one["code"] == "drift"]


def check_intact(home: Path, crontab: CrontabProgram) -> None:
    assert crontab.tab is not None
    assert crontab.tab.startswith(FOREIGN)
    others = crontab.tab.removeprefix(FOREIGN).splitlines()
    assert all(b"analytics-sync:" in line for line in others)
    with closing(sqlite3.connect(home / "analytics-sync.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_after_a_kill_drift_is_named_and_apply_mends_it(command, crontab, home, tmp_path):
    chance = random.Random(268)
    longest = max(killed(arguments, None) for arguments in COMMANDS)
    assert crontab.tab == FOREIGN
    named = 0
    for number in range(5 * KILLS):
        if number >= KILLS and named > KILLS / 20:
            break
        arguments = chance.choice(COMMANDS)
        killed(arguments, chance.uniform(0.0, longest))
        check_intact(home, crontab)
        told = drift(command)
        differs = command.call("schedule", "--apply", "--dry-run").document["changes"]
        assert bool(told) == bool(differs), (arguments, told, differs)
        named += bool(told)
        if told and chance.random() < 0.7:
            command.call("schedule", "--apply")
            assert drift(command) == []
            assert command.call("schedule", "--apply", "--dry-run").document["changes"] == []
    assert named > KILLS / 20
    command.call("unschedule", "--all")
    assert crontab.tab == FOREIGN
    assert list((tmp_path / "configuration").rglob("analytics-sync*")) == []
    assert [*home.glob("crontab*"), *home.glob("moving")] == []
