from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analytics_sync.domain.timing import Every
from analytics_sync.schedule._backend import Change, Entry, Place
from analytics_sync.schedule.choice import backend_named
from analytics_sync.schedule.external import External

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
ENTRIES = [
    Entry("tick", "Tick", Every(timedelta(hours=1)), ("tick",)),
    Entry(
        "sync_business_1", "One", Every(timedelta(hours=1)), ("sync", "--job", "sync_business_1")
    ),
]


@pytest.fixture
def backend(tmp_path):
    return External(
        Place(
            name="0a1b2c3d",
            program=Path("/opt/a program/analytics-sync"),
            home=tmp_path / "a home",
            prefixes=(),
            user="me",
            as_root=False,
            max_run=timedelta(minutes=10),
        )
    )


def test_nothing_is_ever_installed_or_missed(backend, tmp_path):
    backend.check()
    change = backend.change(ENTRIES)
    assert not change
    backend.apply(change)
    backend.apply(change.reversed())
    assert backend.change([], mend=True) == Change()
    assert backend.drift(ENTRIES) == {}
    assert list(tmp_path.iterdir()) == []


def test_it_is_taken_only_when_it_is_named(backend):
    assert not External.serves(backend.place)
    assert backend_named("external") is External


@pytest.mark.parametrize(
    ("ago", "alive"),
    [
        (timedelta(0), True),
        (timedelta(minutes=75), True),
        (timedelta(minutes=75, seconds=1), False),
        (timedelta(days=400), False),
        (-timedelta(minutes=10), True),
        (-timedelta(days=1), False),
    ],
)
def test_it_lives_as_long_as_ticks_come(backend, ago, alive):
    assert backend.alive(NOW, NOW - ago) is alive


def test_without_a_tick_it_does_not_live(backend):
    assert not backend.alive(NOW, None)


def test_the_line_for_the_timer_is_one_that_a_shell_takes(backend, tmp_path):
    line = backend.advice()[-1]
    assert line == f"ANALYTICS_SYNC_HOME='{tmp_path}/a home' '/opt/a program/analytics-sync' tick"
