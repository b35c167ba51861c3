"""First starts of the program: many at once, and killed in the middle. Run as a program.

A process of its own, with everything imported and no threads, forks the starts: a fresh
interpreter for each would take a hundred times as long.

    first_starts.py crowd HOME NUMBER      prints the exit statuses
    first_starts.py kill FOLDER NUMBER     prints how many kills came in time, and what broke
"""

import json
import os
import random
import signal
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

import alembic.command  # noqa: F401 - what a first start needs

import analytics_sync.logs.setup
import analytics_sync.vault.keys
import analytics_sync.wiring  # noqa: F401
from analytics_sync.cli import frame
from analytics_sync.errors import AnalyticsSyncError
from analytics_sync.store import businesses, migrate, schema  # noqa: F401
from analytics_sync.store.database import Database


def crowd(home: str, number: int) -> list[int]:
    """Start `init` and `business add` by turns, all at once."""
    os.environ["ANALYTICS_SYNC_HOME"] = home
    reading, writing = os.pipe()
    children = []
    for index in range(number):
        child = os.fork()
        if child == 0:
            os.close(writing)
            os.read(reading, 1)
            silent = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silent, 1)
            words = ["business", "add", f"Client {index}"] if index % 2 else ["init"]
            os._exit(frame.run([*words, "--json"]))
        children.append(child)
    os.close(reading)
    os.close(writing)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def kill(folder: Path, number: int) -> tuple[int, list[str]]:
    """Kill first starts at moments from their first step to their last."""
    # The very first one takes longer than those that follow.
    make(folder / "first.db")
    started = time.monotonic()
    make(folder / "whole.db")
    whole = time.monotonic() - started
    rng = random.Random(11)
    landed, broken = 0, []
    for index in range(number):
        path = folder / f"killed-{index}.db"
        killed = killed_while_making(path, rng.uniform(0, 1.2 * whole))
        landed += killed
        # A machine's speed changes: kills that come too late come sooner from then on.
        whole *= 1.02 if killed else 0.9
        try:
            make(path)
            with closing(sqlite3.connect(path)) as connection:
                told = connection.execute("PRAGMA integrity_check").fetchone()[0]
                assert told == "ok", told
        except (AnalyticsSyncError, sqlite3.Error, AssertionError) as error:
            broken.append(f"{sorted(p.name for p in folder.glob(f'{path.name}*'))}: {error}")
        for left in folder.glob(f"{path.name}*"):
            left.unlink()
    return landed, broken


def make(path: Path) -> None:
    """What the first command does; fails where the tables are not there afterwards."""
    database = Database(f"sqlite:///{path}")
    migrate.ensure(database)
    with database.read() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM snapshot")
    database.close()


def killed_while_making(path: Path, seconds: float) -> bool:
    """Whether the kill came before the end."""
    child = os.fork()
    if child == 0:
        make(path)
        os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


if __name__ == "__main__":
    what, place, count = sys.argv[1:]
    done = crowd(place, int(count)) if what == "crowd" else kill(Path(place), int(count))
    sys.stdout.write(json.dumps(done))
