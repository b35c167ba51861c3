"""Endpoints of jobs, runs, posts and machines, and what the documentation is made of."""

import re
from datetime import timedelta

import pytest

from analytics_sync.domain.advice import ADVICE
from analytics_sync.domain.codes import ErrorCode
from analytics_sync.domain.timing import Every
from analytics_sync.schedule.scheduler import Wish
from analytics_sync.shim import desk
from analytics_sync.simulator.faults import Fault
from analytics_sync.store import runs
from analytics_sync.wiring import scheduler

SCHEDULE = "/api/v1/scheduler/business/1/schedule"


@pytest.fixture
def external(house):
    """Jobs that something else starts, as in a container."""
    with house.opened() as found:
        scheduler(found).schedule(Wish(None, Every(timedelta(hours=1)), backend="external"))


def test_the_calls_of_the_old_quick_start_work(ask_house, external):
    made = ask_house.post(f"{SCHEDULE}?interval_hours=24").json()
    assert (made["success"], made["job"]["id"], made["job"]["trigger"]) == (
        True,
        "sync_business_1",
        "every 1d",
    )
    status = ask_house.get("/api/v1/scheduler/status").json()["status"]
    assert status["backend"] == "external"
    assert status["jobs"][0]["id"] == "sync_all_businesses"
    assert status["jobs"][0]["next_run_time"] == "2026-11-23T15:00:00Z"
    jobs = ask_house.get("/api/v1/scheduler/jobs").json()["jobs"]
    assert [job["id"] for job in jobs] == ["sync_all_businesses", "sync_business_1"]
    removed = ask_house.delete(SCHEDULE).json()
    assert (removed["success"], removed["removed"]) == (True, ["sync_business_1"])
    state = ask_house.get("/api/v1/analytics/refresh?business_id=1").json()
    assert (state["success"], state["state"], state["errors"]) == (True, "never", [])


def test_where_nothing_may_be_installed_that_is_said_in_the_words_of_the_command(ask_house):
    answer = ask_house.post(f"{SCHEDULE}?interval_hours=24")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (503, "environment_only")
    assert "--backend external" in error["hint"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", f"{SCHEDULE}?interval_hours=0", 422),
        ("POST", f"{SCHEDULE}?interval_hours=2161", 422),
        ("POST", f"{SCHEDULE}?interval_hours=NaN", 422),
        ("POST", "/api/v1/scheduler/business/9/schedule", 404),
        ("DELETE", SCHEDULE, 404),
        ("DELETE", f"/api/v1/scheduler/business/{2**63}/schedule", 422),
        ("POST", "/api/v1/scheduler/trigger-sync?business_id=9", 404),
        ("POST", "/api/v1/scheduler/trigger-sync", 422),
        ("POST", f"/api/v1/scheduler/trigger-sync?business_id={2**63}", 422),
        ("GET", "/api/v1/analytics/refresh", 422),
        ("GET", "/api/v1/analytics/refresh?business_id=9", 404),
        ("GET", "/api/v1/runs/1", 404),
        ("GET", f"/api/v1/runs/{'9' * 4000}", 422),
        ("GET", "/nothing", 404),
        ("PUT", "/healthz", 405),
        ("GET", "/docs/service.py", 404),
    ],
)
def test_refusals_have_one_form(ask_house, method, path, status):
    answer = ask_house(method, path)
    told = answer.json()
    assert (answer.status_code, told["success"], set(told)) == (status, False, {"success", "error"})
    assert told["error"]["message"]


def test_a_run_tells_each_error_with_what_to_do(ask_house, house):
    house.populate("x", posts=5)
    house.world.faults.add(Fault("status", platform="x", status=503, times=None))
    record = house.sync()
    answer = ask_house.get(f"/api/v1/runs/{record.run_id}").json()["run"]
    assert (answer["outcome"], answer["running"]) == ("failed", False)
    state = ask_house.get("/api/v1/analytics/refresh?business_id=1").json()
    assert (state["state"], state["errors"]) == ("failed", answer["errors"])
    assert answer["errors"][0]["code"] == "platform_unavailable"
    assert answer["errors"][0]["hint"] == ADVICE["platform_unavailable"]
    assert [one["outcome"] for one in state["accounts"]] == ["failed"]


def test_of_very_many_errors_the_first_are_told_and_that_there_are_more(ask_house, house):
    account = house.populate("x", posts=1)[0]
    now = house.clock.now()
    with house.opened() as found, found.database.write() as connection:
        id = runs.start(connection, trigger="manual", now=now)
        errors = [runs.ErrorRow(account.id, str(n), "post_gone", "gone") for n in range(1_001)]
        runs.add_errors(connection, id, errors, now)
    for path, part in ((f"runs/{id}", "run"), ("analytics/refresh?business_id=1", None)):
        answer = ask_house.get(f"/api/v1/{path}").json()
        told = answer[part] if part else answer
        assert (len(told["errors"]), told["more_errors"]) == (1_000, True)


def test_a_killed_run_is_not_said_to_run(ask_house, house):
    with house.opened() as found, found.database.write() as connection:
        id = runs.start(connection, trigger="manual", now=house.clock.now(), businesses=[1])
    assert ask_house.get(f"/api/v1/runs/{id}").json()["run"]["running"]
    house.pass_time(seconds=31)
    assert not ask_house.get(f"/api/v1/runs/{id}").json()["run"]["running"]
    assert ask_house.get("/api/v1/analytics/refresh?business_id=1").json()["state"] == "interrupted"


def test_a_published_post_is_taken_up_once(ask_house, house):
    house.populate("x", posts=2)
    told = {"business_id": 1, "platform": "twitter", "platform_post_id": "1900000000000000001"}
    told["published_at"] = "2026-11-23T13:00:00+01:00"
    first, again = (ask_house.post("/api/v1/posts", json=told) for _ in range(2))
    assert (first.status_code, first.json()["imported"]) == (201, 1)
    assert (again.status_code, again.json()["unchanged"]) == (200, 1)
    found = ask_house.get("/api/v1/businesses/1/posts").json()["posts"]
    assert [one["published_at"] for one in found] == ["2026-11-23T12:00:00Z"]
    for wrong in (
        {"published_at": "2026-11-23T13:00:00"},
        {"platform": "mastodon"},
        {"platform_post_id": "no id"},
        {"business_id": True},
        {"text": "\0"},
        {"x": 1},
    ):
        answer = ask_house.post("/api/v1/posts", json=told | wrong)
        assert answer.status_code == 422, wrong
        assert next(iter(wrong)) in answer.json()["error"]["message"]
    assert ask_house.post("/api/v1/posts", json=told | {"business_id": 9}).status_code == 404
    assert ask_house.post("/api/v1/posts", content=b'{"platform": "\\ud800"}').status_code == 422


def test_metrics_are_in_the_form_of_prometheus(ask, synced):
    answer = ask.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    line = re.compile(r"[a-z_]+(\{([a-z_]+=\"[^\"\n]*\",?)+\})? -?[0-9.e+]+")
    lines = answer.text.splitlines()
    assert all(one.startswith(("# HELP ", "# TYPE ")) or line.fullmatch(one) for one in lines)
    assert 'analytics_sync_runs_total{trigger="manual",outcome="complete"} 2' in lines
    assert f"analytics_sync_posts_synced_total {2 * len(synced.latest())}" in lines
    assert "analytics_sync_newest_sync_age_seconds" in answer.text
    assert "analytics_sync_budget_left" in answer.text


def test_a_database_that_is_gone_is_said_without_its_place(ask_house, house):
    house.home.database.write_bytes(b"this is no database" * 100)
    for path in ("/healthz", "/metrics", "/api/v1/scheduler/status"):
        answer = ask_house.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "database")
        assert str(house.home.path) not in answer.text


def test_a_fault_of_ours_is_told_without_its_words(ask_house, monkeypatch):
    def broken():
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(desk, "open_installation", broken)
    answer = ask_house.get("/healthz")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal")
    assert "secret" not in answer.text


def test_the_documentation_loads_nothing_from_elsewhere(ask):
    page = ask.get("/docs")
    assert "://" not in page.text
    assert "script-src 'self';" in page.headers["content-security-policy"]
    for name in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert ask.get(f"/{name}").status_code == 200
    described = ask.get("/openapi.json").json()
    for path, methods in described["paths"].items():
        for method, one in methods.items():
            assert one["description"], (method, path)
            assert {"401", "403", "421", "422", "503"} <= set(one["responses"]), path


def test_each_code_of_a_run_has_advice():
    assert set(ADVICE) == {str(code) for code in ErrorCode}
