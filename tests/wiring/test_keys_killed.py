"""`key rotate` killed again and again, beside processes that read, renew and sync; then finished."""

import os
import random
import signal
import subprocess
import sys

import pytest

from analytics_sync.simulator.server import serving
from analytics_sync.store import credentials, rotation
from analytics_sync.store.credentials import Facts
from analytics_sync.vault.key_file import is_rotating
from analytics_sync.vault.keys import keys_of_file
from analytics_sync.vault.sealing import opens
from support.house import House

PROGRAM = [sys.executable, "-m", "analytics_sync"]
CREDENTIALS = 120
JOURNALS = 15
KILLS = 50

# One process that opened its vault once, and goes on through all rotations: it opens any
# credential, and renews one under its lock, as syncs do. It ends when its input does.
BESIDE = """
import json, random, select, sys
from analytics_sync.errors import CredentialRefused
from analytics_sync.locks import waited_for
from analytics_sync.store import credentials
from analytics_sync.wiring import installation

rng, ids, rounds = random.Random(3), json.loads(sys.argv[1]), 0

def opened(id):
    for attempt in (1, 2, 3):
        with found.database.read() as connection:
            row = credentials.get(connection, id)
        try:
            return row, found.vault.open({"credential": id}, row.ciphertext)
        except CredentialRefused:
            # It may have been sealed anew, and the old key dropped, since it was read.
            if attempt == 3:
                raise

with installation() as found:
    found.vault
    while not select.select([sys.stdin], [], [], 0)[0]:
        for id in rng.sample(ids, 20):
            opened(id)
        id = rng.choice(ids)
        with waited_for(found.locks, "credential", id, 60):
            row, secret = opened(id)
            secret["renewed"] = secret.get("renewed", 0) + 1
            with found.database.write(durable=True) as connection:
                sealed = found.vault.seal({"credential": id}, secret)
                assert credentials.swap(
                    connection, id, row.version, sealed, credentials.Facts()
                )
        rounds += 1
print(rounds)
"""


@pytest.fixture
def house(tmp_path):
    """Accounts that can be synced, and many credentials beside, some with a journal."""
    made = House.of_today(tmp_path)
    made.add_business()
    made.populate("x", "linkedin", posts=3)
    return made


def fill(house):
    with house.opened() as found:
        with found.database.write() as connection:
            ids = []
            for number in range(CREDENTIALS):
                id = credentials.add(connection, platform="x", facts=Facts(), now=house.clock.now())
                secret = {"access_token": f"token {number} {'x' * (number * 13 % 900)}"}
                credentials.seal(connection, id, found.vault.seal({"credential": id}, secret))
                ids.append(id)
        folder = house.home.path / "journal"
        folder.mkdir(mode=0o700, exist_ok=True)
        for id in ids[:JOURNALS]:
            sealed = found.vault.seal({"credential": id, "journal": 1}, {"token": str(id)})
            (folder / f"credential-{id}.journal").write_text(f"1 {sealed}\n")
    return ids


def texts(house):
    """All ciphertexts as they stand now."""
    with house.opened() as found, found.database.read() as connection:
        rows = [one.ciphertext for one in rotation.sealed(rotation.over(connection))]
    journals = (house.home.path / "journal").glob("*.journal")
    return [*rows, *(path.read_text().split()[1] for path in journals)]


def rotate(environ):
    return subprocess.Popen(
        [*PROGRAM, "key", "rotate", "--json"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_many(house, environ, origin_keys):
    """Kill rotations at random moments of their work; gives how many left one unfinished."""
    rng = random.Random(11)
    landed = unfinished = 0
    longest = 1.5
    while landed < KILLS:
        process = rotate(environ)
        # Not before it has loaded what it needs.
        wait = rng.uniform(0.3, longest)
        try:
            process.communicate(timeout=wait)
            assert process.returncode == 0
            longest = max(0.6, longest * 0.9)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            landed += 1
            longest = min(20.0, longest * 1.05)
        origin_keys.update(keys_of_file(house.home.key).texts)
        unfinished += is_rotating(house.home.key)
        if landed % 10 == 5:
            run = subprocess.run(
                [*PROGRAM, "sync", "--json"], env=environ, capture_output=True, check=False
            )
            assert run.returncode == 0, run.stdout + run.stderr
    return unfinished


@pytest.mark.slow
def test_fifty_kills_cost_no_credential_and_the_old_keys_are_useless(house):
    ids = fill(house)
    keys = set(keys_of_file(house.home.key).texts)
    old = texts(house)
    with serving(house.simulator) as origin:
        environ = {**os.environ, **house.environ, **house.simulator.settings(origin)}
        environ["PYTHONDONTWRITEBYTECODE"] = "1"
        beside = subprocess.Popen(
            [sys.executable, "-c", BESIDE, str(ids[JOURNALS:])],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            unfinished = kill_many(house, environ, keys)
            old += texts(house)
            finished = rotate(environ)
            assert finished.communicate(timeout=120)[1] == ""
            assert finished.returncode == 0
            rounds, errors = beside.communicate("end\n", timeout=120)
        finally:
            beside.kill()
    assert errors == ""
    assert int(rounds) > 0
    assert unfinished > 5, "the kills came in the middle"
    (newest,) = keys_of_file(house.home.key).texts
    now = texts(house)
    assert len(now) == CREDENTIALS + JOURNALS + 2
    assert all(opens(newest, text) for text in now), "every credential is readable"
    assert not any(opens(key, text) for key in keys - {newest} for text in now)
    check_bytes(house, [text for text in old if not opens(newest, text)])
    assert sorted(path.name for path in house.home.path.glob("key*")) == ["key"]


def check_bytes(house, old):
    """No old ciphertext is left in the database's files."""
    assert len(old) > CREDENTIALS
    files = b"".join(
        path.read_bytes()
        for path in house.home.path.glob("analytics-sync.db*")
        if not path.name.endswith("-shm")
    )
    assert files
    for text in old:
        assert not any(text[at : at + 40].encode() in files for at in range(40, len(text) - 40, 80))
