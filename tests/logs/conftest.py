"""Logging as it was before each test, and no secrets told by another one."""

import logging
from collections.abc import Iterator

import pytest

from analytics_sync.logs import redaction, setup


@pytest.fixture(autouse=True)
def logging_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(redaction, "_known", set())
    names = (setup.OURS, *setup.TALKATIVE)
    before = {name: logging.getLogger(name).level for name in names}
    yield
    setup._install([])
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)
