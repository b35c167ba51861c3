"""A whole sync against the simulated platforms' own truth."""

from datetime import timedelta

import pytest

from analytics_sync.platforms import all_platforms
from support.house import House

PLATFORMS = sorted(all_platforms())
# Farther than the oldest simulated post.
REACH = timedelta(days=150)


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    made.add_business()
    return made


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_number_of_every_post_equals_the_platforms_truth(house, platform):
    house.populate(platform, posts=60)
    record = house.sync(reach=REACH)
    assert record.outcome == "complete", record.as_json()
    assert record.total("synced") == record.total("selected") > 40
    truth = house.truth()
    assert house.latest() == truth


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_same_instant_again_stores_nothing(house, platform):
    house.populate(platform)
    first = house.sync(reach=REACH)
    again = house.sync()
    assert first.total("snapshots") > 0
    assert again.total("synced") == first.total("synced")
    assert again.total("snapshots") == 0


@pytest.mark.parametrize("platform", PLATFORMS)
def test_after_a_tick_exactly_the_changed_posts_are_stored(house, platform):
    house.populate(platform)
    house.sync(reach=REACH)
    before = house.latest()
    house.pass_time(hours=5)
    record = house.sync()
    truth = house.truth()
    changed = [key for key in before if key in truth and differs(before[key], truth[key])]
    assert record.total("snapshots") == len(changed) > 0
    after = house.latest()
    assert all(not differs(after[key], truth[key]) for key in truth)


def differs(old, new):
    """Whether a number that is said now is another than before."""
    return any(value is not None and old[name] != value for name, value in new.items())
