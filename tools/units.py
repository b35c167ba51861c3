"""Writes the unit files in `deploy/systemd`, for installing by hand; `--check` only compares.

They come from the templates that `schedule --backend systemd` fills, with paths to be replaced.
"""
# ruff: noqa: INP001

import argparse
import sys
from datetime import timedelta
from pathlib import Path

from analytics_sync.domain.jobs import job_name
from analytics_sync.domain.timing import Every
from analytics_sync.schedule import _units
from analytics_sync.schedule._backend import Entry, Place

FOLDER = Path(__file__).resolve().parent.parent / "deploy/systemd"
NAME = "main"
HOUR = timedelta(hours=1)
ENTRIES = (
    Entry(job_name(None), "Sync Analytics for All Businesses", Every(HOUR), ()),
    Entry(_units.TICK, "Make up missed syncs", Every(HOUR, timedelta(minutes=25)), ()),
)
SYSTEM = Place(
    name=NAME,
    program=Path("/opt/analytics-sync/bin/analytics-sync"),
    home=Path("/var/lib/analytics-sync"),
    prefixes=(Path("/opt/analytics-sync"),),
    user="analytics-sync",
    as_root=True,
    max_run=timedelta(minutes=10),
    key=Path("/var/lib/analytics-sync/key"),
)
USER = Place(
    name=NAME,
    program=Path("/home/me/.local/share/pipx/venvs/analytics-sync/bin/analytics-sync"),
    home=Path("/home/me/.local/share/analytics-sync"),
    prefixes=(),
    user="me",
    as_root=False,
    max_run=timedelta(minutes=10),
)
PLACES = {"system": SYSTEM, "user": USER}


def written() -> dict[Path, str]:
    """The texts of all files by path."""
    files = {}
    for kind, place in PLACES.items():
        # A timer for a single time takes itself away: only `schedule` can tell where it lies.
        once = _units.service_name(place, "once@.service")
        texts = _units.services(place, Path("/"), Path("/")) | dict([_units.http_service(place)])
        texts |= {_units.timer_name(place, one.name): _units.timer(place, one) for one in ENTRIES}
        files |= {FOLDER / kind / name: text for name, text in texts.items() if name != once}
    return files


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    wanted = written()
    there = {path: path.read_text() for kind in PLACES for path in (FOLDER / kind).glob("*.*")}
    if parser.parse_args().check:
        wrong = sorted(path.name for path in wanted | there if wanted.get(path) != there.get(path))
        for name in wrong:
            print(f"deploy/systemd: {name} is not as its template; type: make units")  # noqa: T201
        return 1 if wrong else 0
    for path in there.keys() - wanted.keys():
        path.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
