"""The simulated X: rate windows, credits, caps and usage."""

from datetime import date

import pytest

from analytics_sync.simulator.services._x.ledger import Ledger, cycle_start, next_cycle
from support.simulated_x import LEGACY, NOW, AskedX

QUARTER_END = str(int(NOW.timestamp()) + 900)
TOO_MANY = {
    "title": "Too Many Requests",
    "detail": "Too Many Requests",
    "type": "about:blank",
    "status": 429,
}


def rate(answer, group: str = "x-rate-limit") -> tuple[str | None, ...]:
    return tuple(answer.headers.get(f"{group}-{name}") for name in ("limit", "remaining", "reset"))


# --- rate windows


@pytest.mark.parametrize(
    ("path", "app", "user"),
    [
        ("/2/tweets?ids=1", "3500", "5000"),
        ("/2/tweets/1", "450", "900"),
        ("/2/users/1/tweets", "10000", "900"),
        ("/2/users/me", None, "75"),
        ("/2/users/1", "300", "900"),
        ("/2/usage/tweets", "50", None),
        ("/2/usage/credits", "30", None),
    ],
)
def test_every_answer_tells_its_window(path: str, app: str | None, user: str | None) -> None:
    x = AskedX()
    for token, limit in ((x.app_token, app), (x.token, user)):
        answer = x.ask(path, token)
        left = None if limit is None else str(int(limit) - 1)
        assert rate(answer) == (limit, left, QUARTER_END if limit else None)
        assert (answer.status_code == 403) == (limit is None)


def test_errors_tell_the_window_too() -> None:
    x = AskedX(enrolled=True, credits=0)
    assert rate(x.ask("/2/tweets?ids=1"))[:2] == ("5000", "4999")
    x.switch(credits=None)
    assert rate(x.ask("/2/tweets?ids=abc"))[:2] == ("5000", "4998")
    x.switch(enrolled=False)
    assert rate(x.ask("/2/tweets?ids=1"))[:2] == ("5000", "4997")


def test_past_the_ceiling_there_is_429_until_the_window_restarts() -> None:
    x = AskedX(limit__tweets=2)
    asked = [x.ask("/2/tweets?ids=1") for _ in range(4)]
    assert [answer.status_code for answer in asked] == [200, 200, 429, 429]
    assert [rate(answer)[1] for answer in asked] == ["1", "0", "0", "0"]
    assert asked[2].json() == TOO_MANY
    assert asked[2].headers["content-type"] == "application/problem+json"
    assert "retry-after" not in asked[2].headers
    x.later(minutes=14, seconds=59)
    assert x.ask("/2/tweets?ids=1").status_code == 429
    x.later(seconds=1)
    answer = x.ask("/2/tweets?ids=1")
    assert (answer.status_code, rate(answer)[1]) == (200, "1")
    assert rate(answer)[2] == str(int(QUARTER_END) + 900)


def test_the_older_body_of_429() -> None:
    x = AskedX(limit__tweets=0, rate_body="errors")
    answer = x.ask("/2/tweets?ids=1")
    assert answer.status_code == 429
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}


def test_windows_are_apart_by_endpoint_and_token_and_outlive_a_refresh() -> None:
    x = AskedX(limit__tweets=1)
    assert x.ask("/2/tweets?ids=1").status_code == 200
    assert x.ask("/2/tweets?ids=1").status_code == 429
    assert x.ask("/2/tweets/1").status_code == 200
    assert x.ask("/2/tweets?ids=1", x.app_token).status_code == 200
    other = x.service.populate(2, "Other", 0).token
    assert x.ask("/2/tweets?ids=1", other).status_code == 200
    assert x.ask("/2/tweets?ids=1", x.service.oauth.grant(x.user).access).status_code == 429


def test_headers_may_be_missing_altogether() -> None:
    x = AskedX(rate_headers=False, limit__tweets=1, day_limit__user=5)
    for status in (200, 429):
        answer = x.ask("/2/tweets?ids=1")
        assert answer.status_code == status
        assert not [name for name in answer.headers if "limit" in name]


def test_a_daily_limit_of_the_user_blocks_while_the_window_has_plenty() -> None:
    x = AskedX(day_limit__user=1)
    first, second = x.ask("/2/tweets?ids=1"), x.ask("/2/tweets?ids=1")
    reset = str(int(NOW.timestamp()) + 86_400)
    assert rate(first, "x-user-limit-24hour") == ("1", "0", reset)
    assert (second.status_code, rate(second)[:2]) == (429, ("5000", "4998"))
    x.later(hours=1)
    assert x.ask("/2/tweets?ids=1").status_code == 429
    x.later(hours=23)
    assert x.ask("/2/tweets?ids=1").status_code == 200


def test_a_daily_limit_of_the_application_counts_all_its_tokens() -> None:
    x = AskedX(day_limit__app=2)
    other = x.service.populate(2, "Other", 0).token
    answers = [x.ask("/2/tweets?ids=1", token) for token in (x.token, other, x.app_token)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [rate(answer, "x-app-limit-24hour")[1] for answer in answers] == ["1", "0", "0"]
    assert rate(answers[0], "x-user-limit-24hour") == (None, None, None)


def test_a_rate_limit_on_demand_with_plenty_left() -> None:
    x = AskedX()
    x.fault("rate_limited", facts={"body": "errors"}, headers={"retry-after": "7"})
    answer = x.ask("/2/tweets?ids=1")
    assert (answer.status_code, rate(answer)[1]) == (429, "4999")
    assert answer.headers["retry-after"] == "7"
    assert answer.json()["errors"][0]["code"] == 88
    assert x.ask("/2/tweets?ids=1").status_code == 200


# --- money


def test_each_post_is_charged_once_per_utc_day() -> None:
    x = AskedX(10)
    ledger, day = x.service.gate.ledger, date(2026, 11, 23)
    for _ in range(3):
        x.look_up(*x.posts[:4], "404")
    x.ask(f"/2/users/{x.user}/tweets", max_results=5, exclude="retweets")
    app = x.service.oauth.app_token.subject
    assert ledger.reads(app, day) == 5
    assert ledger.dollars(app) == pytest.approx(0.025)
    assert x.world.journal.billed == {"x post": 5}
    x.later(hours=12)
    x.look_up(*x.posts[:4])
    assert ledger.reads(app, date(2026, 11, 24)) == 4
    assert x.world.journal.billed == {"x post": 9}


def test_what_is_not_returned_is_not_charged() -> None:
    x = AskedX()
    old = x.post(days=40)
    x.look_up(old, "404", tweet_fields="non_public_metrics")
    x.ask("/2/tweets?ids=abc")
    x.fault("rate_limited")
    x.ask(f"/2/tweets?ids={old.id}")
    assert x.world.journal.billed == {}


def test_users_cost_more_also_as_expansions() -> None:
    x = AskedX(3)
    app = x.service.oauth.app_token.subject
    x.look_up(*x.posts, expansions="author_id")
    assert x.world.journal.billed == {"x post": 3, "x user": 1}
    x.ask("/2/users/me")
    assert x.world.journal.billed["x user"] == 1
    assert x.service.gate.ledger.dollars(app) == pytest.approx(3 * 0.005 + 0.010)


def test_every_version_of_an_edited_post_is_a_read_of_its_own() -> None:
    x = AskedX()
    old = x.service.publish(x.user)
    new = x.service.edit(old.id)
    x.look_up(new, post_fields="public_metrics", expansions="edit_history_post_ids")
    assert x.world.journal.billed == {"x post": 2}
    x.look_up(old)
    assert x.world.journal.billed == {"x post": 2}


def test_ones_own_timeline_costs_a_fifth_for_the_owner_of_the_application() -> None:
    x = AskedX(5)
    x.switch(app_owner=x.user)
    app = x.service.oauth.app_token.subject
    x.ask(f"/2/users/{x.user}/tweets", exclude="retweets")
    assert x.service.gate.ledger.dollars(app) == pytest.approx(5 * 0.001)
    x.later(days=1)
    x.ask(f"/2/users/{x.user}/tweets", x.app_token, exclude="retweets")
    assert x.service.gate.ledger.dollars(app) == pytest.approx(5 * 0.001 + 5 * 0.005)


@pytest.mark.parametrize("by_fault", [True, False])
def test_no_credits_is_402_in_both_bodies(by_fault: bool) -> None:
    x = AskedX(credits=None if by_fault else 0)
    for body in ("new", "old"):
        if by_fault:
            x.fault("credits_depleted", facts={"body": body})
        x.switch(credits_body=body)
        answer = x.ask("/2/tweets?ids=1")
        assert answer.status_code == 402
        assert int(rate(answer)[1]) > 4000
        assert answer.json() == (
            {
                "title": "Payment Required",
                "detail": "credits depleted",
                "status": 402,
                "type": "https://api.x.com/2/problems/credits-depleted",
            }
            if body == "new"
            else {
                "title": "CreditsDepleted",
                "type": "https://api.twitter.com/2/problems/credits",
                "detail": "Your enrolled account [1600000] does not have any credits to fulfill "
                "this request.",
            }
        )


def test_credits_run_out_as_they_are_spent_and_may_end_a_little_below_zero() -> None:
    x = AskedX(12, credits=0.03)
    ids = [post.id for post in x.posts]
    assert x.ask("/2/tweets", ids=",".join(ids[:5])).status_code == 200
    assert x.ask("/2/tweets", ids=",".join(ids)).status_code == 200
    assert x.ask("/2/tweets", ids=ids[0]).status_code == 402
    balance = x.ask("/2/usage/credits", x.app_token).json()["data"]
    assert balance == {"free_balance": 0, "prepaid_balance": -0.03, "total_balance": 0}


@pytest.mark.parametrize("by_fault", [True, False])
def test_a_spending_limit_is_403_until_the_next_cycle(by_fault: bool) -> None:
    x = AskedX(3, spending_limit=None if by_fault else 0.01)
    if by_fault:
        x.fault("spending_limit")
    else:
        x.look_up(*x.posts)
    answer = x.ask("/2/tweets?ids=1")
    assert answer.status_code == 403
    body = answer.json()
    assert body["title"] == "SpendCapReached"
    assert body["reset_date"] == "2026-12-09"
    assert body["type"] == "https://api.twitter.com/2/problems/credits"
    x.later(days=16)
    assert x.ask("/2/tweets?ids=1").status_code == 200


@pytest.mark.parametrize("by_fault", [True, False])
def test_the_monthly_cap_is_a_429_that_looks_different(by_fault: bool) -> None:
    x = AskedX(3, usage_cap=None if by_fault else 3)
    x.look_up(*x.posts)
    if by_fault:
        x.fault("usage_capped")
    answer = x.ask("/2/tweets?ids=1")
    assert answer.status_code == 429
    assert int(rate(answer)[1]) > 4000
    assert answer.json() == {
        "title": "UsageCapExceeded",
        "detail": "Usage cap exceeded: Monthly product cap",
        "type": f"{LEGACY}usage-capped",
        "account_id": 1600000,
        "product_name": "standard-basic",
        "period": "Monthly",
        "scope": "Product",
    }


def test_money_stands_not_in_the_way_of_usage() -> None:
    x = AskedX(credits=0)
    assert x.ask("/2/usage/tweets", x.app_token).status_code == 200


@pytest.mark.parametrize(
    ("day", "began", "begins"),
    [
        ("2026-11-23", "2026-11-09", "2026-12-09"),
        ("2026-11-09", "2026-11-09", "2026-12-09"),
        ("2026-11-08", "2026-10-09", "2026-11-09"),
        ("2027-01-01", "2026-12-09", "2027-01-09"),
        ("2026-12-31", "2026-12-09", "2027-01-09"),
    ],
)
def test_billing_cycles_begin_on_the_ninth(day: str, began: str, begins: str) -> None:
    moment = NOW.replace(
        **dict(zip(("year", "month", "day"), map(int, day.split("-")), strict=True))
    )
    assert str(cycle_start(moment)) == began
    assert str(next_cycle(moment)) == begins


def test_applications_have_bills_of_their_own() -> None:
    ledger = Ledger()
    assert ledger.charge("a", NOW, "post", ["1", "1", "2"], price=5000) == 2
    assert ledger.charge("b", NOW, "post", ["1"], price=5000) == 1
    assert ledger.charge("a", NOW, "user", ["1"], price=10_000) == 1
    assert (ledger.dollars("a"), ledger.dollars("b")) == (0.02, 0.005)
    assert ledger.reads_since("a", NOW.date()) == 2


# --- usage


def test_usage_is_told_by_day_and_in_strings() -> None:
    x = AskedX(8)
    x.look_up(*x.posts[:3])
    x.later(days=1)
    x.look_up(*x.posts)
    asked = {"days": 3, "usage_fields": "daily_project_usage,daily_client_app_usage"}
    body = x.ask("/2/usage/tweets", x.app_token, **asked).json()
    usage = [
        {"date": "2026-11-24T00:00:00.000Z", "usage": "8"},
        {"date": "2026-11-23T00:00:00.000Z", "usage": "3"},
        {"date": "2026-11-22T00:00:00.000Z", "usage": "0"},
    ]
    app = x.service.oauth.app_token.subject
    assert body == {
        "data": {
            "daily_client_app_usage": [
                {"client_app_id": app, "usage_result_count": 3, "usage": usage}
            ],
            "daily_project_usage": {"project_id": "1600000", "usage": usage},
        }
    }


def test_usage_without_fields_tells_the_project() -> None:
    x = AskedX(2)
    x.look_up(*x.posts)
    assert x.ask("/2/usage/tweets", x.app_token).json() == {
        "data": {
            "cap_reset_day": 9,
            "project_cap": "3000000",
            "project_id": "1600000",
            "project_usage": "2",
        }
    }
    x.switch(usage_numbers="integers", usage_cap=10)
    data = x.ask("/2/usage/tweets", x.app_token).json()["data"]
    assert (data["project_cap"], data["project_usage"]) == (10, 2)


def test_usage_is_for_applications_and_for_1_to_90_days() -> None:
    x = AskedX()
    forbidden = x.ask("/2/usage/tweets")
    assert forbidden.status_code == 403
    assert forbidden.json()["detail"] == (
        "Authenticating with OAuth 2.0 User Context is forbidden for this endpoint.  "
        "Supported authentication types are [OAuth 2.0 Application-Only]."
    )
    assert x.ask("/2/usage/tweets", x.app_token, days=90).status_code == 200
    assert x.ask("/2/usage/tweets", x.app_token, days=91).status_code == 400
    assert x.ask("/2/usage/tweets", x.app_token, days=0).status_code == 400
