"""The demo's day beside the world in which it happens: sums, and the same day twice."""

from contextlib import nullcontext
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from analytics_sync.clock import SystemClock
from analytics_sync.demo import facts, story
from analytics_sync.demo import place as places
from analytics_sync.demo.audience import Listener
from analytics_sync.demo.home import temporary_home
from analytics_sync.demo.names import SHOWN
from analytics_sync.platforms import all_platforms
from analytics_sync.simulator.control import the_truth
from analytics_sync.store import posts
from analytics_sync.store.tables import latest

KINDS = {
    "deleted_post",
    "rate_limit",
    "refused_token",
    "server_error",
    "edited_post",
    "fallen_number",
}


class Told:
    """One telling of a smaller day that ends at `now`: its facts, and the world's truth then."""

    def __init__(self, now, monkeypatch):
        class Fixed(SystemClock):
            def now(self):
                return now

        self.heard = []
        monkeypatch.setattr(story, "SystemClock", Fixed)
        monkeypatch.setattr(places, "POSTS_EACH", 24)
        monkeypatch.setattr(story, "gather", self._gather(story.gather))
        listener = Listener(lambda: nullcontext(None))
        listener.hear = self.heard.append
        with temporary_home(all_platforms()) as home:
            self.facts = story.tell(home, listener)
            self.log = (home.logs / "analytics-sync.log").read_text()

    def _gather(self, gather):
        def gathering(opened, place, trouble, runs):
            self.place, self.trouble = place, trouble
            self.truth = the_truth(place.world, place.simulator.services)["posts"]
            told = gather(opened, place, trouble, runs)
            self.check_of_a_changed_number = _check_after_a_change(opened, place)
            return told

        return gathering

    def as_json(self):
        """What must be the same each time: all but real seconds, and the numbers that platforms
        give to requests, which they tell in their messages and which come in any order.
        """
        document = self.facts.as_json()
        for run in document["syncs"]:
            del run["seconds"]
            run["accounts"].sort(key=lambda account: account["account_id"])
            for account in run["accounts"]:
                for error in account["errors"]:
                    del error["message"]
        for one in document["handled"]:
            one["facts"].pop("message", None)
        return document


def _check_after_a_change(opened, place):
    """What the comparison says when one stored number is another."""
    shown = next(
        one for one in the_truth(place.world, place.simulator.services)["posts"] if one["likes"]
    )
    with opened.database.write() as connection:
        (row,) = posts.find(connection, shown["platform_post_id"])
        connection.execute(
            update(latest).where(latest.c.post_id == row.id).values(likes=latest.c.likes + 1)
        )
    return facts._check(opened, place)


@pytest.fixture(scope="module")
def told():
    """A day across the end of a year, when this release's platforms have long moved on."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        return Told(datetime(2031, 1, 1, 13, 40, tzinfo=UTC), monkeypatch)


def test_the_day_ends_with_the_last_full_hour(told):
    assert told.facts.span.since == datetime(2030, 12, 31, 13, tzinfo=UTC)
    assert told.facts.until == datetime(2031, 1, 1, 13, tzinfo=UTC)


def test_the_sums_are_those_of_the_platforms(told):
    businesses = {handle.platform_account_id: number for number, handle in told.place.handles}
    hidden = _hidden(told)
    for row in told.facts.totals:
        shown = [
            post
            for post in told.truth
            if (businesses[post["platform_account_id"]], post["platform"])
            == (row.business_id, row.platform)
        ]
        assert row.posts - len(shown) == hidden.get((row.business_id, row.platform), 0)
        for name in SHOWN:
            total = sum(post[name] or 0 for post in shown)
            if row.posts == len(shown):
                assert row.numbers[name] == total
            else:
                # A deleted post and a story that has ended keep what they had.
                assert row.numbers[name] >= total


def _hidden(told):
    """Posts that were found and are no longer shown, by business and platform."""
    counts = {}
    world = told.place.world
    for number, handle in told.place.handles:
        account = world.accounts[handle.platform, handle.platform_account_id]
        shown = {post.id for post in world.posts_of(account)}
        # Stories that had ended before the first sync were never found.
        gone = [
            post
            for post in account.posts.values()
            if post.id not in shown and post.deleted_at > told.facts.span.since
        ]
        counts[number, handle.platform] = len(gone)
    return counts


def test_every_kind_of_trouble_is_in_the_story(told):
    assert {one.kind for one in told.facts.handled} == KINDS
    for one in told.facts.handled:
        assert one.title
        assert one.story.endswith(".")
    deleted = next(one for one in told.facts.handled if one.kind == "deleted_post")
    assert deleted.facts["platform_post_id"] == told.trouble.deleted.id
    edited = next(one for one in told.facts.handled if one.kind == "edited_post")
    assert edited.facts["platform_post_id"] == told.trouble.edited.id
    assert edited.facts["older_ids"] == [one.id for one in told.trouble.edited.versions]


def test_what_was_published_is_what_was_found(told):
    published = {post.id for post in told.trouble.published} - set(
        told.facts.handled[4].facts["older_ids"]
    )
    assert {one.platform_post_id for one in told.facts.found} == published | {
        told.trouble.edited.id
    }


def test_the_comparison_with_the_platforms_sees_a_single_other_number(told):
    assert told.facts.check.differing == 0
    assert told.check_of_a_changed_number.differing == 1


def test_nothing_was_counted_that_did_not_arrive(told):
    journal = told.place.world.journal
    assert journal.crashes == []
    assert 0 < told.facts.requests.sent < journal.totals.total()
    assert told.facts.requests.x_charged == journal.billed["x post"] > 0


def test_no_made_up_token_is_in_the_log(told):
    assert told.log
    tokens = {handle.token for _, handle in told.place.handles}
    assert len(tokens) == 12
    assert not any(token in told.log for token in tokens)


@pytest.mark.slow
def test_the_same_hour_brings_the_same_day(told, monkeypatch):
    again = Told(datetime(2031, 1, 1, 13, 5, tzinfo=UTC), monkeypatch)
    assert again.as_json() == told.as_json()
    assert [line.partition(" at ")[0] for line in again.heard] == [
        line.partition(" at ")[0] for line in told.heard
    ]
