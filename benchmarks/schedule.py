"""How long `jobs`, and `schedule` of one business more, take where 1,000 are scheduled.

In a crontab, by a stand-in for the `crontab` program, and as units of systemd in a folder, by a
stand-in for `systemctl`: what the program itself takes, without the machine's own scheduler.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from measure import HERE, Usage, heading, run

from analytics_sync.clock import SystemClock
from analytics_sync.domain.timing import Every
from analytics_sync.store import businesses, schedules
from analytics_sync.wiring import initialise, installation

TESTS = HERE.parent / "tests"
# Runs one command with the stand-ins in place of what they stand in for.
COMMAND = """
import os, sys
from pathlib import Path
from support.stand_ins import use_units_in
from analytics_sync.schedule import place
place.THROW_AWAY = ()
if sys.argv[1] == "systemd":
    use_units_in(Path(os.environ["STAND_INS"]))
from analytics_sync.cli.frame import run
sys.exit(run(sys.argv[2:]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=1_000, help="businesses that are scheduled")
    parser.add_argument("--times", type=int, default=5, help="runs of each line")
    told = parser.parse_args()
    print(f"{told.jobs:,} businesses are scheduled")
    heading("median", "slowest", "CPU")
    for backend in ("crontab", "systemd"):
        with tempfile.TemporaryDirectory() as folder:
            environ = furnish(Path(folder), told.jobs)
            run([*program(backend), "schedule", "--apply", "--backend", backend], environ)
            measure(backend, environ, ["jobs"], told.times)
            measure(backend, environ, ["status"], told.times)
            more = ["schedule", str(told.jobs), "--every"]
            spans = [[*more, f"{hours}h"] for hours in range(2, told.times + 2)]
            measure(backend, environ, ["schedule"], told.times, spans)


def program(backend: str) -> list[str]:
    return [sys.executable, "-c", COMMAND, backend]


def measure(
    backend: str,
    environ: Mapping[str, str],
    words: Sequence[str],
    times: int,
    commands: Sequence[Sequence[str]] = (),
) -> None:
    found = [run([*program(backend), *command], environ) for command in commands or [words] * times]
    print(f"{f'{words[0]}, {backend}':44}{line_of(found)}   under 1 s", flush=True)


def line_of(found: Sequence[Usage]) -> str:
    walls = [one.wall for one in found]
    cpu = statistics.median(one.cpu for one in found)
    figures = (statistics.median(walls), max(walls), cpu)
    return "".join(f"{1000 * figure:>9.0f} ms" for figure in figures)


def furnish(folder: Path, jobs: int) -> dict[str, str]:
    """A home with so many jobs in its database, and the stand-ins on PATH."""
    environ = {
        **{name: value for name, value in os.environ.items() if "ANALYTICS" not in name},
        "ANALYTICS_SYNC_HOME": str(folder / "home"),
        "STAND_INS": str(folder / "configuration"),
        "PYTHONPATH": str(TESTS),
        "PATH": f"{folder / 'program'}:{os.environ['PATH']}",
    }
    script = f"""
from pathlib import Path
from support.crontab_program import CrontabProgram
CrontabProgram(Path({str(folder / "program")!r}))
"""
    subprocess.run([sys.executable, "-c", script], env=environ, check=True)
    with installation(environ) as opened:
        initialise(opened)
        now = SystemClock().now()
        with opened.database.write() as connection:
            for id in range(1, jobs + 1):
                businesses.add(connection, f"Business {id}", timezone="UTC", now=now)
                timing = Every(timedelta(hours=1), timedelta(minutes=id % 60))
                schedules.put(connection, id, timing, now=now)
    return environ


if __name__ == "__main__":
    main()
