"""A service in this process, over a house with one synced business."""

import pytest

from analytics_sync.shim import desk
from analytics_sync.shim.service import build
from support.asgi import Caller
from support.house import House


@pytest.fixture(scope="session")
def synced(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A home whose business 1 was synced twice, a day apart; for looking only."""
    made = House(tmp_path_factory.mktemp("synced"))
    made.add_business()
    made.populate("x", "linkedin", posts=20)
    made.sync()
    made.pass_time(days=1)
    made.sync()
    return made


@pytest.fixture
def house(tmp_path) -> House:
    """A home with one business and nothing else."""
    made = House(tmp_path)
    made.add_business()
    return made


@pytest.fixture
def ask(synced: House, monkeypatch: pytest.MonkeyPatch) -> Caller:
    """Asks the service of the synced house."""
    monkeypatch.setattr(desk, "open_installation", synced.opened)
    return Caller(build())


@pytest.fixture
def ask_house(house: House, monkeypatch: pytest.MonkeyPatch) -> Caller:
    """Asks the service of a house that may be changed."""
    monkeypatch.setattr(desk, "open_installation", house.opened)
    return Caller(build())
