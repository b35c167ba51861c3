"""The service unit on a machine with a real systemd: it answers, and its syncs outlive it."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from analytics_sync.schedule import _units
from analytics_sync.schedule._backend import Place
from analytics_sync.schedule.place import find_place
from analytics_sync.simulator.faults import Fault
from analytics_sync.wiring import installation
from support import scheduled_machine
from support.ports import free_port
from support.scheduled_machine import Home, Platforms, furnish, machine, platforms
from support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("service on a machine with systemd")]
PAGE = Path(__file__).resolve().parents[2] / "docs/http.md"
SOCKET = "/run/analytics-sync/http.sock"
SCHEDULE = "/api/v1/scheduler/business/1/schedule"
TRIGGER = "/api/v1/scheduler/trigger-sync?business_id=1"


@dataclass
class Service:
    """The unit, installed as the page says. `port` None: it listens at the page's socket."""

    home: Home
    world: Platforms
    unit: str
    port: int | None

    def ask(self, method: str, path: str) -> httpx.Response:
        place = None if self.port else str(self.home.sandbox.path(SOCKET))
        with httpx.Client(transport=httpx.HTTPTransport(uds=place), timeout=60) as client:
            return client.request(method, f"http://127.0.0.1:{self.port or 80}{path}")

    def answers(self) -> bool:
        if self.port is None:
            with socket.socket(socket.AF_UNIX) as probe:
                if probe.connect_ex(str(self.home.sandbox.path(SOCKET))) != 0:
                    return False
        try:
            return self.ask("GET", "/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def jobs(self) -> list[dict[str, Any]]:
        return list(self.ask("GET", "/api/v1/scheduler/jobs").json()["jobs"])

    def run(self, id: int) -> dict[str, Any]:
        return dict(self.ask("GET", f"/api/v1/runs/{id}").json()["run"])

    def syncs(self) -> set[str]:
        """The ids of the syncs that run in the unit's group."""
        sandbox, group = self.home.sandbox, self.home.show(self.unit, "ControlGroup")
        every = sandbox.run("cat", f"/sys/fs/cgroup{group}/cgroup.procs").stdout.split()
        told = {one: sandbox.run("cat", f"/proc/{one}/cmdline", check=False) for one in every}
        return {one for one, done in told.items() if "\0sync\0--run\0" in done.stdout}


@pytest.fixture(scope="module", params=[True, False], ids=["system", "user"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    reason = scheduled_machine.why_not()
    if reason is not None:
        pytest.skip(reason)
    with (
        platforms(["x"], businesses=1) as world,
        machine(tmp_path_factory.mktemp("machine") / "disk") as sandbox,
    ):
        home = furnish(world, Home(sandbox, "worker", as_root=request.param), 1)
        yield install(home, world, tmp_path_factory.mktemp("nowhere"))


def install(home: Home, world: Platforms, nowhere: Path) -> Service:
    place = replace(the_place(nowhere), home=Path(home.path), user=home.user, as_root=home.as_root)
    name, text = _units.http_service(place)
    folder = "/etc/systemd/system"
    if not home.as_root:
        folder = f"{home.sandbox.home_of(home.user)}/.config/systemd/user"
    port = None if home.as_root else free_port()
    write(home, f"{folder}/{name}", text)
    write(home, f"{folder}/{name}.d/override.conf", drop_in(place.program, port))
    home.systemctl("daemon-reload")
    home.systemctl("enable", "--now", name, check=False)
    if home.show(name, "ActiveState") != "active":
        raise AssertionError(home.sandbox.journal("--lines=100"))
    made = Service(home, world, name, port)
    until(made.answers)
    return made


def drop_in(program: Path, port: int | None) -> str:
    """With a socket: that of the page, for whom may open it and with two workers."""
    if port is not None:
        return f"[Service]\nExecStart=\nExecStart={program} serve --port {port}\n"
    found = re.search(r"^```ini\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None
    return (
        found[1]
        .replace("/opt/analytics-sync/bin/analytics-sync", str(program))
        .replace("--require-token", "--workers 2")
    )


def the_place(nowhere: Path) -> Place:
    """What this program would write into its entries."""
    with installation({"ANALYTICS_SYNC_HOME": str(nowhere)}) as opened:
        return find_place("main", opened.home, opened.settings, {})


def write(home: Home, path: str, text: str) -> None:
    user = None if home.as_root else home.user
    home.sandbox.run("mkdir", "--parents", Path(path).parent, user=user)
    home.sandbox.run("tee", path, user=user, stdin=text)


@contextmanager
def slow_sync(service: Service) -> Iterator[int]:
    """A triggered sync that is in the middle of its work until the block ends."""
    faults = service.world.simulator.world.faults
    journal = service.world.simulator.world.journal
    journal.clear()
    faults.add(Fault("slow", seconds=10, times=None))
    try:
        answer = service.ask("POST", TRIGGER)
        assert answer.status_code == 202, answer.text
        id = int(answer.json()["run_id"])
        until(lambda: service.run(id)["running"] and len(service.syncs()) == 1)
        yield id
    finally:
        faults.clear()


def ended_well(service: Service, id: int) -> None:
    found = until(lambda: (run := service.run(id))["outcome"] and run)
    assert (found["outcome"], found["running"], found["trigger"]) == ("complete", False, "api")
    assert found["errors"] == []
    assert found["posts"]["synced"] > 0
    until(lambda: not service.syncs())
    lock = f"{service.home.path}/locks/run-{id}.lock"
    assert service.home.sandbox.run("test", "-e", lock, check=False).returncode == 1


def test_what_it_may_not_install_it_refuses_and_the_external_backend_serves(
    service: Service,
) -> None:
    home = service.home
    home.ask("schedule", "1", "--every", "12h")
    answer = service.ask("POST", f"{SCHEDULE}?interval_hours=24")
    if home.as_root:
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "other_form")
        assert service.ask("DELETE", SCHEDULE).status_code == 503
        assert [one["trigger"] for one in service.jobs()] == ["every 12h"]
    else:
        assert (answer.status_code, answer.json()["job"]["trigger"]) == (200, "every 1d")
    assert [one["drift"] for one in service.jobs()] == [None]
    home.ask("unschedule", "--all")
    home.ask("schedule", "--backend", "external", "--every", "12h")
    answer = service.ask("POST", f"{SCHEDULE}?interval_hours=24")
    assert (answer.status_code, answer.json()["job"]["backend"]) == (200, "external")
    status = service.ask("GET", "/api/v1/scheduler/status").json()["status"]
    assert (status["backend"], status["running"]) == ("external", False)
    assert status["attention"] == []
    assert service.ask("DELETE", SCHEDULE).status_code == 200
    home.ask("unschedule", "--all")


def test_a_sync_in_the_middle_survives_a_restart(service: Service) -> None:
    with slow_sync(service) as id:
        [sync] = service.syncs()
        main = service.home.show(service.unit, "MainPID")
        service.home.systemctl("restart", service.unit)
        until(service.answers)
        assert service.home.show(service.unit, "MainPID") != main
        assert service.syncs() == {sync}
        busy = service.ask("POST", TRIGGER)
        assert (busy.status_code, busy.json()["run_id"]) == (409, id)
        assert service.run(id)["running"]
        # What is its alone lasts as long as it does.
        folder = _units.LASTING if service.home.as_root else "/tmp"
        service.home.sandbox.run("touch", f"/proc/{sync}/root{folder}/its own", user="worker")
    ended_well(service, id)


def test_a_sync_in_the_middle_survives_the_death_of_the_service(service: Service) -> None:
    with slow_sync(service) as id:
        main = service.home.show(service.unit, "MainPID")
        service.home.systemctl("kill", "--kill-whom=main", "--signal=KILL", service.unit)
        until(lambda: service.home.show(service.unit, "MainPID") not in {"0", main})
        until(service.answers)
        assert service.run(id)["running"]
    ended_well(service, id)
