"""A home to load settings from."""

from pathlib import Path

import pytest

from support.settings_doubles import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "home")
