"""The program, for tests of what a person is told about a database."""

from pathlib import Path

import pytest

from support.command import Command


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """The program with a new home."""
    return Command({"ANALYTICS_SYNC_HOME": str(tmp_path / "home")}, monkeypatch, capsys)
