"""What every platform keeps towards its simulated service, for each kind of account that it has."""

import asyncio
import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from analytics_sync.connect.accounts import NewAccount, add_account
from analytics_sync.domain.codes import ErrorCode
from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.domain.records import FoundPost
from analytics_sync.errors import CredentialRefused, ExitStatus
from analytics_sync.platforms import all_platforms
from analytics_sync.simulator.faults import Fault
from analytics_sync.store import accounts, posts
from analytics_sync.tokens import parse_token
from support import wrong_answers
from support.house import House

PAGES = Path(__file__).parent.parent.parent / "docs" / "platforms"
REACH = timedelta(days=150)
KINDS = [
    (name, kind)
    for name, platform in sorted(all_platforms().items())
    for kind in platform.account_kinds or (None,)
]
every_kind = pytest.mark.parametrize(("platform", "kind"), KINDS)


class Home(House):
    """A house with one account of one kind, and an altered network where wanted."""

    def __init__(self, folder, platform, kind, *, posts=12):
        super().__init__(folder)
        self.alter = None
        self.networks = []
        self.add_business()
        self.handle = self.made_up(platform, kind, posts)
        self.account = self.add_account(self.handle, 1)
        if (platform, kind) == ("linkedin", "member"):
            self.take_up_posts()

    def made_up(self, platform, kind, posts):
        services = self.simulator.services
        if (platform, kind) == ("linkedin", "member"):
            return services["linkedin"].populate_member("Ada", min(posts, 6))
        if (platform, kind) == ("instagram", "facebook-login"):
            page = services["facebook"].populate(1, "Acme", 0)
            return services["facebook"].add_instagram(page.platform_account_id, "Acme", posts)
        return services[platform].populate(1, "Acme", posts)

    def take_up_posts(self):
        """Members' posts can't be listed."""
        made_up = self.world.accounts["linkedin", self.account.platform_account_id]
        found = [FoundPost(p.id, p.published_at) for p in self.world.posts_of(made_up)]
        with self.opened() as opened, opened.database.write() as connection:
            posts.take(connection, self.account.id, found, now=self.clock.now(), listed=False)

    @contextmanager
    def opened(self):
        with super().opened() as found:
            if self.alter is not None:
                found.network = wrong_answers.Altering(found.network, self.alter)
                self.networks.append(found.network)
            yield found

    @property
    def altered(self):
        """How many answers were altered."""
        return sum(network.altered for network in self.networks)

    def mine(self):
        """What is known, and what is true, of the posts of the one account."""
        truth = {key: said for key, said in self.truth().items() if key in self.latest()}
        return self.latest(), truth


@pytest.fixture
def home(tmp_path, platform, kind):
    return Home(tmp_path, platform, kind)


def result_of(record):
    return next(iter(record.accounts))


@every_kind
def test_the_first_sync_fills_the_columns_of_its_page_and_sends_tokens_in_headers(
    home, platform, kind
):
    assert home.sync(reach=REACH).outcome == "complete"
    check_addresses(home)
    filled = {name for row in home.latest().values() for name in COLUMNS if row[name] is not None}
    assert filled
    assert filled <= promised(platform, kind)


@every_kind
def test_a_sync_sends_the_requests_that_its_costs_foretell(tmp_path, platform, kind):
    home = Home(tmp_path, platform, kind, posts=75)
    home.sync(reach=REACH)
    told = all_platforms()[platform]
    with home.opened() as opened, opened.database.read() as connection:
        settings = opened.settings.platforms[platform]
        known = posts.candidates(connection, home.account.id)
    ages = [home.clock.now() - post.published_at for post in known]
    groups = Counter(sum(age >= end for end in told.read_apart_at) for age in ages)
    reading = [told.read_cost(home.account, settings, number) for number in groups.values()]
    listing = [
        told.listing_cost(home.account, name, len(ages))
        for name in told.listings
        if told.can_list(home.account)
    ]
    # Where each post is asked for by itself, the few live stories are asked for twice.
    twice = sum(post.kind == "story" for post in known) if kind == "instagram-login" else 0
    assert home.sync(discover=False).requests == sum(cost.requests for cost in reading) + twice
    assert home.sync(read=False, discover_now=True).requests == sum(c.requests for c in listing)


@pytest.mark.parametrize("platform", sorted(all_platforms()))
def test_every_column_of_its_page_is_filled_by_some_kind_of_account(tmp_path, platform):
    filled = set()
    for index, (_, kind) in enumerate(pair for pair in KINDS if pair[0] == platform):
        home = Home(tmp_path / str(index), platform, kind, posts=40)
        home.sync(reach=REACH)
        filled |= {n for row in home.latest().values() for n in COLUMNS if row[n] is not None}
    assert filled == promised(platform, None)


def promised(platform, kind):
    """The columns with a source in the page's table Numbers; the table may have a cell a kind."""
    text = (PAGES / f"{platform}.md").read_text(encoding="utf-8")
    lines = text.partition("## Numbers\n")[2].strip().partition("\n\n")[0].splitlines()
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    names = {re.sub("[^a-z_]", "", row[0]): row[1:] for row in rows}
    assert tuple(names) == COLUMNS
    kinds = {"organization": "page", "member": "member"}
    only = head.index(kinds[kind]) - 1 if kinds.get(kind) in head else None
    cells = {name: cells if only is None else [cells[only]] for name, cells in names.items()}
    return {name for name, said in cells.items() if any(cell != "–" for cell in said)}


@every_kind
def test_left_out_the_account_is_told_by_the_token(home, tmp_path):
    told = house_with_unnamed_account(home)
    assert told.platform_account_id == home.handle.platform_account_id
    assert told.kind == home.account.kind


def house_with_unnamed_account(home):
    other = home.add_business("Other")
    new = NewAccount(
        business_id=other,
        platform=home.handle.platform,
        kind=home.handle.kind,
        token=parse_token(home.handle.token, "the test"),
    )
    with home.opened() as found:
        return asyncio.run(add_account(found.parts(), found.vault, new, check=True)).account


@every_kind
def test_a_wrong_token_is_refused_at_once_and_nothing_is_stored(home):
    other = home.add_business("Other")
    with pytest.raises(CredentialRefused) as refusal:
        home.add_account(replace(home.handle, token="EAAwrong" + "x" * 40), other)
    assert "EAAwrong" not in str(refusal.value)
    with home.opened() as found, found.database.read() as connection:
        assert accounts.listed(connection, other) == []


@every_kind
def test_a_token_that_dies_is_told_as_such_and_the_numbers_stay(home):
    home.sync(reach=REACH)
    before = home.latest()
    home.pass_time(hours=7)
    home.world.tokens[home.handle.token].revoked = "revoked"
    record = home.sync()
    assert result_of(record).outcome == "credential_refused"
    assert record.exit_status() == ExitStatus.CREDENTIAL
    assert home.latest() == before


def check_addresses(home):
    """No token is in any of them."""
    for request in home.world.journal.requests:
        assert home.handle.token not in f"{request.path}?{request.query}"
        assert "access_token=" not in request.query


@every_kind
def test_what_was_not_asked_for_changes_no_number(home):
    """Posts that nobody asked for, posts in another order, fields that no documentation names."""
    home.sync(reach=REACH)
    for home.alter in (
        wrong_answers.with_strangers,
        wrong_answers.reversed_posts,
        wrong_answers.with_news,
    ):
        home.pass_time(hours=7)
        record = home.sync(discover=False)
        latest, truth = home.mine()
        assert (result_of(record).outcome, record.total("deferred")) == ("ok", 0)
        assert record.total("synced") > 0
        assert known_by_truth(latest, truth) == truth
    assert home.altered > 0


def known_by_truth(latest, truth):
    """What is known where the truth says something: an unsaid number keeps its last value."""
    return {
        key: {n: latest[key][n] if said[n] is not None else None for n in COLUMNS}
        for key, said in truth.items()
    }


@every_kind
def test_numbers_that_are_null_change_nothing_and_are_never_0(home):
    home.sync(reach=REACH)
    before = home.latest()
    home.pass_time(hours=7)
    home.alter = wrong_answers.without_numbers
    home.sync(discover=False)
    assert home.altered > 0
    assert home.latest() == before


@every_kind
def test_a_post_that_was_deleted_fails_alone_and_keeps_its_history(home):
    silent = {failure.platform_post_id for failure in result_of(home.sync(reach=REACH)).failures}
    before = home.latest()
    deleted = sorted(before)[len(before) // 2]
    home.pass_time(hours=7)
    home.world.post(*deleted).deleted_at = home.clock.now()
    record = home.sync(discover=False)
    failures = result_of(record).failures
    assert {failure.platform_post_id for failure in failures} - silent == {deleted[1]}
    assert {failure.code for failure in failures} <= {
        ErrorCode.POST_GONE,
        ErrorCode.POST_UNAVAILABLE,
        ErrorCode.NO_NUMBERS_YET,
        ErrorCode.POST_REFUSED,
    }
    latest, truth = home.mine()
    assert known_by_truth(latest, truth) == truth
    assert latest[deleted] == before[deleted]
    assert record.exit_status() == ExitStatus.DONE


@every_kind
def test_trouble_that_passes_costs_a_further_try_and_nothing_else(home):
    home.sync(reach=REACH)
    home.pass_time(hours=7)
    home.world.faults.add(Fault("html", status=503))
    record = home.sync(discover=False)
    latest, truth = home.mine()
    assert record.outcome == "complete"
    assert known_by_truth(latest, truth) == truth


@every_kind
def test_an_answer_that_is_none_fails_in_words_and_loses_nothing(home):
    home.sync(reach=REACH)
    for fault in ("html", "half_json", "redirect"):
        before = home.latest()
        home.pass_time(hours=7)
        home.world.faults.add(Fault(fault, status=200, times=None))
        record = home.sync()
        result = result_of(record)
        assert (result.outcome, record.exit_status()) == ("failed", ExitStatus.FAILED)
        codes = {failure.code for failure in result.failures}
        assert codes <= {"platform_unavailable", "answer_not_understood"}
        assert home.latest() == before
        home.world.faults.clear()
        assert result_of(home.sync()).outcome == "ok"


@every_kind
def test_too_many_calls_are_obeyed_by_the_next_process(home):
    home.sync(reach=REACH)
    home.pass_time(hours=7)
    home.world.faults.add(Fault("status", status=429, times=None, headers={"retry-after": "5400"}))
    record = home.sync(discover=False)
    result = result_of(record)
    assert (result.outcome, record.exit_status()) == ("rate_limited", ExitStatus.TRY_LATER)
    assert result.not_before > home.clock.now()
    home.world.faults.clear()
    again = home.sync(discover=False)
    assert result_of(again).outcome == "rate_limited"
    assert home.labels() == {}
