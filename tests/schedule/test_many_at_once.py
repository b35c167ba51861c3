"""Two hundred `schedule` commands of eight processes at once lose no entry and no foreign line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from analytics_sync.store import businesses
from analytics_sync.wiring import initialise, installation
from support.crontab_program import CrontabProgram
from support.fake_clock import START

SCRIPT = Path(__file__).parent.parent / "support" / "many_schedules.py"
PROCESSES, EACH = 8, 25
FOREIGN = b"MAILTO=ada\n*/7 * * * * /usr/bin/backup --to 50\\% \xe9\n@daily true\n"

pytestmark = pytest.mark.slow


@pytest.fixture
def home(tmp_path):
    """A home with as many businesses."""
    made = tmp_path / "crowded home"
    with installation({"ANALYTICS_SYNC_HOME": str(made)}) as opened:
        initialise(opened)
        with opened.database.write() as connection:
            for id in range(1, PROCESSES * EACH + 1):
                businesses.add(connection, f"Business {id}", timezone="UTC", now=START)
    return made


def scheduled_at_once(backend: str, home: Path, path: str, *folder: str) -> list[int]:
    done = subprocess.run(
        [sys.executable, SCRIPT, backend, home, str(PROCESSES), str(EACH), *folder],
        env={**os.environ, "PYTHONPATH": str(SCRIPT.parent.parent), "PATH": path},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout.splitlines()[-1]))


def wanted() -> set[str]:
    return {f"sync_business_{id}" for id in range(1, PROCESSES * EACH + 1)}


def stored(home) -> set[str]:
    from analytics_sync.store.jobs import all_jobs
    from analytics_sync.wiring import rows

    with installation({"ANALYTICS_SYNC_HOME": str(home)}) as opened, rows(opened) as reading:
        return {known.job.name for known in all_jobs(reading)}


def test_in_a_crontab_with_lines_of_others(home, tmp_path):
    program = CrontabProgram(tmp_path / "program")
    program.tab = FOREIGN
    path = f"{program.folder}:{os.environ['PATH']}"
    assert scheduled_at_once("crontab", home, path) == [0] * PROCESSES
    assert program.tab is not None
    assert program.tab.startswith(FOREIGN)
    lines = program.tab.removeprefix(FOREIGN).decode().splitlines()
    entries = [line.split()[-1] for line in lines if not line.startswith("#")]
    assert sorted(entries) == sorted([*wanted(), "tick"])
    assert stored(home) == wanted()


def test_as_units_of_systemd_in_a_folder(home, tmp_path):
    folder = tmp_path / "configuration"
    assert scheduled_at_once("systemd", home, os.environ["PATH"], str(folder)) == [0] * PROCESSES
    timers = [path.name for path in (folder / "systemd/user").glob("*.timer")]
    entries = {name.removesuffix(".timer").split("-", 3)[-1] for name in timers}
    assert entries == {*wanted(), "tick"}
    assert len(list((folder / "systemd/user/timers.target.wants").iterdir())) == len(timers)
    assert stored(home) == wanted()
