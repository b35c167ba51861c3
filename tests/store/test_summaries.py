"""Sums, growth, histories and falls between two instants, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from analytics_sync.domain.records import FoundPost, Reading
from analytics_sync.store import accounts, businesses, posts, readings, summaries
from analytics_sync.store.summaries import Span
from analytics_sync.store.tables import post

START = datetime(2026, 11, 22, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = Span(START)


class Shop:
    """A database that is filled by hand."""

    def __init__(self, database):
        self.database = database
        self.accounts = {}

    def account(self, business, platform):
        with self.database.write() as connection:
            known = {one.name: one.id for one in businesses.listed(connection)}
            if business not in known:
                made = businesses.add(connection, business, timezone="UTC", now=START)
                known[business] = made.id
            self.accounts[business, platform] = accounts.put(
                connection, business_id=known[business], platform=platform, platform_account_id="1",
                kind=None, name=None, credential_id=None, now=START,
            )  # fmt: skip

    def found(self, business, platform, id, *, age=30 * 24 * HOUR, at=START, text=None):
        account = self.accounts[business, platform]
        with self.database.write() as connection:
            item = FoundPost(id, at - age, text=text)
            posts.take(connection, account.id, [item], now=at, listed=True)

    def read(self, business, platform, id, hours, **columns):
        """A reading so many hours after the start."""
        account, at = self.accounts[business, platform], START + hours * HOUR
        with self.database.write() as connection:
            ids = [one.id for one in posts.candidates(connection, account.id)]
            (meant,) = [
                one for one in posts.load(connection, ids, at.date()) if one.platform_post_id == id
            ]
            said = {name: {name: value} for name, value in columns.items()}
            readings.save(
                connection, [(meant, Reading(id, said, {}))], captured_at=at, slot=at, today=at.date()
            )  # fmt: skip

    def asked(self, query, *arguments, **named):
        with self.database.read() as connection:
            return query(connection, *arguments, **named)


@pytest.fixture
def shop(database):
    made = Shop(database)
    made.account("Acme", "x")
    return made


def test_growth_is_the_difference_of_what_was_said_at_two_instants(shop):
    shop.found("Acme", "x", "1")
    for hours, value in ((0, 100), (2, 130), (5, 170), (9, 200)):
        shop.read("Acme", "x", "1", hours, impressions=value)
    (whole,) = shop.asked(summaries.totals, ["impressions"], DAY)
    assert (whole.posts, whole.numbers, whole.growth) == (
        1,
        {"impressions": 200},
        {"impressions": 100},
    )
    span = Span(START + 3 * HOUR, START + 6 * HOUR)
    (part,) = shop.asked(summaries.totals, ["impressions"], span)
    assert (part.numbers, part.growth) == ({"impressions": 170}, {"impressions": 40})


def test_a_post_published_meanwhile_grew_from_nothing(shop):
    shop.found("Acme", "x", "1", age=HOUR, at=START + 4 * HOUR)
    shop.read("Acme", "x", "1", 4, likes=7)
    (total,) = shop.asked(summaries.totals, ["likes"], DAY)
    assert (total.numbers, total.growth) == ({"likes": 7}, {"likes": 7})


def test_an_old_post_read_for_the_first_time_meanwhile_did_not_grow_by_all_it_has(shop):
    shop.found("Acme", "x", "1", at=START + 4 * HOUR)
    shop.read("Acme", "x", "1", 4, likes=700)
    shop.read("Acme", "x", "1", 5, likes=705)
    (total,) = shop.asked(summaries.totals, ["likes"], DAY)
    assert (total.numbers, total.growth) == ({"likes": 705}, {"likes": 5})


def test_what_was_never_said_is_unknown_and_not_zero(shop):
    shop.found("Acme", "x", "1", age=HOUR, at=START + 4 * HOUR)
    shop.found("Acme", "x", "2")
    shop.read("Acme", "x", "2", 0, likes=3)
    (total,) = shop.asked(summaries.totals, ["likes", "clicks"], DAY)
    assert total.posts == 2
    assert total.numbers == {"likes": 3, "clicks": None}
    assert total.growth == {"likes": 0, "clicks": None}


def test_an_unsaid_number_keeps_its_last_value(shop):
    shop.found("Acme", "x", "1")
    shop.read("Acme", "x", "1", 0, likes=3, clicks=10)
    shop.read("Acme", "x", "1", 2, likes=4, clicks=12)
    shop.read("Acme", "x", "1", 4, likes=6)
    span = Span(START, START + 5 * HOUR)
    for asked in (DAY, span):
        (total,) = shop.asked(summaries.totals, ["likes", "clicks"], asked)
        assert total.numbers == {"likes": 6, "clicks": 12}
        assert total.growth == {"likes": 3, "clicks": 2}


def test_each_business_and_platform_has_its_own_sums(shop):
    shop.account("Acme", "facebook")
    shop.account("Bolt", "x")
    for business, platform, value in (
        ("Acme", "x", 1),
        ("Acme", "facebook", 20),
        ("Bolt", "x", 300),
    ):
        for id in ("1", "2"):
            shop.found(business, platform, id)
            shop.read(business, platform, id, 0, likes=value)
            shop.read(business, platform, id, 1, likes=2 * value)
    found = shop.asked(summaries.totals, ["likes"], DAY)
    assert [(one.business, one.platform, one.posts, one.growth["likes"]) for one in found] == [
        ("Acme", "facebook", 2, 40),
        ("Acme", "x", 2, 2),
        ("Bolt", "x", 2, 600),
    ]
    only = shop.asked(summaries.totals, ["likes"], DAY, business_id=found[2].business_id)
    assert only == [found[2]]


def test_sums_beyond_32_bits_are_whole_numbers(shop):
    for id in ("1", "2"):
        shop.found("Acme", "x", id)
        shop.read("Acme", "x", id, 0, impressions=2**61)
    (total,) = shop.asked(summaries.totals, ["impressions"], DAY)
    assert total.numbers["impressions"] == 2**62
    assert type(total.numbers["impressions"]) is int


def test_gone_posts_count_and_replaced_and_ignored_ones_do_not(shop):
    for id, state in (("1", "active"), ("2", "gone"), ("3", "superseded"), ("4", "ignored")):
        shop.found("Acme", "x", id)
        shop.read("Acme", "x", id, 0, likes=10 ** int(id))
        with shop.database.write() as connection:
            this = update(post).where(post.c.platform_post_id == id)
            connection.execute(this.values(state=state))
    (total,) = shop.asked(summaries.totals, ["likes"], DAY)
    assert (total.posts, total.numbers) == (2, {"likes": 110})


def test_the_fastest_come_first_and_posts_that_did_not_grow_not_at_all(shop):
    for id, before, after in (("1", 1000, 1010), ("2", 5, 500), ("3", 9, 9), ("4", 9, 3)):
        shop.found("Acme", "x", id, text=f"post {id}")
        shop.read("Acme", "x", id, 0, impressions=before)
        shop.read("Acme", "x", id, 3, impressions=after)
    found = shop.asked(summaries.fastest, "impressions", DAY, limit=5)
    assert [(one.post.text, one.value, one.growth) for one in found] == [
        ("post 2", 500, 495),
        ("post 1", 1010, 10),
    ]
    assert (found[0].post.business, found[0].post.platform) == ("Acme", "x")
    assert shop.asked(summaries.fastest, "impressions", DAY, limit=1) == found[:1]


def test_a_history_is_told_from_its_beginning(shop):
    for id in ("1", "2"):
        shop.found("Acme", "x", id)
    for hours, value in ((5, 8), (0, 3), (2, 7)):
        shop.read("Acme", "x", "1", hours, likes=value)
    shop.read("Acme", "x", "2", 1, clicks=1)
    first, second = (row.id for row in sorted(shop.asked(lambda c: list(posts.listed(c)))))
    assert shop.asked(summaries.histories, [first, second], "likes") == {
        first: [(START, 3), (START + 2 * HOUR, 7), (START + 5 * HOUR, 8)],
        second: [],
    }


def test_falls_are_found_and_the_deepest_comes_first(shop):
    for id, values in (("1", (10, 9, 12)), ("2", (50, 60, 40, 39)), ("3", (1, 2, 3))):
        shop.found("Acme", "x", id)
        for hours, value in enumerate(values):
            shop.read("Acme", "x", id, hours, likes=value)
    found = shop.asked(summaries.falls, "likes", DAY)
    assert [(one.post.platform_post_id, one.before, one.after) for one in found] == [
        ("2", 60, 40),
        ("1", 10, 9),
        ("2", 40, 39),
    ]
    assert found[0].at == START + 2 * HOUR
    early = shop.asked(summaries.falls, "likes", Span(START, START + HOUR))
    assert [(one.post.platform_post_id, one.after) for one in early] == [("1", 9)]


def test_an_unsaid_number_is_no_fall(shop):
    shop.found("Acme", "x", "1")
    shop.read("Acme", "x", "1", 0, likes=10)
    shop.read("Acme", "x", "1", 1, clicks=2)
    shop.read("Acme", "x", "1", 2, likes=11)
    assert shop.asked(summaries.falls, "likes", DAY) == []


def test_only_posts_found_later_are_new(shop):
    shop.found("Acme", "x", "old")
    shop.found("Acme", "x", "second", age=HOUR, at=START + 5 * HOUR)
    shop.found("Acme", "x", "first", age=2 * HOUR, at=START + 5 * HOUR)
    found = shop.asked(summaries.found_since, START)
    assert [one.platform_post_id for one in found] == ["first", "second"]
    assert found[0].found_at == START + 5 * HOUR


def test_accounts_and_businesses_that_were_removed_are_left_out(shop):
    shop.account("Bolt", "x")
    for business in ("Acme", "Bolt"):
        shop.found(business, "x", "1")
        shop.read(business, "x", "1", 0, likes=1)
    with shop.database.write() as connection:
        accounts.remove(connection, shop.accounts["Bolt", "x"].id, START)
    assert [one.business for one in shop.asked(summaries.totals, ["likes"], DAY)] == ["Acme"]
