"""Which posts, when: cadence, order and fairness."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_sync.domain.cadence import YOUNG, Cadence
from analytics_sync.platforms import all_platforms
from analytics_sync.sync import selection

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
DAY = timedelta(days=1)
USUAL = Cadence.usual()


@dataclass(frozen=True)
class Known:
    published_at: datetime
    last_tried_at: datetime | None = None
    kind: str | None = None


@pytest.mark.parametrize(
    ("age", "every"),
    [
        (timedelta(hours=1), timedelta(0)),
        (timedelta(days=6, hours=23), timedelta(0)),
        (timedelta(days=7), timedelta(hours=6)),
        (timedelta(days=30), DAY),
        (timedelta(days=90), timedelta(days=7)),
        (timedelta(days=4000), timedelta(days=7)),
    ],
)
def test_the_usual_cadence(age, every):
    assert USUAL.at(age) == every


@pytest.mark.parametrize(
    ("age", "every"),
    [
        (timedelta(days=1), timedelta(0)),
        (timedelta(days=2), DAY),
        (timedelta(days=30), timedelta(days=7)),
        (timedelta(days=90), None),
    ],
)
def test_the_cadence_of_x_where_each_post_read_costs(age, every):
    assert all_platforms()["x"].cadence.at(age) == every


def test_half_the_jobs_interval_of_grace_keeps_posts_from_slipping_a_slot():
    """Read a second late in its slot six hours ago, an hourly job reads it now, not in an hour."""
    post = Known(NOW - 10 * DAY, NOW - timedelta(hours=5, minutes=59))
    hour = timedelta(hours=1)
    assert not USUAL.is_due(post.published_at, post.last_tried_at, NOW)
    assert USUAL.is_due(post.published_at, post.last_tried_at, NOW, hour)
    assert not USUAL.is_due(post.published_at, NOW - timedelta(hours=5), NOW, hour)


@pytest.mark.parametrize("history", [365, 1000, 3200])
def test_sixty_days_of_one_post_a_day_and_a_daily_job(history):
    """Posts under 7 days are read at every slot, and no old post is forgotten."""
    limit = 100
    posts = {n: Known(NOW - n * DAY) for n in range(history)}
    slot = NOW
    for day in range(1, 61):
        slot = NOW + day * DAY
        posts[-day] = Known(slot - timedelta(minutes=5))
        chosen = set(selection.due(list(posts.values()), USUAL, slot, limit, DAY))
        assert len(chosen) <= limit
        young = [post for post in posts.values() if slot - post.published_at < YOUNG]
        assert all(post in chosen for post in young), f"day {day}"
        for number, post in posts.items():
            if post in chosen:
                posts[number] = replace(post, last_tried_at=slot)
    never = [post for post in posts.values() if post.last_tried_at is None]
    assert not never
    if history * 1.2 / 7 < limit / 2:
        late = [p for p in posts.values() if slot - p.last_tried_at > timedelta(days=8)]
        assert not late


def test_posts_never_read_come_before_overdue_ones():
    overdue = [Known(NOW - 100 * DAY - timedelta(hours=n), NOW - 30 * DAY) for n in range(10)]
    never = [Known(NOW - 200 * DAY - timedelta(hours=n)) for n in range(5)]
    assert selection.due(overdue + never, USUAL, NOW, 5) == never


def test_the_longest_overdue_in_terms_of_its_own_cadence_comes_first():
    weekly = Known(NOW - 100 * DAY, NOW - 20 * DAY)
    daily = Known(NOW - 40 * DAY, NOW - 4 * DAY)
    assert selection.due([weekly, daily], USUAL, NOW, 1) == [daily]


def test_half_of_the_places_are_for_posts_under_seven_days_and_no_more():
    young = [Known(NOW - timedelta(hours=n + 1), NOW - timedelta(hours=1)) for n in range(80)]
    never = [Known(NOW - 50 * DAY - timedelta(hours=n)) for n in range(80)]
    chosen = selection.due(young + never, USUAL, NOW, 100)
    assert (len([p for p in chosen if p in young]), len(chosen)) == (50, 100)


def test_places_that_young_posts_do_not_need_are_not_wasted():
    young = [Known(NOW - timedelta(hours=1))]
    never = [Known(NOW - 50 * DAY - timedelta(hours=n)) for n in range(200)]
    assert len(selection.due(young + never, USUAL, NOW, 100)) == 100


def test_without_due_the_newest_posts_are_read_whatever_their_cadence():
    posts = [Known(NOW - n * DAY, NOW) for n in range(20)]
    assert selection.newest(list(reversed(posts)), 5) == posts[:5]


def test_a_story_is_not_asked_after_its_day():
    stories = [Known(NOW - timedelta(hours=n), kind="story") for n in (1, 23, 24, 30)]
    alive = selection.alive(stories, {"story": DAY}, NOW)
    assert alive == stories[:2]


def test_left_behind_means_more_than_twice_the_cadence():
    fresh = Known(NOW - 40 * DAY, NOW - timedelta(days=2))
    late = Known(NOW - 40 * DAY, NOW - timedelta(days=2, seconds=1))
    assert not selection.left_behind([fresh, Known(NOW)], USUAL, NOW)
    assert selection.left_behind([fresh, late], USUAL, NOW)


AGES = st.integers(min_value=0, max_value=400 * 24)


@given(
    st.lists(st.tuples(AGES, st.none() | AGES), max_size=60),
    st.integers(min_value=1, max_value=40),
    st.sampled_from([USUAL, all_platforms()["x"].cadence]),
)
def test_chosen_posts_are_due_distinct_and_within_the_limit(ages, limit, cadence):
    posts = [
        Known(
            NOW - timedelta(hours=age, seconds=n),
            None if read is None else NOW - timedelta(hours=read),
        )
        for n, (age, read) in enumerate(ages)
    ]
    chosen = selection.due(posts, cadence, NOW, limit)
    due = [p for p in posts if cadence.is_due(p.published_at, p.last_tried_at, NOW)]
    assert len(chosen) == len(set(chosen)) == min(limit, len(due))
    assert set(chosen) <= set(due)


def test_what_was_tried_in_this_slot_or_since_is_not_due() -> None:
    """Several jobs may have the same slot; a run that makes it up comes later than both."""
    usual, slot = USUAL, datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
    published = slot - timedelta(days=1)
    hour = timedelta(hours=1)
    for tried in (slot, slot + timedelta(minutes=30), slot + 3 * hour):
        assert not usual.is_due(published, tried, slot, hour, slot + 4 * hour)
    assert usual.is_due(published, slot - timedelta(seconds=1), slot, hour, slot + 4 * hour)
    # Noted by a wrong clock.
    assert usual.is_due(published, slot + 9 * hour, slot, hour, slot + 4 * hour)
