"""Installed units go on when the key that systemd loads for them is rotated, also in a run."""

import pytest

from analytics_sync.simulator.faults import Fault
from support import scheduled_machine
from support.scheduled_machine import Home, furnish, machine, platforms
from support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("machine with systemd")]
JOB = "sync_business_1"
MAKE_DUE = (
    "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]);"
    " db.execute('UPDATE schedule SET since = since - 90000000');"
    " db.execute('DELETE FROM slot');"
    " db.execute('UPDATE post SET last_tried_at = NULL, last_read_at = NULL');"
    " db.execute('UPDATE account SET discovered = \"{}\"'); db.commit()"
)


def test_a_key_is_rotated_beside_a_run_that_began_with_the_old_one(tmp_path):
    reason = scheduled_machine.why_not()
    if reason is not None:
        pytest.skip(reason)
    with platforms(["x", "linkedin"], businesses=1) as world, machine(tmp_path / "disk") as sandbox:
        home = furnish(world, Home(sandbox, "worker", as_root=True), 1)
        home.ask("schedule", "1", "--every", "24h")
        unit = home.unit(JOB)
        start(home, unit)
        make_due(home)
        world.simulator.world.faults.add(Fault("slow", seconds=3, times=2))
        home.systemctl("start", "--no-block", unit)
        until(lambda: home.ask("jobs")["jobs"][0]["running"])
        rotated = home.say("key", "rotate", root=True)
        assert (rotated["rows"], rotated["dropped"] != []) == (2, True)
        until(lambda: not home.ask("jobs")["jobs"][0]["running"])
        assert home.runs[0]["outcome"] == "complete"
        start(home, unit)
        assert [run["outcome"] for run in home.runs] == ["complete"] * 3
        assert home.say("key", "path")["keys"] == [rotated["newest"]]
        owner = sandbox.run("stat", "-c", "%U %a", f"{home.path}/key").stdout.strip()
        assert owner == "worker 600", "root has rotated it, and it is still its owner's"
        attention = home.say("status")["status"]["attention"]
        assert not [one for one in attention if one["code"] in {"copied", "credential_refused"}]
        home.ask("unschedule", "--all")


def start(home, unit):
    make_due(home)
    home.systemctl("start", unit)


def make_due(home):
    """Move the job's beginning back, so that the slot before now is due."""
    database = f"{home.path}/analytics-sync.db"
    home.sandbox.run(scheduled_machine.PYTHON, "-c", MAKE_DUE, database, user=home.user)
