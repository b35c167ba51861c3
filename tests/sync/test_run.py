"""A whole run when something goes wrong: what stops what, and what the next run knows."""

import asyncio
import signal
import threading
from datetime import timedelta

import pytest

from analytics_sync.errors import ExitStatus, StoreUnusable
from analytics_sync.locks import try_lock
from analytics_sync.simulator.faults import Fault
from analytics_sync.store import runs
from analytics_sync.sync.run import Order, run
from analytics_sync.sync.stop import Stop
from analytics_sync.sync.work import Choice
from support.house import House


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    made.add_business()
    return made


def result_of(record, account):
    return next(result for result in record.accounts if result.account.id == account.id)


def codes(result):
    return {failure.code for failure in result.failures}


def test_one_account_whose_token_is_refused_stops_no_other(house):
    refused, fine = house.populate("x", posts=10) + house.populate("linkedin", posts=10)
    house.world.tokens[house.simulator.handles[0][1].token].revoked = "revoked"
    record = house.sync()
    assert result_of(record, refused).outcome == "credential_refused"
    assert result_of(record, fine).outcome == "ok"
    assert (record.outcome, record.exit_status()) == ("partial", ExitStatus.CREDENTIAL)


def test_no_credits_stops_the_platform_for_the_run_and_nothing_else(house):
    first, second = house.populate("x", posts=10)[0], house.populate("x", business=1, posts=10)[0]
    other = house.populate("linkedin", posts=10)[0]
    house.world.faults.add(
        Fault("status", platform="x", status=402, times=None, body='{"title":"CreditsDepleted"}')
    )
    record = house.sync()
    assert {result_of(record, a).outcome for a in (first, second)} == {"failed"}
    assert codes(result_of(record, first)) == {"credits_depleted"}
    assert result_of(record, other).outcome == "ok"
    assert record.exit_status() == ExitStatus.FAILED


def test_a_rate_limit_is_kept_for_the_next_process_and_obeyed(house):
    account = house.populate("x", posts=10)[0]
    reset = int((house.clock.now() + timedelta(minutes=15)).timestamp())
    headers = {
        "x-rate-limit-limit": "10",
        "x-rate-limit-remaining": "0",
        "x-rate-limit-reset": str(reset),
    }
    house.sync()
    house.world.faults.add(
        Fault("status", platform="x", match="/2/tweets", status=429, times=None, headers=headers)
    )
    record = house.sync(discover=False)
    limited = result_of(record, account)
    assert (limited.outcome, record.exit_status()) == ("rate_limited", ExitStatus.TRY_LATER)
    assert limited.deferred == limited.selected > 0
    assert limited.not_before - house.clock.now() < timedelta(minutes=16)
    house.world.faults.clear()
    again = house.sync(discover=False)
    assert result_of(again, account).outcome == "rate_limited"
    assert house.labels() == {}
    house.pass_time(minutes=16)
    assert result_of(house.sync(discover=False), account).outcome == "ok"


def test_a_short_rate_limit_is_waited_for(house):
    account = house.populate("x", posts=10)[0]
    house.world.faults.add(
        Fault("status", platform="x", match="/2/tweets", status=429, headers={"retry-after": "20"})
    )
    record = house.sync()
    assert result_of(record, account).outcome == "ok"
    assert record.total("synced") == record.total("selected") > 0


def test_the_daily_read_budget_of_x_is_kept_over_runs(tmp_path):
    house = House(tmp_path, settings={"PLATFORMS__X__DAILY_READ_BUDGET": "130"})
    house.add_business()
    account = house.populate("x", posts=100)[0]
    first = house.sync()
    assert result_of(first, account).outcome == "ok"
    house.sync()
    house.pass_time(days=1)
    spent = house.sync(limit=100)
    assert result_of(spent, account).outcome == "ok", "a new UTC day, a new budget"


def test_a_spent_read_budget_defers_the_rest(tmp_path):
    house = House(tmp_path, settings={"PLATFORMS__X__DAILY_READ_BUDGET": "110"})
    house.add_business()
    account = house.populate("x", posts=60)[0]
    house.sync()
    house.pass_time(days=1)
    house.world.journal.clear()
    house.simulator.services["x"].populate(1, "other", 1)
    record = house.sync(limit=100, discover=False)
    assert result_of(record, account).outcome == "ok"
    house2 = House(tmp_path / "b", settings={"PLATFORMS__X__DAILY_READ_BUDGET": "20"})
    house2.add_business()
    small = house2.populate("x", posts=60)[0]
    found = house2.sync()
    assert result_of(found, small).outcome == "budget_spent"
    assert found.exit_status() == ExitStatus.TRY_LATER


def test_an_account_that_another_run_holds_is_left_as_busy(house):
    account = house.populate("x", posts=5)[0]
    house.sync()
    folder = house.home.database.parent / "locks"
    with try_lock(folder / f"account-{account.id}.lock"):
        record = house.sync()
    assert result_of(record, account).outcome == "busy"
    assert record.exit_status() == ExitStatus.TRY_LATER
    assert house.labels() == {}


def test_waiting_takes_an_account_as_soon_as_it_is_free(house):
    account = house.populate("x", posts=5)[0]
    house.sync()
    held = try_lock(house.home.database.parent / "locks" / f"account-{account.id}.lock")
    sleep = house.clock.sleep

    async def release(seconds):
        held.release()
        await sleep(seconds)

    house.clock.sleep = release
    record = house.sync(order=Order(Choice(house.clock.now()), wait=timedelta(seconds=30)))
    assert result_of(record, account).outcome == "ok"


@pytest.mark.parametrize(
    "fault", ["html", "half_json", "empty", "nan", "deep", "bomb", "cut", "refuse", "redirect"]
)
@pytest.mark.parametrize("platform", ["x", "linkedin"])
def test_broken_answers_fail_the_account_in_words_and_lose_nothing(house, platform, fault):
    account = house.populate(platform, posts=10)[0]
    house.sync()
    before = house.latest()
    house.pass_time(hours=7)
    if fault in {"cut", "refuse"}:
        house.world.faults.add(Fault("status", status=503, times=None))
    else:
        house.world.faults.add(Fault(fault, status=200, times=None))
    record = house.sync()
    result = result_of(record, account)
    assert (result.outcome, record.outcome) == ("failed", "failed")
    assert record.exit_status() == ExitStatus.FAILED
    assert codes(result) <= {"platform_unavailable", "answer_not_understood"}
    assert house.latest() == before
    house.world.faults.clear()
    assert result_of(house.sync(), account).outcome == "ok"


def test_a_run_that_was_asked_to_stop_stores_what_came_and_says_so(house):
    house.populate("linkedin", posts=60)
    house.sync()
    house.pass_time(hours=7)

    async def stopped_after_two_calls():
        stop = Stop()
        seen = []
        admit = type(house.world.journal).note

        def note(journal, request):
            admit(journal, request)
            seen.append(request)
            if len(seen) == 2:
                stop.request("SIGTERM")

        house.world.journal.note = note.__get__(house.world.journal)
        with house.opened() as found:
            return await run(found.parts(), Order(Choice(house.clock.now())), stop)

    record = asyncio.run(stopped_after_two_calls())
    assert (record.outcome, record.exit_status()) == ("interrupted", ExitStatus.TRY_LATER)
    assert record.total("deferred") > 0
    with house.opened() as found, found.database.read() as connection:
        row = runs.get(connection, record.run_id)
    assert (row.outcome, row.finished_at is not None) == ("interrupted", True)


def test_a_killed_run_is_called_interrupted_by_a_later_one(house):
    house.populate("x", posts=3)
    with house.opened() as found, found.database.write() as connection:
        killed = runs.start(connection, trigger="manual", now=house.clock.now())
    house.pass_time(minutes=12)
    house.sync()
    with house.opened() as found, found.database.read() as connection:
        assert runs.get(connection, killed).outcome == "interrupted"


def test_a_fault_of_ours_in_one_account_costs_the_others_nothing(house, monkeypatch):
    broken, fine = house.populate("x", posts=5)[0], house.populate("linkedin", posts=5)[0]
    monkeypatch.setattr("analytics_sync.platforms._x.account.Lookup", None)
    record = house.sync()
    assert codes(result_of(record, broken)) == {"internal"}
    with house.opened() as found, found.database.read() as connection:
        assert [row.code for row in runs.errors_of(connection, record.run_id)] == ["internal"]
    assert result_of(record, fine).outcome == "ok"
    assert record.exit_status() == ExitStatus.FAILED


def test_shards_share_the_businesses_and_leave_none_out(house):
    for number in range(2, 8):
        house.add_business(f"Client {number}")
    for number in range(1, 8):
        house.populate("x", business=number, posts=2)
    seen = []
    for index in range(3):
        record = house.sync(order=Order(Choice(house.clock.now()), shard=(index, 3)))
        seen += [result.account.business_id for result in record.accounts]
    assert sorted(seen) == list(range(1, 8))


def test_a_database_that_goes_away_ends_the_run_with_words(house, monkeypatch):
    house.populate("x", posts=5)

    def broken(*_, **__):
        raise StoreUnusable("The database is gone.")

    monkeypatch.setattr("analytics_sync.store.readings.save", broken)
    with pytest.raises(StoreUnusable):
        house.sync()


def test_signals_are_taken_only_while_a_run_goes_on(house):
    house.populate("x", posts=3)
    before = signal.getsignal(signal.SIGTERM)
    house.sync()
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_sync_works_outside_of_the_main_thread(house):
    house.populate("x", posts=3)
    found = []
    thread = threading.Thread(target=lambda: found.append(house.sync()))
    thread.start()
    thread.join()
    assert found[0].outcome == "complete"
