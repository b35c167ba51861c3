"""What an installed entry starts: decides with few imports whether there is anything to run."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from analytics_sync.clock import Clock
from analytics_sync.domain.jobs import Job
from analytics_sync.store import jobs
from analytics_sync.store.light import Rows

if TYPE_CHECKING:
    from analytics_sync.schedule.running import Ended, Runner

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Starter:
    """Parts that are cheap to have, and `runner` with the expensive ones.

    `enabled` false: jobs do nothing. `rows` reads the database, `note_tick` writes when a tick
    began. `place` lets only so many jobs run at once.
    """

    enabled: bool
    max_run: timedelta
    clock: Clock
    rows: Callable[[], AbstractContextManager[Rows]]
    runner: "Callable[[], Runner]"
    note_tick: Callable[[datetime], None]
    place: Callable[[], AbstractContextManager[None]]

    def run_job(self, name: str) -> "Ended | None":
        """Run the slot of a job that is due; None when there is nothing to run.

        :raises ConfigurationInvalid: there is no such job, or it finds no account.
        :raises SlotHeld: another process runs it.
        :raises Busy: too many jobs run already; a tick runs what is left.
        """
        if self.is_off(name):
            return None
        with self.rows() as rows:
            known = jobs.one_job(rows, name)
        if known is None:
            raise jobs.no_such_job(name)
        if known.job.at_rest:
            log.info("%s does nothing: %s", name, _why(known.job))
            return None
        if known.job.due(known.last, self.clock.now()) is None:
            return None
        from analytics_sync.sync.stop import signals_noted

        with signals_noted(), self.place():
            return self.runner().run(known.job, "schedule")

    def is_off(self, what: str) -> bool:
        """Whether the settings let no job do anything; says so."""
        if not self.enabled:
            log.info("%s does nothing: `enabled` is false in the settings", what)
        return not self.enabled


def _why(job: Job) -> str:
    if job.ended_at is not None:
        return "its time is over"
    return "its business is archived" if job.archived else "it is paused"
