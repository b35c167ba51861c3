"""X: batches, dialects, private metrics, edits, money, and every failure told apart."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from analytics_sync.connect.posts import add_posts
from analytics_sync.domain.records import Account
from analytics_sync.errors import (
    AccountRefused,
    BudgetSpent,
    CredentialRefused,
    PlatformStopped,
    RateLimited,
    Refused,
    Temporary,
)
from analytics_sync.platforms._x.answers import metrics_of, parse_post_id
from analytics_sync.platforms._x.rules import XRules
from analytics_sync.platforms.x import PLATFORM
from analytics_sync.simulator.faults import Fault
from analytics_sync.simulator.service import Handle
from analytics_sync.store.tables import call_budget
from analytics_sync.transport.call import Call, Reply
from support.house import House

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
ACCOUNT = Account(3, 1, "x", "2244994945", credential_id=7)
CALL = Call(
    url="https://api.x.com/2/tweets",
    label="X posts lookup",
    buckets=("x:credential:7:tweets", "x:credential:7", "x:app:0"),
)
RULES = XRules(ACCOUNT)
LEGACY, NEW = "https://api.twitter.com/2/problems/", "https://api.x.com/2/problems/"


def reply(status, body=None, **headers):
    told = {name.replace("_", "-"): str(value) for name, value in headers.items()}
    return Reply(status, told, json.dumps(body).encode() if body is not None else b"")


def failure(status, body=None, **headers):
    return RULES.failure(CALL, reply(status, body, **headers), NOW)


# --- the table of failures (X docs: Response codes and errors) -----------------------------------


def test_a_200_is_an_answer_to_read_also_with_errors_in_it():
    assert failure(200, {"errors": [{"title": "Not Found Error"}]}) is None


def test_401_is_a_refused_token():
    body = {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"}
    assert isinstance(failure(401, body), CredentialRefused)


@pytest.mark.parametrize(
    "body",
    [
        {
            "title": "CreditsDepleted",
            "type": f"{LEGACY}credits",
            "detail": "Your enrolled account [1] ...",
        },
        {
            "title": "Payment Required",
            "detail": "credits depleted",
            "status": 402,
            "type": f"{NEW}credits-depleted",
        },
        None,
    ],
)
def test_402_stops_the_platform_whatever_its_body_and_headers(body):
    found = failure(
        402, body, x_rate_limit_remaining=4999, x_rate_limit_reset=int(NOW.timestamp()) + 60
    )
    assert isinstance(found, PlatformStopped)
    assert found.code == "credits_depleted"


@pytest.mark.parametrize("base", [LEGACY, NEW])
def test_a_token_of_the_wrong_kind_is_told_from_other_403s(base):
    body = {
        "title": "Unsupported Authentication",
        "type": f"{base}unsupported-authentication",
        "status": 403,
    }
    assert isinstance(failure(403, body), AccountRefused)


def test_an_app_without_a_project_stops_the_platform_and_names_the_address():
    body = {
        "type": f"{LEGACY}client-forbidden",
        "reason": "client-not-enrolled",
        "registration_url": "https://portal",
    }
    found = failure(403, body)
    assert isinstance(found, PlatformStopped)
    assert "https://portal" in found.hint


def test_a_spending_limit_is_its_own_state():
    body = {
        "title": "SpendCapReached",
        "type": f"{NEW}credits",
        "detail": "Spending limit reached",
        "status": 403,
    }
    found = failure(403, body)
    assert (type(found), found.code) == (PlatformStopped, "spending_limit")


def test_a_usage_cap_is_no_rate_limit_though_the_headers_show_plenty():
    body = {
        "title": "UsageCapExceeded",
        "type": f"{LEGACY}usage-capped",
        "period": "Monthly",
        "scope": "Product",
    }
    found = failure(
        429, body, x_rate_limit_remaining=3400, x_rate_limit_reset=int(NOW.timestamp()) + 60
    )
    assert (type(found), found.code, found.bucket) == (BudgetSpent, "usage_capped", "x:app:0")
    assert found.until == datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    "body",
    [
        {
            "title": "Too Many Requests",
            "detail": "Too Many Requests",
            "type": "about:blank",
            "status": 429,
        },
        {"errors": [{"code": 88, "message": "Rate limit exceeded"}]},
    ],
)
def test_a_rate_limit_waits_for_the_reset_and_a_little_more(body):
    reset = int(NOW.timestamp()) + 600
    found = failure(429, body, x_rate_limit_remaining=0, x_rate_limit_reset=reset)
    assert (type(found), found.bucket) == (RateLimited, "x:credential:7:tweets")
    assert timedelta(seconds=600) < found.until - NOW <= timedelta(seconds=603)


def test_the_group_that_blocks_decides_also_when_it_is_the_daily_one():
    found = failure(
        429,
        {"title": "Too Many Requests"},
        x_rate_limit_remaining=40,
        x_rate_limit_reset=int(NOW.timestamp()) + 60,
        x_user_limit_24hour_remaining=0,
        x_user_limit_24hour_reset=int(NOW.timestamp()) + 36_000,
    )
    assert found.bucket == "x:credential:7"
    assert found.until - NOW > timedelta(hours=9)


def test_without_any_spent_group_a_429_waits_half_a_minute_or_what_retry_after_says():
    assert failure(429, {}).until == NOW + timedelta(seconds=30)
    assert failure(429, {}, retry_after=7).until == NOW + timedelta(seconds=7)


def test_of_a_spent_window_and_a_retry_after_the_later_one_counts():
    reset = int(NOW.timestamp()) + 600
    spent = {"x_rate_limit_remaining": 0, "x_rate_limit_reset": reset}
    assert failure(429, {}, **spent, retry_after=1200).until == NOW + timedelta(seconds=1200)
    assert failure(429, {}, **spent, retry_after=5).until > NOW + timedelta(seconds=600)


def test_both_forms_of_error_bodies_are_quoted():
    assert "bad id" in failure(400, {"errors": [{"message": "bad id"}]}).message
    assert "bad token" in failure(400, {"code": 215, "message": "bad token"}).message


def test_a_clock_that_is_off_is_corrected_by_the_date_header():
    """Their clock is an hour ahead of ours: the wait is what they mean, not an hour more."""
    theirs = NOW + timedelta(hours=1)
    found = failure(
        429,
        {},
        x_rate_limit_remaining=0,
        x_rate_limit_reset=int(theirs.timestamp()) + 300,
        date=theirs.strftime("%a, %d %b %Y %H:%M:%S GMT"),
    )
    assert timedelta(seconds=299) < found.until - NOW < timedelta(seconds=304)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_server_trouble_may_work_in_a_moment(status):
    assert isinstance(failure(status), Temporary)


def test_a_bad_parameter_is_refused_and_not_retried():
    body = {
        "title": "Invalid Request",
        "type": f"{LEGACY}invalid-request",
        "errors": [{"message": "The `ids` ..."}],
    }
    found = failure(400, body)
    assert (type(found), found.reason) == (Refused, "invalid-request")


def test_headers_become_limits_of_their_buckets():
    limits = {
        limit.bucket: limit
        for limit in RULES.limits(
            CALL,
            reply(
                200,
                {},
                x_rate_limit_limit=5000,
                x_rate_limit_remaining=0,
                x_rate_limit_reset=int(NOW.timestamp()) + 60,
                x_app_limit_24hour_remaining=5,
            ),
            NOW,
        )
    }
    assert limits["x:credential:7:tweets"].stop_until > NOW
    assert (limits["x:app:0"].remaining, limits["x:app:0"].stop_until) == (5, None)


@given(
    st.dictionaries(
        st.sampled_from(["x-rate-limit-remaining", "x-rate-limit-reset", "date", "retry-after"]),
        st.text(max_size=30),
    )
)
def test_no_header_whatever_it_holds_breaks_the_rules(headers):
    answer = Reply(429, headers, b"[]")
    assert RULES.failure(CALL, answer, NOW) is not None
    list(RULES.limits(CALL, answer, NOW))


# --- ids -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "1990000000000000001",
        " 1990000000000000001 ",
        "https://x.com/acme/status/1990000000000000001",
        "https://twitter.com/acme/status/1990000000000000001?s=20",
        "https://mobile.twitter.com/acme/statuses/1990000000000000001#top",
        "https://x.com/i/web/status/1990000000000000001/photo/1",
    ],
)
def test_ids_and_web_addresses_of_posts_are_understood(text):
    assert parse_post_id(text) == "1990000000000000001"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "-5",
        "1.5",
        "٣",
        "12345678901234567890",
        "https://x.com/acme",
        "0",
        "https://example.com/a/status/1",
    ],
)
def test_other_texts_are_refused_with_the_form_that_is_wanted(text):
    with pytest.raises(ValueError, match="expected"):
        parse_post_id(text)


def test_the_id_tells_the_time_of_publishing():
    number = (int(NOW.timestamp() * 1000) - 1_288_834_974_657) << 22
    assert PLATFORM.published_from_id(str(number)) == NOW
    assert PLATFORM.published_from_id("20") is None


# --- reading -------------------------------------------------------------------------------------


def made(tmp_path, **settings):
    house = House(
        tmp_path, settings={f"PLATFORMS__X__{name}": value for name, value in settings.items()}
    )
    house.add_business()
    return house


@pytest.fixture
def house(tmp_path):
    return made(tmp_path)


def codes(record):
    return {failure.code for result in record.accounts for failure in result.failures}


def billed_posts(house):
    """What the server charged, by its own ledger."""
    counts = house.simulator.services["x"].gate.ledger.counts
    return sum(count for (_, _, kind), count in counts.items() if kind == "post")


@pytest.mark.parametrize("dialect", ["legacy", "new"])
def test_both_dialects_give_the_same_truth(tmp_path, dialect):
    house = made(tmp_path, DIALECT=dialect)
    house.populate("x", posts=40)
    house.sync(reach=timedelta(days=150))
    assert house.latest() == house.truth()


def test_a_hundred_posts_take_one_call_or_two_when_some_are_young(house):
    account = house.populate("x", posts=140)[0]
    posts = house.world.account("x", account.platform_account_id).posts
    for post in [post for post in posts.values() if post.versions]:
        del posts[post.id]  # older versions are ids of their own, counted apart
    house.sync(reach=timedelta(days=150))
    house.pass_time(days=1)
    record = house.sync(discover=False)
    assert record.total("selected") == 100
    assert house.labels()["x tweets lookup"] == 2
    house.pass_time(days=60)
    house.sync(discover=False)
    assert house.labels()["x tweets lookup"] == 1


def test_a_private_metric_that_ends_with_its_thirty_days_makes_no_false_snapshot(house):
    account = house.populate("x", posts=1)[0]
    house.world.accounts["x", account.platform_account_id].posts.clear()
    service = house.simulator.services["x"]
    post = service.publish(account.platform_account_id)
    post.kind = "link"
    house.pass_time(days=28)
    frozen = {name: house.world.value(post, name) for name in house.world.values(post)}
    post.fixed.update(frozen)
    house.sync()
    row = house.exported(newest_only=True)[0]
    before = row["clicks"]
    house.pass_time(days=5)
    record = house.sync()
    assert record.total("synced") == 1
    assert record.total("snapshots") == 0
    assert house.exported(newest_only=True)[0]["clicks"] == before


def test_a_token_that_is_not_the_authors_reads_public_numbers_and_stops_asking_for_more(house):
    account = house.populate("x", posts=30)[0]
    token = house.simulator.services["x"].oauth.app_token.value
    house.add_account(Handle("x", account.platform_account_id, "Acme", None, token), 1)
    record = house.sync()
    assert record.outcome == "complete", record.as_json()
    first = house.labels()["x tweets lookup"]
    assert all(
        row["clicks"] is None and row["likes"] is not None
        for row in house.exported(newest_only=True)
    )
    house.pass_time(hours=1)
    house.sync(discover=False)
    assert house.labels()["x tweets lookup"] == 1 < first


def test_a_new_token_is_asked_for_private_metrics_again(house):
    account = house.populate("x", posts=30)[0]
    own = house.simulator.handles[-1][1]
    token = house.simulator.services["x"].oauth.app_token.value
    house.add_account(Handle("x", account.platform_account_id, "Acme", None, token), 1)
    house.sync()
    assert all(row["clicks"] is None for row in house.exported(newest_only=True))
    house.add_account(own, 1)
    house.sync(discover=False)
    latest, truth = house.latest(), house.truth()
    assert latest == {key: truth[key] for key in latest}
    assert any(numbers["clicks"] is not None for numbers in latest.values())


def test_an_edited_post_is_the_sum_of_its_versions_under_its_newest_id(house):
    account = house.populate("x", posts=3)[0]
    house.sync()
    service = house.simulator.services["x"]
    post = service.publish(account.platform_account_id)
    old_id = post.id
    house.pass_time(hours=2)
    house.sync()
    assert ("x", old_id) in house.latest()
    house2 = house.simulator.services["x"].publish(account.platform_account_id)
    house.pass_time(minutes=10)
    house.sync()
    edited = service.edit(house2.id)
    house.pass_time(hours=2)
    house.sync()
    latest, truth = house.latest(), house.truth()
    newest = getattr(edited, "id", None) or edited
    assert latest["x", newest] == truth["x", newest]
    assert len([key for key in latest if key in truth]) == len(latest)


def test_a_deleted_post_is_reported_at_each_sighting_and_gone_after_three(house):
    house.populate("x", posts=10)
    house.sync()
    victim = next(iter(house.world.accounts.values())).posts
    post = max(victim.values(), key=lambda p: p.published_at)
    post.deleted_at = house.world.clock.now()
    seen = []
    for _ in range(4):
        house.pass_time(hours=2)
        record = house.sync()
        seen.append(codes(record))
        assert record.accounts[0].outcome == "ok"
    assert seen == [{"post_gone"}, {"post_gone"}, {"post_gone"}, set()]
    assert ("x", post.id) in house.latest()


def test_when_no_post_resolves_the_answer_has_no_data_and_all_are_sightings(house):
    house.populate("x", posts=4)
    house.sync()
    for post in next(iter(house.world.accounts.values())).posts.values():
        post.deleted_at = house.world.clock.now()
    record = house.sync(discover=False)
    assert codes(record) == {"post_gone"}
    assert record.total("failed") == record.total("selected")
    assert record.exit_status() == 0


def test_a_protected_author_is_unavailable_and_not_gone(house):
    account = house.populate("x", posts=4)[0]
    house.sync()
    found = house.world.account("x", account.platform_account_id)
    found.facts["suspended"] = True
    for _ in range(4):
        house.pass_time(hours=1)
        record = house.sync(discover=False)
    assert "post_unavailable" in codes(record) or record.accounts[0].outcome != "ok"
    assert record.total("selected") > 0, "still asked: the author may come back"


def test_posts_that_x_says_nothing_about_stay_due(house):
    house.populate("x", posts=5)
    house.sync()
    post = max(
        next(iter(house.world.accounts.values())).posts.values(), key=lambda p: p.published_at
    )
    house.world.faults.add(Fault("unmentioned", platform="x", facts={"ids": [post.id]}))
    record = house.sync(discover=False)
    assert "post_unknown" in codes(record)
    again = house.sync(discover=False)
    assert codes(again) == set()


def test_changed_names_of_fields_are_found_and_no_zero_is_stored(house):
    house.populate("x", posts=5)
    house.sync()
    before = house.latest()
    house.world.switches["x.withheld_fields"] = ["public_metrics"]
    house.pass_time(hours=3)
    record = house.sync(discover=False)
    assert "contract_changed" in codes(record)
    assert record.accounts[0].outcome == "failed"
    assert house.latest() == before


@pytest.mark.parametrize("public", [{}, {"like_count": None, "impression_count": "many"}, [], 7])
def test_a_public_group_without_a_number_is_none(public):
    row = {"id": "19", "public_metrics": public, "non_public_metrics": {"url_link_clicks": 4}}
    assert metrics_of(row) is None


def test_numbers_that_x_could_not_fill_in_are_no_change_of_names(house):
    house.populate("x", posts=5)
    house.sync()
    before = house.latest()
    house.world.faults.add(Fault("hydration_failure", platform="x", times=None))
    house.pass_time(hours=3)
    record = house.sync(discover=False)
    assert codes(record) == {"no_numbers_yet"}
    assert (record.exit_status(), house.latest()) == (0, before)


@pytest.mark.parametrize("body", ["null", "[]", '{"data": null}', '{"data": {"id": "1"}}'])
def test_an_answer_without_lists_is_not_taken_for_silence_about_the_posts(house, body):
    house.populate("x", posts=5)
    house.sync()
    fault = Fault("status", platform="x", match="ids=", times=None, status=200, body=body)
    house.world.faults.add(fault)
    record = house.sync(discover=False)
    assert (codes(record), record.exit_status()) == ({"answer_not_understood"}, 1)


def test_followers_are_read_once_a_day(house):
    house.populate("x", posts=2)
    house.sync()
    assert house.labels().get("x user") == 1
    house.pass_time(hours=3)
    house.sync()
    assert "x user" not in house.labels()
    house.pass_time(days=1)
    house.sync()
    assert house.labels().get("x user") == 1


def test_the_bill_is_what_our_budget_counts(tmp_path):
    """Each post once per UTC day, however often it is read."""
    house = made(tmp_path, DAILY_READ_BUDGET="200")
    house.populate("x", posts=50)
    for _ in range(3):
        house.sync()
        house.pass_time(hours=1)
    billed = billed_posts(house)
    with house.opened() as found, found.database.read() as connection:
        used = connection.execute(
            select(call_budget.c.used).where(call_budget.c.bucket == "x:app:0:reads")
        ).scalar()
    assert 0 < billed <= used <= billed + 10, (billed, used)


def test_versions_found_by_a_listing_after_the_days_reading_are_counted_too(house):
    account = house.populate("x", posts=3)[0]
    service = house.simulator.services["x"]
    post = service.publish(account.platform_account_id)
    house.pass_time(minutes=5)
    house.sync()
    for _ in range(2):
        house.pass_time(minutes=5)
        post = service.edit(post.id)
    house.pass_time(hours=2)
    house.sync()
    with house.opened() as found, found.database.read() as connection:
        used = connection.execute(
            select(call_budget.c.used).where(call_budget.c.bucket == "x:app:0:reads")
        ).scalar()
    assert used >= billed_posts(house)


def test_the_read_budget_stops_before_it_is_overdrawn(tmp_path):
    house = made(tmp_path, DAILY_READ_BUDGET="30")
    house.populate("x", posts=80)
    record = house.sync()
    assert record.accounts[0].outcome == "budget_spent"
    assert record.accounts[0].not_before == datetime(2026, 11, 24, tzinfo=UTC)
    assert 0 < billed_posts(house) <= 30


def test_a_listing_that_the_budget_broke_off_goes_on_where_it_was(tmp_path):
    """At most the post at the break is paid for twice; what is new meanwhile is found as well."""
    house = made(tmp_path, DAILY_READ_BUDGET="30")
    account = house.populate("x", posts=80)[0]
    reach = timedelta(days=150)
    assert house.sync(read=False, reach=reach).accounts[0].outcome == "budget_spent"
    new = house.simulator.services["x"].publish(account.platform_account_id)
    found = 30
    for days in (1, 2):
        house.pass_time(days=1)
        found += house.sync(read=False, reach=reach).total("discovered")
        assert found <= billed_posts(house) <= found + days
        assert any("end_time" in request.query for request in house.world.journal.requests)
    house.pass_time(days=1)
    assert house.sync(read=False, reach=reach).accounts[0].outcome == "ok"
    house.environ["ANALYTICS_SYNC_PLATFORMS__X__DAILY_READ_BUDGET"] = "1000"
    house.pass_time(hours=1)
    house.sync(limit=1000)
    assert not any("end_time" in request.query for request in house.world.journal.requests)
    assert ("x", new.id) in house.latest()
    assert house.latest() == house.truth()


def test_what_is_known_is_read_before_a_broken_listing_goes_on(tmp_path):
    house = made(tmp_path, DAILY_READ_BUDGET="30")
    house.populate("x", posts=80)
    house.sync()
    house.pass_time(days=1)
    house.sync(limit=10)
    asked = [
        next((word for word in ("since_id", "ids", "end_time") if f"{word}=" in request.query), "")
        for request in house.world.journal.requests
    ]
    assert asked[0] == "since_id"
    assert "ids" in asked
    assert "end_time" in asked
    assert "ids" not in asked[asked.index("end_time") :]


def test_a_post_is_added_by_its_web_address(house):
    account = house.populate("x", posts=3)[0]
    post = next(iter(house.world.accounts["x", account.platform_account_id].posts.values()))
    with house.opened() as found:
        added = asyncio.run(
            add_posts(
                found.parts(),
                [f"https://x.com/a/status/{post.id}"],
                business_id=None,
                platform=None,
            )
        )
    assert (added[0].new, added[0].platform_post_id) == (True, post.id)
    with house.opened() as found:
        (hidden,) = asyncio.run(
            add_posts(found.parts(), ["1990000000000000001"], business_id=None, platform=None)
        )
    assert not hidden.new
    assert hidden.refused is not None
    assert "does not show" in str(hidden.refused)


def test_discovery_asks_only_for_what_came_since(house):
    account = house.populate("x", posts=20)[0]
    house.sync()
    house.pass_time(hours=2)
    house.simulator.services["x"].publish(account.platform_account_id)
    house.pass_time(minutes=5)
    record = house.sync()
    assert record.total("discovered") == 1
    query = next(r.query for r in house.world.journal.requests if "since_id" in r.query)
    assert "start_time" not in query
