"""`account connect` against the simulated platforms over real HTTP, with a person who presses."""

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from analytics_sync.cli.frame import run
from analytics_sync.simulator.server import serving
from support.command import STATUSES, Result
from support.consenting import consent
from support.desk import Desk, sit
from support.house import House


@dataclass
class Office:
    """A house with its platforms behind a socket, and a person at its terminal."""

    house: House
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    desk: Desk | None = None

    def connect(
        self,
        *arguments: str,
        act: Callable[[str], object] = lambda address: arrive(consent(address)),
        pastes: tuple[Callable[[str], str], ...] = (),
    ) -> Result:
        """Run `account connect`, with the person doing `act` at the address that is shown."""
        self.desk = sit(self.monkeypatch, lambda address: void(act(address)), pastes)
        self.capsys.readouterr()
        back = () if pastes else ("--redirect-uri", f"http://127.0.0.1:{free_port()}/callback")
        status = int(run(("account", "connect", *arguments, *back, "--json")))
        self.desk.finish()
        result = Result(status, self.capsys.readouterr().out, self.desk.getvalue())
        assert result.status in STATUSES
        assert "Traceback" not in result.errors
        for secret in self.secrets():
            assert secret not in result.output + result.errors
        return result

    def secrets(self) -> list[str]:
        """Every token that a platform has given."""
        return [
            secret
            for service in self.house.simulator.services.values()
            for grant in service.grants()
            for secret in (grant.access_token, grant.refresh_token)
            if secret
        ]

    def say(self, *arguments: str) -> Any:
        """Another command's JSON."""
        self.capsys.readouterr()
        assert run((*arguments, "--json")) == 0
        return json.loads(self.capsys.readouterr().out)


def void(_: object) -> None:
    """For what a person does whose result nobody wants."""


def arrive(address: str) -> httpx.Response:
    """The browser at the end of its way."""
    return httpx.get(address, timeout=30)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@pytest.fixture
def office(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Office]:
    house = House(tmp_path)
    house.add_business()
    with serving(house.simulator) as origin:
        for name, value in {**house.environ, **house.simulator.settings(origin)}.items():
            monkeypatch.setenv(name, value)
        yield Office(house, monkeypatch, capsys)


def reach_x(office: Office, business: int = 1) -> str:
    """A person with an account at X; gives its id."""
    handle = office.house.simulator.services["x"].populate(business, f"Acme {business}", 5)
    return handle.platform_account_id


def test_a_log_in_at_x_is_kept_and_a_sync_works_with_it(office: Office) -> None:
    id = reach_x(office)

    result = office.connect("1", "x")

    assert result.status == 0, result
    told = result.document
    assert told["platform_account_id"] == id
    assert told["credential"]["renews"] is True
    assert told["credential"]["missing_scopes"] == []
    assert office.say("sync")["posts"]["synced"] == 5
