"""The tick: takes every slot that is due and not done, whatever kept it from being run."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from analytics_sync.domain.jobs import EXTERNAL, Job
from analytics_sync.errors import AnalyticsSyncError, ExitStatus
from analytics_sync.schedule.starting import Starter
from analytics_sync.store import jobs
from analytics_sync.store.jobs import Known

if TYPE_CHECKING:
    from analytics_sync.schedule.running import Ended, Runner

log = logging.getLogger(__name__)

# A slot is left so long to the entry that was installed for it.
YOUNG: Final = timedelta(minutes=5)
# With less time left, another run is not begun.
LEAST: Final = timedelta(seconds=15)
# Several at once: the first that applies.
WORST_FIRST: Final = (
    ExitStatus.CONFIGURATION,
    ExitStatus.CREDENTIAL,
    ExitStatus.FAILED,
    ExitStatus.TRY_LATER,
    ExitStatus.DONE,
)


class Ticked(NamedTuple):
    """What came of a tick: the runs that came to their end, and the status of all."""

    ended: "list[Ended]"
    status: ExitStatus


def tick(starter: Starter) -> Ticked:
    """Run what is due, one after another, within the time that one run may take.

    :raises StoreUnusable: the database can't be read or written.
    """
    began, now = starter.clock.monotonic(), starter.clock.now()
    with starter.rows() as rows:
        installed = jobs.installed(rows)
        known = jobs.all_jobs(rows)
    if installed is not None:
        starter.note_tick(now)
    if starter.is_off("the tick"):
        return Ticked([], ExitStatus.DONE)
    backend = EXTERNAL if installed is None else installed.backend or EXTERNAL
    found = due_jobs(known, now, others_fire=backend != EXTERNAL)
    if not found:
        return Ticked([], ExitStatus.DONE)
    return _run_all(starter, found, began)


def due_jobs(known: Sequence[Known], now: datetime, *, others_fire: bool) -> list[Job]:
    """Jobs with a slot to take, those that were run longest ago first.

    `others_fire`: each job has an entry of its own, which takes a new slot.
    """

    def is_left(one: Known, slot: datetime) -> bool:
        fresh = one.last is None or one.last.due_at < slot
        return others_fire and fresh and now - slot < YOUNG

    def last_run(one: Known) -> datetime:
        return one.job.since if one.last is None else one.last.due_at

    return [
        one.job
        for one in sorted(known, key=last_run)
        if (slot := one.job.due(one.last, now)) is not None and not is_left(one, slot)
    ]


def _run_all(starter: Starter, found: Sequence[Job], began: float) -> Ticked:
    from analytics_sync.sync.stop import signals_noted

    runner, ended = starter.runner(), list["Ended"]()
    statuses = {ExitStatus.DONE}
    with signals_noted() as noted:
        for number, job in enumerate(found):
            left = starter.max_run - timedelta(seconds=starter.clock.monotonic() - began)
            stopped = noted or any(one.record.interrupted for one in ended)
            if stopped or (left < LEAST and number):
                log.info("%s jobs are left to the next tick", len(found) - number)
                statuses.add(ExitStatus.TRY_LATER)
                break
            statuses.add(_run_one(runner, job, left, ended))
    return Ticked(ended, next(status for status in WORST_FIRST if status in statuses))


def _run_one(runner: "Runner", job: Job, left: timedelta, ended: "list[Ended]") -> ExitStatus:
    """One job's failure costs no other its run."""
    from analytics_sync.schedule.running import SlotHeld

    try:
        one = runner.run(job, "tick", max(left, LEAST))
    except SlotHeld:
        return ExitStatus.DONE
    except AnalyticsSyncError as error:
        log.log(
            logging.INFO if error.exit_status == ExitStatus.TRY_LATER else logging.ERROR,
            "%s: %s %s",
            job.name,
            error.message,
            error.hint,
        )
        return error.exit_status
    except Exception:
        log.exception("%s: unexpected failure", job.name)
        return ExitStatus.FAILED
    if one is None:
        return ExitStatus.DONE
    ended.append(one)
    return one.status
