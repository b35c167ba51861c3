import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from analytics_sync.notify import Teller
from support.ping_server import answers
from support.told import Place

SECRET = "/4c1f2e9a-0000-4a55-9d9a-abcdefabcdef"


def test_people_are_told_once_of_a_failure_and_once_of_the_recovery(place, program):
    place.ended(0, 1, 1, 75, 1, 0, 0, 75, **_by(program))
    assert program.events == [("failure", 1), ("recovery", 0)]
    failure, recovery = program.told
    assert failure["job"] == "sync_all_businesses"
    assert failure["message"] == "It ended with 1."
    assert failure["since"] is None
    assert recovery["since"] == failure["at"] == "2026-11-23T14:02:00Z"


def test_another_failure_is_news(place, program):
    place.ended(1, 77, 77, 78, 0, **_by(program))
    assert program.events == [("failure", 1), ("failure", 77), ("failure", 78), ("recovery", 0)]


def _by(program):
    return {"command": f"'{program.path}'"}


def test_a_program_that_failed_is_asked_again_by_the_next_run(place, program, caplog):
    program.write("exit 1")
    place.ended(1, 1, **_by(program))
    assert program.events == [("failure", 1), ("failure", 1)]
    assert place.told() == (None, None)
    assert sum("ended with 1" in r.getMessage() for r in caplog.records) == 2
    program.write()
    place.ended(1, 1, **_by(program))
    assert program.events == [("failure", 1)] * 3


def test_a_missing_program_is_a_warning(place, program, caplog):
    program.path.unlink()
    place.ended(1, **_by(program))
    (record,) = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert "can't be started: No such file" in record.getMessage()


def test_a_machine_without_room_for_files_is_a_warning(place, program, caplog, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", "/proc/self/nowhere")
    place.ended(1, **_by(program))
    assert "No such file or directory" in caplog.text
    assert place.told() == (None, None)


def test_each_run_is_pinged_and_75_is_well(place, service):
    with place.opened(url=service.origin + SECRET) as found:
        found.teller.started(place.job)
        found.teller.ended(place.job, 75, "Try later.")
        found.teller.ended(place.job, 78, "No account.")
    assert service.targets == [f"{SECRET}/start", SECRET, f"{SECRET}/78"]


def test_a_ping_that_fails_keeps_nobody_from_the_program(place, program, service, caplog):
    service.behaviour = answers(404)
    place.ended(1, url=service.origin + SECRET, **_by(program))
    assert program.events == [("failure", 1)]
    assert SECRET not in caplog.text


def test_a_database_that_is_gone_fails_nobody(place, program, caplog, tmp_path):
    job = place.job
    with place.opened(**_by(program)) as found:
        for file in (tmp_path / "home").glob("*.db*"):
            file.unlink()
        found.teller.ended(job, 1, "It failed.")
    (record,) = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert "Nobody may have been told" in record.getMessage()


def test_a_job_that_was_unscheduled_meanwhile_is_told_to_nobody(place, program):
    job = place.job
    with place.opened(**_by(program)) as found:
        with found.database.write() as connection:
            connection.exec_driver_sql("DELETE FROM schedule")
        found.teller.ended(job, 1, "It failed.")
    assert program.told == []


@pytest.mark.postgres
def test_of_two_that_end_at_once_one_tells_in_postgresql_too(tmp_path, postgres_url, program):
    place = Place(tmp_path, postgres_url)
    with place.opened() as found:
        from analytics_sync.store.migrate import upgrade

        upgrade(found.raw_database)
    place.schedule()
    _end_at_once(place, program)


def test_of_many_that_end_at_once_one_tells(place, program):
    _end_at_once(place, program)


def _end_at_once(place, program):
    job = place.job

    def end(_):
        with place.opened(**_by(program)) as found:
            found.teller.ended(job, 77, "Refused.")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(end, range(4)))
    assert program.events == [("failure", 77)]


def test_nobody_is_told_where_nothing_is_set(place):
    with place.opened() as found:
        assert type(found.teller) is Teller
        found.teller.started(place.job)
        found.teller.ended(place.job, 1, "It failed.")
        assert found.teller.test() == {}
    assert place.told() == (None, None)


def test_nothing_is_loaded_where_nothing_is_set_or_new(place, program):
    script = (
        "import sys; from analytics_sync.wiring import installation\n"
        "from analytics_sync.domain.jobs import Job; from analytics_sync.domain.timing import Every\n"
        "from datetime import UTC, datetime, timedelta\n"
        "job = Job(1, 'sync_all_businesses', None, Every(timedelta(hours=1)), datetime.now(UTC))\n"
        "with installation() as found: found.teller.started(job); found.teller.ended(job, 0, '')\n"
        "heavy = {'sqlalchemy', 'httpx', 'subprocess', 'asyncio', 'pydantic', 'rich'}\n"
        "ours = {'analytics_sync.notify.teller', 'analytics_sync.notify.ping'}\n"
        "print(sorted(heavy & set(sys.modules)), sorted(ours & set(sys.modules)))"
    )

    def loaded(**settings):
        environ = {**place.environ, **settings}
        return subprocess.run(
            [sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True
        ).stdout.strip()

    assert loaded() == "[] []"
    by_command = loaded(ANALYTICS_SYNC_NOTIFY__COMMAND=f"'{program.path}'")
    assert by_command.startswith("[] ['analytics_sync.notify.")
