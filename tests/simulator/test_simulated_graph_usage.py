"""Call budgets: usage headers that grow, and refusals that last."""

import json

import pytest

from support.graph_wire import Wire, error_of


@pytest.fixture
def wire():
    return Wire(posts=12, media=12)


def business_usage(answer):
    return json.loads(answer.headers["x-business-use-case-usage"])


def entry_of(answer, kind="pages"):
    entries = [e for owner in business_usage(answer).values() for e in owner if e["type"] == kind]
    return entries[0]


def test_usage_headers_appear_after_some_calls_and_grow(wire):
    wire.switch(facebook__page_quota=10)
    answers = [wire.get("me") for _ in range(5)]
    assert "x-app-usage" not in answers[0].headers
    assert "x-business-use-case-usage" not in answers[1].headers
    assert [entry_of(answer)["call_count"] for answer in answers[2:]] == [30, 40, 50]
    assert set(json.loads(answers[4].headers["x-app-usage"])) == {
        "call_count",
        "total_cputime",
        "total_time",
    }
    assert set(entry_of(answers[4])) == {
        "type",
        "call_count",
        "total_cputime",
        "total_time",
        "estimated_time_to_regain_access",
    }


def test_business_usage_is_keyed_by_a_business_and_has_several_entries(wire):
    wire.switch(facebook__silent_calls=0)
    usage = business_usage(wire.get("me"))
    assert list(usage) == [wire.account(wire.page).facts["business_id"]]
    (entries,) = usage.values()
    assert [entry["type"] for entry in entries] == ["messenger", "pages"]


def test_entries_and_fields_of_usage_by_switch(wire):
    more = {"998877": [{"type": "pages", "call_count": 91}]}
    wire.switch(facebook__silent_calls=0, facebook__business_usage=more)
    wire.switch(facebook__usage={"total_cputime": 96})
    answer = wire.get("me")
    assert business_usage(answer)["998877"] == more["998877"]
    assert entry_of(answer)["total_cputime"] == 96
    assert json.loads(answer.headers["x-app-usage"])["total_cputime"] == 96


def test_a_spent_page_is_refused_until_the_clock_passes(wire):
    wire.switch(facebook__page_quota=3)
    for _ in range(3):
        assert wire.get("me").status_code == 200
    answer = wire.get("me")
    assert error_of(answer) == (
        400,
        {
            "message": "(#80001) There have been too many calls to this Page account. Wait a bit "
            "and try again. For more info, please refer to "
            "https://developers.facebook.com/docs/graph-api/overview/rate-limiting.",
            "type": "OAuthException",
            "code": 80001,
        },
    )
    assert entry_of(answer)["estimated_time_to_regain_access"] == 60
    assert entry_of(answer)["call_count"] == 100
    wire.advance(minutes=60)
    assert wire.get("me").status_code == 200


def test_calling_on_makes_the_refusal_longer(wire):
    wire.switch(facebook__page_quota=1, facebook__throttle_minutes=10)
    wire.get("me")
    wire.get("me")
    answer = [wire.get("me") for _ in range(3)][-1]
    assert entry_of(answer)["estimated_time_to_regain_access"] == 25
    wire.advance(minutes=20)
    assert wire.error("me")[1]["code"] == 80001
    wire.advance(minutes=10)
    assert wire.get("me").status_code == 200


def test_other_pages_and_accounts_go_on(wire):
    other = wire.facebook.populate(3, "Other", 1)
    wire.switch(facebook__page_quota=1)
    wire.get("me")
    assert wire.error("me")[1]["code"] == 80001
    assert wire.get("me", token=other.token).status_code == 200
    assert wire.get(wire.behind.platform_account_id, token=wire.behind.token).status_code == 200


def test_a_spent_page_makes_the_rest_of_a_batch_fail(wire):
    wire.switch(facebook__page_quota=2)
    items = wire.batch(*["me"] * 4).json()
    assert [item["code"] for item in items] == [200, 200, 400, 400]
    assert json.loads(items[3]["body"])["error"]["code"] == 80001


def test_old_calls_leave_the_rolling_window(wire):
    wire.switch(facebook__page_quota=2, facebook__silent_calls=0)
    wire.get("me")
    wire.advance(hours=23)
    assert entry_of(wire.get("me"))["call_count"] == 100
    wire.advance(hours=2)
    assert entry_of(wire.get("me"))["call_count"] == 100
    assert wire.error("me")[1]["code"] == 80001


@pytest.mark.parametrize("host", ["facebook", "instagram"])
def test_a_spent_instagram_account(wire, host):
    handle = wire.behind if host == "facebook" else wire.direct
    wire.switch(**{f"{host}__account_quota": 1, f"{host}__silent_calls": 0})
    path = handle.platform_account_id
    assert entry_of(wire.get(path, host=host, token=handle.token), "instagram")["call_count"] == 100
    status, error = wire.error(path, host=host, token=handle.token)
    assert (status, error["code"]) == (400, 80002)
    assert "this Instagram account" in error["message"]


def test_a_persons_token_has_the_persons_budget(wire):
    person = wire.facebook.add_person([wire.page_id]).value
    wire.switch(facebook__user_quota=2, facebook__silent_calls=0)
    assert "x-business-use-case-usage" not in wire.get(wire.page_id, token=person).headers
    wire.get("me", token=person)
    assert wire.error(wire.page_id, token=person)[1]["code"] == 32
    wire.advance(hours=1, minutes=5)
    wire.get("me", token=person)
    wire.get("me", token=person)
    assert wire.error("me", token=person)[1] == {
        "message": "(#17) User request limit reached",
        "type": "OAuthException",
        "is_transient": True,
        "code": 17,
    }


def test_a_system_users_token_counts_on_the_page(wire):
    system = wire.facebook.add_person([wire.page_id], kind="system")
    wire.switch(facebook__page_quota=1)
    assert system.expires_at is None
    wire.get(wire.page_id, token=system.value)
    assert wire.error(wire.page_id, token=system.value)[1]["code"] == 80001


def test_a_spent_application(wire):
    wire.switch(facebook__app_quota=1)
    wire.get("me")
    assert wire.error("me") == (
        400,
        {
            "message": "(#4) Application request limit reached",
            "type": "OAuthException",
            "is_transient": True,
            "code": 4,
        },
    )


def test_throttles_may_have_another_status_and_no_headers(wire):
    wire.switch(facebook__page_quota=0, facebook__throttle_status=403)
    wire.switch(facebook__throttle_headers=False, facebook__silent_calls=0)
    answer = wire.get("me")
    assert answer.status_code == 403
    assert "x-business-use-case-usage" not in answer.headers


def test_refused_tokens_are_charged_to_nobody(wire):
    wire.error("me", token="x")
    assert wire.world.journal.requests[-1].charged == 0
    wire.error("4711")
    assert wire.world.journal.requests[-1].charged == 1
