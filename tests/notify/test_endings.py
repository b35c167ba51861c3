import logging
from datetime import timedelta
from pathlib import Path

import pytest

from analytics_sync.notify.endings import connecting, foretell
from analytics_sync.store.consents import Served
from analytics_sync.wiring import rows, tick
from support.consents import put_credential
from support.fake_clock import START

DAY = timedelta(days=1)


@pytest.fixture
def consents(place):
    """Adds credentials with an account each to the place's database."""
    home = Path(place.environ["ANALYTICS_SYNC_HOME"])
    return lambda ends=None, **values: put_credential(home, 3, expires_at=ends, **values)


def told_of(place, program=None):
    settings = {"command": f"'{program.path}'"} if program else {}
    with place.opened(**settings) as found:
        return foretell(
            lambda: rows(found), lambda: found.database, found.teller, found.clock.now()
        )


def test_an_end_is_told_14_7_and_1_days_ahead_and_when_it_has_come_once_each(
    place, program, consents
):
    consents(START + 20 * DAY)
    days = []
    for day in range(24):
        place.clock.advance(86_400 if day else 0)
        days += [day for _ in range(2) if told_of(place, program)]
    assert days == [6, 13, 19, 20]
    assert [one["event"] for one in program.told] == ["expiry"] * 4
    assert [one["credential"]["days_left"] for one in program.told] == [14, 7, 1, 0]
    assert [one["status"] for one in program.told] == [0, 0, 0, 77]


def test_the_program_gets_words_facts_and_the_command_that_mends_it(place, program, consents):
    consents(START + 6 * DAY)
    assert told_of(place, program) == 1
    (told,) = program.told
    assert told["credential"]["accounts"][0]["platform_account_id"] == "urn:li:organization:300"
    assert told["credential"]["ends_at"] == "2026-11-29T14:00:00Z"
    assert told["job"] is None
    assert "ends in 6 days" in told["message"]
    assert "analytics-sync account add 1 linkedin" in told["message"]
    assert program.environment["ANALYTICS_SYNC_EVENT"] == "expiry"
    assert program.environment["ANALYTICS_SYNC_TITLE"] == "Credential 3 (linkedin, Ada)"


def test_without_a_program_the_log_warns_once(place, consents, caplog):
    consents(START + DAY, subject_id="77")
    assert [told_of(place), told_of(place)] == [1, 0]
    (record,) = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert "Credential 3 (linkedin, Ada) ends in 1 day" in record.getMessage()
    assert "`analytics-sync account connect 1 linkedin`" in record.getMessage()


def test_a_program_that_failed_is_asked_again(place, program, consents):
    consents(START + DAY)
    program.write("exit 3")
    assert [told_of(place, program), told_of(place, program)] == [1, 1]
    program.write()
    assert [told_of(place, program), told_of(place, program)] == [1, 0]


@pytest.mark.parametrize(
    "values",
    [
        {"ends": None},
        {"ends": START + 15 * DAY},
        {"ends": START + DAY, "renews": 1},
        {"ends": START, "renews": 1, "renew_until": START + 15 * DAY},
        {"ends": START - DAY, "refused_at": START - 2 * DAY},
        {"ends": START - DAY, "foretold": 0},
        {"ends": START + 6 * DAY, "foretold": 7},
    ],
)
def test_what_is_no_news_is_not_told(place, consents, values):
    consents(**values)
    assert told_of(place) == 0


@pytest.mark.parametrize(
    "values",
    [
        {"ends": START, "renews": 1, "renew_until": START + 2 * DAY},
        {"ends": START + 90 * DAY, "renew_until": START + 2 * DAY},
        {"ends": START - DAY, "refused_at": START - DAY / 2},
        {"ends": START + 6 * DAY, "foretold": 14},
    ],
)
def test_the_end_of_what_can_not_be_renewed_is_news(place, consents, values):
    consents(**values)
    assert told_of(place) == 1


def test_a_tick_tells_and_jobs_that_are_off_do_not(place, consents, caplog):
    consents(START + DAY)
    for enabled in ("false", "true", "true"):
        place.environ["ANALYTICS_SYNC_ENABLED"] = enabled
        with place.opened() as found:
            tick(found)
        assert caplog.text.count("ends in 1 day") == (enabled == "true")


@pytest.mark.parametrize(
    ("platform", "kind", "words"),
    [
        ("linkedin", "organization", "1 linkedin"),
        ("linkedin", "member", "1 linkedin --kind member"),
        ("x", None, "1 x"),
        ("gone", None, "1 gone"),
    ],
)
def test_the_command_names_a_kind_that_is_not_the_usual_one(platform, kind, words):
    served = Served(1, 1, "Acme", platform, "77", kind, None)
    assert connecting(served, by_login=True) == f"analytics-sync account connect {words}"


def test_a_database_that_can_not_be_read_fails_nothing(place, caplog):
    with place.opened() as found:
        found.home.database.write_bytes(b"no database at all")
        assert (
            foretell(lambda: rows(found), lambda: found.database, found.teller, found.clock.now())
            == 0
        )
    assert "not looked at" in caplog.text
