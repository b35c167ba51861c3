"""Single-use refresh tokens, many processes, and kill -9 at every step of the protocol."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from analytics_sync.simulator.faults import Fault
from analytics_sync.simulator.server import serving
from analytics_sync.store import credentials
from analytics_sync.tokens import sealed
from support import refresh_race
from support.renewals import Renewals

ACCOUNTS, PROCESSES, ROUNDS, KILLS = 200, 6, 3, 30


@pytest.mark.slow
@pytest.mark.xdist_group("race")
def test_no_token_is_lost_but_in_the_moment_that_no_client_can_close(tmp_path):
    """That moment: the platform has answered, or is about to, and nothing is on disk yet.

    It is counted from both sides. The platform says which refresh token is good, which is that of
    the database for every account that lives. And each process has written its steps down: of the
    others, the last one that asked for a successor was killed before it could write one.
    """
    arguments = (tmp_path, ACCOUNTS, PROCESSES, ROUNDS, KILLS, 1)
    done = subprocess.run(
        [sys.executable, refresh_race.__file__, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    lost = found["lost"]
    logging.getLogger(__name__).info("%s", {**found, "lost": dict(Counter(lost.values()))})
    assert set(lost.values()) <= {"sent", "answered"}, f"lost in another way: {lost}"
    assert found["refused_but_alive"] == 0, "a used refresh token was sent again"
    assert found["outcomes"] == {
        "ok": ACCOUNTS - len(lost),
        **({"credential_refused": len(lost)} if lost else {}),
    }
    assert found["integrity"] == "ok"
    assert "Traceback" not in found["errors"], found["errors"]
    assert not [name for name in found["journals"] if name.endswith(".journal")]
    assert found["kills"] >= ROUNDS * KILLS
    # The race was one: every step was somebody's last, and there was much to lose.
    assert set(found["last_steps"]) == set(refresh_race.STEPS)
    assert found["rotations"] > ACCOUNTS
    assert len(lost) < ACCOUNTS / 2


@pytest.mark.slow
def test_a_signal_in_the_middle_of_a_renewal_costs_no_token(tmp_path):
    house = Renewals(tmp_path)
    expired = replace(house.token(), expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    with house.opened() as found, found.database.write() as connection:
        text = found.vault.seal({"credential": 1}, sealed(expired))
        credentials.seal(connection, 1, text)
    house.world.faults.add(Fault("late", "x", "oauth2/token", seconds=2.0))
    with serving(house.simulator) as origin:
        environ = {**os.environ, **house.environ, **house.simulator.settings(origin)}
        process = subprocess.Popen(
            [sys.executable, "-m", "analytics_sync", "sync", "--json"],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 60
        while not house.grants[0].rotations and time.monotonic() < deadline:
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=60)
    assert time.monotonic() - begun < 20
    assert process.returncode == 75, errors
    assert json.loads(output)["outcome"] == "interrupted"
    assert house.lives()
    assert house.journals() == []
