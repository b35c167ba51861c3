"""Ceilings that the user set: counted over processes, and raised whenever the user likes."""

import pytest

from analytics_sync.errors import ExitStatus
from support.house import House

CEILING = "ANALYTICS_SYNC_PLATFORMS__X__MAX_CALLS_PER_DAY"


@pytest.fixture
def spent(tmp_path):
    """A house whose ceiling of calls is used up."""
    house = House(tmp_path, settings={"PLATFORMS__X__MAX_CALLS_PER_DAY": "4"})
    house.add_business()
    house.populate("x", posts=20)
    house.sync()
    house.pass_time(minutes=5)
    house.sync(discover=False)
    return house


def test_a_spent_ceiling_is_told_as_such_by_every_later_run(spent):
    for _ in range(2):
        spent.pass_time(minutes=5)
        record = spent.sync(discover=False)
        assert spent.labels() == {}
        assert record.accounts[0].outcome == "budget_spent"
        assert {failure.code for failure in record.accounts[0].failures} == {"budget_spent"}
        assert record.accounts[0].not_before is not None
        assert record.exit_status() == ExitStatus.TRY_LATER


def test_a_ceiling_that_is_raised_lets_calls_go_at_once(spent):
    spent.environ[CEILING] = "100"
    spent.pass_time(minutes=5)
    record = spent.sync(discover=False)
    assert (record.accounts[0].outcome, record.total("deferred")) == ("ok", 0)
