"""A home for commands, and commands in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics_sync.simulator.server import serving
from support.command import Command
from support.house import House


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """The program with a new home."""
    return Command({"ANALYTICS_SYNC_HOME": str(tmp_path / "home")}, monkeypatch, capsys)


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home with one business, and made-up platforms."""
    made = House.of_today(tmp_path)
    made.add_business()
    return made


@pytest.fixture
def at_platforms(house: House, command: Command) -> Iterator[Command]:
    """The program in the house, with its platforms behind a real socket."""
    with serving(house.simulator) as origin:
        command.set({**house.environ, **house.simulator.settings(origin)})
        yield command
