"""A monitoring service, a program that tells people, and an installation with one job: all real."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.ping_server import PingServer, ping_server
from support.told import Place, Program


@pytest.fixture
def service() -> Iterator[PingServer]:
    with ping_server() as server:
        yield server


@pytest.fixture
def program(tmp_path: Path) -> Program:
    made = Program(tmp_path / "a folder" / "tell")
    made.path.parent.mkdir()
    made.write()
    return made


@pytest.fixture(scope="session")
def scheduled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with its job, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("scheduled")
    Place(folder).schedule()
    return folder / "home"


@pytest.fixture
def place(tmp_path: Path, scheduled: Path) -> Place:
    shutil.copytree(scheduled, tmp_path / "home")
    return Place(tmp_path)
