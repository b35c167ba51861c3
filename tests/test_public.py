"""The two public functions: what the command line does, as a record."""

import pytest

import analytics_sync
from analytics_sync.errors import ConfigurationInvalid, WrongUsage
from analytics_sync.simulator.server import serving
from support.house import House


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A home that the environment names, with a simulator behind real sockets."""
    made = House.of_today(tmp_path)
    for number in (1, 2):
        made.add_business(f"Client {number}")
        made.populate("x", business=number, posts=5)
    with serving(made.simulator) as origin:
        for name, value in {**made.environ, **made.simulator.settings(origin)}.items():
            monkeypatch.setenv(name, value)
        yield made


def test_all_businesses_are_synced(house):
    record = analytics_sync.sync_all_businesses()
    assert (record.outcome, record.exit_status()) == ("complete", 0)
    assert {result.account.business_id for result in record.accounts} == {1, 2}
    assert record.as_json()["posts"]["synced"] == len(house.latest()) > 0


def test_one_business_is_synced(house):
    record = analytics_sync.sync_business(2)
    assert {result.account.business_id for result in record.accounts} == {2}


def test_an_unknown_business_is_wrong_usage(house):
    with pytest.raises(WrongUsage, match="There is no business '9'"):
        analytics_sync.sync_business(9)


def test_mistakes_in_the_settings_are_told_before_anything_begins(house, monkeypatch):
    monkeypatch.setenv("ANALYTICS_SYNC_MAX_RUN", "soon")
    with pytest.raises(ConfigurationInvalid, match="max_run"):
        analytics_sync.sync_all_businesses()


def test_what_is_public_is_named():
    assert sorted(analytics_sync.__all__) == ["__version__", "sync_all_businesses", "sync_business"]
    assert all(hasattr(analytics_sync, name) for name in analytics_sync.__all__)
