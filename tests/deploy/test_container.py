"""What the containers do, done here: the same build, services, users and PostgreSQL, without Docker."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from analytics_sync.simulator.server import serving
from support import postgres
from support.container import build, compose, environment, make_secrets, reachable, shell
from support.house import House
from support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.xdist_group("container")]
USER = 10001


@pytest.fixture(scope="module")
def program() -> Iterator[Path]:
    """The program as the image holds it, where every user may read it."""
    top = Path(tempfile.mkdtemp(prefix="container"))
    top.chmod(0o755)
    try:
        build(top / "program")
    except subprocess.CalledProcessError as failed:
        shutil.rmtree(top)
        said = failed.stderr.decode(errors="replace")
        if "No matching distribution" in said or "Connection" in said:
            pytest.skip(f"the libraries can't be fetched here: {said[-300:]}")
        raise AssertionError(said) from None
    yield top / "program"
    shutil.rmtree(top)


@dataclass
class Containers:
    """The services of the compose file as processes of this machine, as the image's user."""

    services: dict[str, Any]
    program: Path
    home: Path
    secrets: Path
    url: str
    network: dict[str, str]

    @property
    def as_user(self) -> bool:
        """Whether services run as the image's user: root starts them, and the Python is for all."""
        return os.geteuid() == 0 and reachable(self.program / "bin/python")

    def environ(self, service: str) -> dict[str, str]:
        return {
            "PATH": f"{self.program / 'bin'}:/usr/bin:/bin",
            "ANALYTICS_SYNC_HOME": str(self.home),
            **environment(self.services[service], self.secrets),
            **self.network,
        }

    def start(self, service: str, *words: str, **more: str) -> "subprocess.Popen[str]":
        user: dict[str, Any] = {"user": USER, "group": USER, "extra_groups": []}
        return subprocess.Popen(
            list(words),
            env={**self.environ(service), **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
            start_new_session=True,
            **(user if self.as_user else {}),
        )

    def run(self, *arguments: str, status: int = 0) -> str:
        process = self.start("cli", "analytics-sync", *arguments)
        said, _ = process.communicate(timeout=120)
        assert process.returncode == status, said
        return said

    def status(self) -> dict[str, Any]:
        return dict(json.loads(self.run("status", "--json"))["status"])

    def healthy(self) -> bool:
        kind, script = self.services["tick"]["healthcheck"]["test"]
        assert kind == "CMD-SHELL"
        process = self.start("tick", "sh", "-c", *shell([script]))
        process.communicate(timeout=60)
        return process.returncode == 0

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(query)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def containers(program: Path, folder: str) -> Iterator[tuple[Containers, House]]:
    top = Path(tempfile.mkdtemp(prefix="compose"))
    top.chmod(0o755)
    url = postgres.create_database(folder, f"container_{uuid4().hex}")
    Path(folder).chmod(0o711)
    secrets = make_secrets(top)
    secrets.chmod(0o755)
    (secrets / "database-url").write_text(f"{url}\n")
    home = top / "home"
    home.mkdir(mode=0o700)
    house = House(top / "of the test", database_url=url)
    house.environ["CREDENTIALS_DIRECTORY"] = str(secrets)
    with serving(house.simulator) as origin:
        network = house.simulator.settings(origin)
        here = Containers(compose()["services"], program, home, secrets, url, network)
        if here.as_user:
            os.chown(home, USER, USER)
        yield here, house
    shutil.rmtree(top)


@pytest.fixture
def served(program: Path, postgres_folder: str) -> Iterator[tuple[Containers, House]]:
    with containers(program, postgres_folder) as made:
        yield made


HOUR_AGO = "now() - interval '1 hour'"


def test_from_the_build_to_ticks_that_stop(served: tuple[Containers, House]) -> None:
    here, house = served
    assert "db upgrade" in here.run("tick", status=78)
    here.run(*here.services["upgrade"]["command"])
    here.run(*here.services["upgrade"]["command"])
    here.run("business", "add", "Acme")
    house.populate("x", "linkedin")
    assert not here.healthy()
    said = here.run("schedule", "--backend", "external", "--every", "5m")
    assert f"ANALYTICS_SYNC_HOME={here.home}" in said
    here.rows(f"UPDATE schedule SET since = {HOUR_AGO}")

    here.run("tick")
    here.run("tick")
    (first,) = here.rows(
        "SELECT trigger, outcome, synced > 0 FROM sync_run WHERE outcome <> 'nothing_due'"
    )
    assert first == ("tick", "complete", True)
    status = here.status()
    assert (status["running"], status["backend"]) == (True, "external")
    assert here.healthy()

    # As long as it was scheduled for less, the loop may still be about to begin.
    here.rows("UPDATE schedule SET since = now() - interval '2 hours'")
    here.rows("UPDATE installation SET ticked_at = now() - interval '76 minutes'")
    status = here.status()
    assert status["running"] is False
    assert any("tick" in one["message"].lower() for one in status["attention"])
    assert not here.healthy()


def test_the_loop_ticks_and_a_stop_ends_it_gracefully(served: tuple[Containers, House]) -> None:
    here, house = served
    here.run("db", "upgrade")
    here.run("business", "add", "Acme")
    house.populate("x")
    here.run("schedule", "--backend", "external", "--every", "5m")
    tick = here.services["tick"]
    words = [*tick["entrypoint"], *shell(tick["command"])]
    process = here.start("tick", *words, TICK_SECONDS="0.1")
    ticked = "SELECT ticked_at FROM installation WHERE ticked_at IS NOT NULL"
    until(lambda: here.rows(ticked))
    first = here.rows(ticked)
    until(lambda: here.rows(ticked) != first)
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert time.monotonic() - begun < 30
    assert "Traceback" not in said


def test_of_ticks_at_once_each_slot_is_run_once(served: tuple[Containers, House]) -> None:
    here, house = served
    here.run("db", "upgrade")
    for number in range(1, 7):
        here.run("business", "add", f"Acme {number}")
        house.populate("x", business=number, posts=5)
        here.run("schedule", str(number), "--backend", "external", "--every", "5m")
    for _ in range(3):
        here.rows("DELETE FROM slot")
        here.rows("DELETE FROM sync_run WHERE job IS NOT NULL")
        here.rows(f"UPDATE schedule SET since = {HOUR_AGO}")
        processes = [here.start("tick", "analytics-sync", "tick") for _ in range(4)]
        for process in processes:
            said, _ = process.communicate(timeout=120)
            assert process.returncode in (0, 75), said
        runs = here.rows(
            "SELECT job, slot_at, count(*) FROM sync_run WHERE job IS NOT NULL GROUP BY 1, 2"
        )
        assert sorted(job for job, _, _ in runs) == [f"sync_business_{n}" for n in range(1, 7)]
        assert {count for _, _, count in runs} == {1}
        assert here.rows(
            "SELECT count(*) FROM slot WHERE status = 0 AND finished_at IS NOT NULL"
        ) == [(6,)]
