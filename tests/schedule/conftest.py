"""A machine with stand-in schedulers, a home with two businesses, and commands on them."""

import os
import shutil
from pathlib import Path

import pytest

from analytics_sync.store import businesses
from analytics_sync.wiring import initialise, installation
from support.command import Command
from support.fake_clock import START
from support.file_backend import Machine, stand_in


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Two schedulers that keep their entries in files."""
    return stand_in(monkeypatch, tmp_path / "machine")


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the businesses Acme (1) and Zürich Æther (2), made once."""
    home = tmp_path_factory.mktemp("prepared") / "home"
    with installation({"ANALYTICS_SYNC_HOME": str(home), "HOME": os.environ["HOME"]}) as opened:
        initialise(opened)
        with opened.database.write() as connection:
            businesses.add(connection, "Acme", timezone="UTC", now=START)
            businesses.add(connection, "Zürich Æther", timezone="Europe/Zurich", now=START)
    return home


@pytest.fixture
def home(tmp_path: Path, prepared: Path) -> Path:
    """A home of its own with these two businesses."""
    return Path(shutil.copytree(prepared, tmp_path / "home"))


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """The program; its home is empty, unless the test asks for `home` too."""
    return Command({"ANALYTICS_SYNC_HOME": str(tmp_path / "home")}, monkeypatch, capsys)
