"""What a run tells its caller: outcome, exit status, and the document of the contract."""

from datetime import UTC, datetime

import pytest

from analytics_sync.domain.records import Account
from analytics_sync.errors import ExitStatus
from analytics_sync.sync.results import AccountResult, Failure, RunRecord

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def record(*outcomes, **facts):
    accounts = [
        AccountResult(
            Account(n, 1, "x", str(n)), outcome=outcome, selected=2, synced=outcome == "ok"
        )
        for n, outcome in enumerate(outcomes)
    ]
    return RunRecord(12, "manual", NOW, accounts=accounts, **facts)


@pytest.mark.parametrize(
    ("outcomes", "outcome", "status"),
    [
        (["ok", "ok"], "complete", ExitStatus.DONE),
        (["ok", "failed"], "partial", ExitStatus.FAILED),
        (["failed", "failed"], "failed", ExitStatus.FAILED),
        (["ok", "rate_limited"], "partial", ExitStatus.TRY_LATER),
        (["budget_spent"], "failed", ExitStatus.TRY_LATER),
        (["busy", "ok"], "partial", ExitStatus.TRY_LATER),
        (["credential_refused", "failed", "busy"], "failed", ExitStatus.CREDENTIAL),
        (["failed", "rate_limited", "ok"], "partial", ExitStatus.FAILED),
    ],
)
def test_the_first_that_applies_of_77_1_75_0(outcomes, outcome, status):
    found = record(*outcomes)
    assert (found.judge(), found.exit_status()) == (outcome, status)


def test_failed_single_posts_are_no_failure_of_the_run():
    found = record("ok")
    found.accounts[0].failed = 1
    assert (found.judge(), found.exit_status()) == ("complete", ExitStatus.DONE)


def test_an_interrupted_run_is_tried_again():
    found = record("ok", interrupted=True)
    assert (found.judge(), found.exit_status()) == ("interrupted", ExitStatus.TRY_LATER)


def test_posts_left_behind_alert():
    found = record("rate_limited")
    found.accounts[0].left_behind = True
    assert found.exit_status() == ExitStatus.FAILED


def test_nothing_due_is_said_only_where_the_cadence_was_asked():
    quiet = [AccountResult(Account(1, 1, "x", "1"))]
    assert RunRecord(1, "manual", NOW, due_only=True, accounts=quiet).judge() == "nothing_due"
    assert RunRecord(1, "manual", NOW, accounts=quiet).judge() == "complete"
    assert RunRecord(1, "manual", NOW).judge() == "nothing_due"


def test_the_document_has_the_form_of_the_contract():
    account = AccountResult(
        Account(3, 1, "x", "2244994945"), selected=60, synced=50, failed=2, requests=1,
        failures=[Failure("post_gone", "gone", "19")],
    )  # fmt: skip
    told = RunRecord(
        12, "manual", NOW, NOW.replace(second=3), seconds=3.1, outcome="complete", requests=14,
        accounts=[account],
    ).as_json()  # fmt: skip
    assert told["accounts"][0] == {
        "account_id": 3,
        "business_id": 1,
        "platform": "x",
        "platform_account_id": "2244994945",
        "outcome": "ok",
        "selected": 60,
        "synced": 50,
        "failed": 2,
        "deferred": 8,
        "discovered": 0,
        "snapshots": 0,
        "requests": 1,
        "not_before": None,
        "errors": [{"platform_post_id": "19", "code": "post_gone", "message": "gone"}],
    }
    del told["accounts"]
    assert told == {
        "run_id": 12,
        "trigger": "manual",
        "outcome": "complete",
        "started_at": "2026-11-23T14:00:00Z",
        "finished_at": "2026-11-23T14:00:03Z",
        "seconds": 3.1,
        "requests": 14,
        "discovered": 0,
        "snapshots": 0,
        "posts": {"selected": 60, "synced": 50, "failed": 2, "deferred": 8},
    }
