"""Many `schedule` commands at once, by several processes. Run as a program, which prints statuses.

A process with everything imported forks the others: fresh interpreters would take far longer.

    many_schedules.py crontab HOME PROCESSES EACH          with `crontab` as PATH finds it
    many_schedules.py systemd HOME PROCESSES EACH FOLDER   units in a folder, a stand-in `systemctl`
"""

import json
import os
import sys
from pathlib import Path

import crontab  # noqa: F401 - what scheduling needs, imported once
import sqlalchemy  # noqa: F401

from analytics_sync.cli import frame, schedule  # noqa: F401
from analytics_sync.schedule import crontab as _crontab  # noqa: F401
from analytics_sync.schedule import place, scheduler
from analytics_sync.store import schedules  # noqa: F401
from support.stand_ins import use_units_in


def many(first: int, each: int, backend: str) -> int:
    """Schedule so many businesses one after the other; the gravest status."""
    ids = range(first, first + each)
    command = ["--quiet", "schedule", "--every", "1h", "--backend", backend, "--json"]
    sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115
    return max(int(frame.run([*command, str(id)])) for id in ids)


def main() -> None:
    backend, home, processes, each, *folder = sys.argv[1:]
    os.environ["ANALYTICS_SYNC_HOME"] = home
    place.THROW_AWAY = ()  # type: ignore[misc]
    assert scheduler
    if backend == "systemd":
        use_units_in(Path(folder[0]))
    children = []
    for number in range(int(processes)):
        child = os.fork()
        if child == 0:
            os._exit(many(1 + number * int(each), int(each), backend))
        children.append(child)
    print(json.dumps([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]))  # noqa: T201


if __name__ == "__main__":
    main()
