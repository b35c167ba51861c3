"""kill -9 in the middle of a sync, again and again, then a clean run; and two syncs at once."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager

import pytest

from analytics_sync.platforms import all_platforms
from analytics_sync.simulator.faults import Fault
from analytics_sync.simulator.server import serving
from support.house import House

PROGRAM = [sys.executable, "-m", "analytics_sync"]


@contextmanager
def served(house):
    """The house's simulator over a real socket; gives the environment of the program."""
    with serving(house.simulator) as origin:
        settings = house.simulator.settings(origin)
        known = {n: v for n, v in settings.items() if n.split("__")[1].lower() in all_platforms()}
        yield {**os.environ, **house.environ, **known, "PYTHONDONTWRITEBYTECODE": "1"}


def start(environ, *arguments):
    return subprocess.Popen(
        [*PROGRAM, *arguments],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process, timeout=60):
    output, errors = process.communicate(timeout=timeout)
    assert "Traceback" not in errors + output
    return process.returncode, output, errors


def check_database(house):
    """Integrity, and what must hold after any number of kills."""
    with closing(sqlite3.connect(house.home.database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        doubled = (
            "SELECT count(*) FROM post GROUP BY account_id, platform_post_id HAVING count(*) > 1"
        )
        assert connection.execute(doubled).fetchall() == []
        # The newest snapshot of a post never lacks what `latest` says, and the other way round.
        lost = """SELECT count(*) FROM snapshot s WHERE NOT EXISTS
                  (SELECT 1 FROM latest l WHERE l.post_id = s.post_id AND l.captured_at >= s.captured_at)"""
        assert connection.execute(lost).fetchone() == (0,)
        return connection.execute("SELECT count(*) FROM snapshot").fetchone()[0]


def killed_again_and_again(house, environ, kills):
    """Kill `kills` syncs at random moments; time passes between them."""
    rng = random.Random(7)
    landed = 0
    stored = check_database(house)
    while landed < kills:
        house.pass_time(minutes=30)
        process = start(environ, "sync", "--json")
        try:
            process.wait(timeout=rng.uniform(0.25, 1.6))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            landed += 1
        finally:
            process.communicate()
        now = check_database(house)
        assert now >= stored, "what was stored is lost"
        stored = now


def check_clean_run(house, environ):
    status, output, errors = finish(start(environ, "sync", "--json"))
    assert status == 0, errors
    record = json.loads(output)
    assert record["outcome"] == "complete"
    truth, latest = house.truth(), house.latest()
    # What is no longer shown (stories after their day) keeps its last numbers.
    shown = [key for key in latest if key in truth]
    assert {key: latest[key] for key in shown} == {key: truth[key] for key in shown}
    assert len(shown) == record["posts"]["synced"]


@pytest.mark.parametrize("kills", [4, pytest.param(200, marks=pytest.mark.slow)])
def test_kill_9_loses_nothing_and_doubles_nothing(tmp_path, kills):
    house = House.of_today(tmp_path)
    house.add_business()
    for platform in all_platforms():
        house.populate(platform, posts=20)
    house.sync()
    with served(house) as environ:
        killed_again_and_again(house, environ, kills)
        # The simulated clock moved for each kill, and the program lives by the machine's clock.
        check_clean_run(house, environ)
    check_database(house)


def test_two_syncs_at_once_read_each_account_once(tmp_path):
    house = House.of_today(tmp_path)
    for number in range(1, 7):
        house.add_business(f"Client {number}")
        house.populate("x", business=number, posts=5)
    house.sync()
    house.world.journal.clear()
    with served(house) as environ:
        both = [start(environ, "sync", "--json", "--no-discover") for _ in range(2)]
        records = [json.loads(finish(process)[1]) for process in both]
    outcomes = [a["outcome"] for record in records for a in record["accounts"]]
    assert outcomes.count("ok") + outcomes.count("busy") == 12
    assert outcomes.count("ok") >= 6
    check_database(house)


@pytest.mark.parametrize(
    "name", ["SIGTERM", *(pytest.param(n, marks=pytest.mark.slow) for n in ("SIGHUP", "SIGINT"))]
)
def test_a_signal_ends_a_sync_well_within_ten_seconds(tmp_path, name):
    house = House.of_today(tmp_path)
    house.add_business()
    house.populate("linkedin", posts=60)
    house.sync()
    house.world.journal.clear()
    with served(house) as environ:
        house.world.faults.add(Fault("slow", times=1000, seconds=4.0))
        process = start(environ, "sync", "--json")
        wait_for_a_request(house, process)
        begun = time.monotonic()
        process.send_signal(getattr(signal, name))
        status, output, errors = finish(process)
        house.world.faults.clear()
    assert time.monotonic() - begun < 20
    assert status == 75, (errors, output)
    assert json.loads(output)["outcome"] == "interrupted"
    check_database(house)


def wait_for_a_request(house, process):
    """Until the program's first request is under way (a slow one is noted when it ends)."""
    deadline = time.monotonic() + 60
    while house.world.faults.pending[0].times == 1000 and time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
