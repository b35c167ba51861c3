"""Backups while syncs run and are killed; and restores that are killed."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest

from analytics_sync.simulator.server import serving
from analytics_sync.wiring.backups import back_up
from support.house import House

PROGRAM = [sys.executable, "-m", "analytics_sync"]
LOST = """SELECT count(*) FROM snapshot s WHERE NOT EXISTS
          (SELECT 1 FROM latest l WHERE l.post_id = s.post_id AND l.captured_at >= s.captured_at)"""

pytestmark = pytest.mark.slow


@pytest.fixture
def house(tmp_path):
    made = House.of_today(tmp_path)
    made.add_business()
    made.populate("x", "linkedin", "instagram", posts=80)
    return made


def check(path):
    """A database in which everything fits."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute(LOST).fetchone() == (0,)
        names = [name for (name,) in connection.execute("SELECT name FROM business ORDER BY id")]
        snapshots = connection.execute("SELECT count(*) FROM snapshot").fetchone()[0]
    return names, snapshots


def test_each_backup_is_of_one_moment_while_syncs_run_and_are_killed(house, tmp_path):
    rng = random.Random(5)
    done = threading.Event()
    ended = []

    def sync_on(environ):
        longest = 3.0
        while not done.is_set():
            house.pass_time(minutes=30)
            process = subprocess.Popen(
                [*PROGRAM, "sync", "--json"],
                env=environ,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                ended.append(process.wait(timeout=rng.uniform(0.6, longest)))
                longest = max(0.7, longest * 0.9)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                ended.append(process.wait())
                longest *= 1.2

    found = set()
    with serving(house.simulator) as origin:
        environ = {**os.environ, **house.environ, **house.simulator.settings(origin)}
        syncing = threading.Thread(target=sync_on, args=(environ,))
        syncing.start()
        try:
            while syncing.is_alive() and (
                len(ended) < 8 or len(found) < 3 or not {0, -signal.SIGKILL} <= set(ended)
            ):
                file = tmp_path / "our.bak"
                with house.opened() as opened:
                    made = back_up(opened, file, secrets=True, passphrase=None, force=True)
                assert made.bytes == file.stat().st_size
                found.add(check(file)[1])
        finally:
            done.set()
            syncing.join(60)
    assert [path.name for path in tmp_path.glob("*our.bak*")] == ["our.bak"]
    assert len(found) >= 3
    assert {0, -signal.SIGKILL} <= set(ended)


def test_a_restore_that_is_killed_leaves_one_or_the_other(house, tmp_path):
    house.sync()
    file = tmp_path / "our.bak"
    with house.opened() as opened:
        back_up(opened, file, secrets=True, passphrase=None, force=False)
    house.add_business("Added later")
    later = tmp_path / "later.db"
    shutil.copy(house.home.database, later)
    before, after = check(later)[0], check(file)[0]
    assert before != after
    rng = random.Random(6)
    environ = {**os.environ, **house.environ}
    killed, seen, longest = 0, [], 1.2
    while killed < 15:
        process = subprocess.Popen(
            [*PROGRAM, "db", "restore", str(file), "--force"],
            env=environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert process.wait(timeout=rng.uniform(0.2, longest)) == 0
            longest = max(0.3, longest * 0.9)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += 1
            longest = min(20.0, longest * 1.1)
        seen.append(check(house.home.database)[0])
        assert seen[-1] in (before, after)
        if seen[-1] == after:
            with house.opened() as opened, opened.database.write() as connection:
                connection.exec_driver_sql(
                    "INSERT INTO business (name, timezone, created_at)"
                    " VALUES ('Added later', 'UTC', 0)"
                )
    ran = subprocess.run(
        [*PROGRAM, "db", "restore", str(file), "--force"], env=environ, check=False
    )
    assert ran.returncode == 0
    assert check(house.home.database)[0] == after
    assert not list(house.home.path.glob(".restore-*"))
    assert house.sync().outcome == "complete"
