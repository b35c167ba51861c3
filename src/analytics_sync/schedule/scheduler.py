"""Schedules, removes, pauses and moves jobs: in the database, and on the machine that starts them."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from analytics_sync.domain.jobs import Job, job_name, next_once
from analytics_sync.domain.timing import Every, Once, Timing, stable_offset
from analytics_sync.errors import AnalyticsSyncError, SchedulerUnusable, WrongUsage
from analytics_sync.schedule import machine
from analytics_sync.schedule._backend import Change
from analytics_sync.schedule.choice import all_backends
from analytics_sync.schedule.state import State, every_job, jobs_meant, read_state
from analytics_sync.schedule.words import job_title, said
from analytics_sync.schedule.writer import Edit, Writer
from analytics_sync.store import jobs as stored
from analytics_sync.store.jobs import Named
from analytics_sync.store.light import Rows, over

if TYPE_CHECKING:
    from sqlalchemy import Connection

log = logging.getLogger(__name__)

# Where a run may change entries.
SWEPT = "crontab"


@dataclass(frozen=True, slots=True)
class Wish:
    """What to schedule: `business` by id or name, None for all of them. `exact`: not spread."""

    business: str | None
    timing: Timing
    exact: bool = False
    backend: str | None = None


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A job that is installed now, and the state after it.

    `left_out`: of the job for all businesses, from now on.
    """

    job: Job
    replaced: Job | None
    business: Named | None
    backend: str
    advice: list[str]
    left_out: bool
    state: State


@dataclass(frozen=True, slots=True)
class Applied:
    """What the machine holds now. `moved_from`: the backend, or the machine, before."""

    state: State
    backend: str
    changed: int
    moved_from: str | None
    advice: list[str]


class Scheduler:
    """The jobs of one installation."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def state(self, rows: Rows) -> State:
        """What the database says now."""
        return read_state(rows, self._writer.home)

    def schedule(self, wish: Wish) -> Scheduled:
        """Install a job; one of the same business, or the one for all, is replaced.

        :raises WrongUsage: no such business or backend, or another backend holds the jobs.
        :raises SchedulerUnusable: it can't be installed; nothing was changed.
        """
        with self._writer.glance() as rows:
            # All refusals before anything is made, the home too.
            state = self.state(rows)
            self._planned(rows, state, wish)
            self._writer.usable_backend(state, wish.backend)
        made: list[tuple[Job, Named | None]] = []

        def plan(rows: Rows, state: State) -> Edit:
            job, business = self._planned(rows, state, wish)
            made.append((job, business))
            return Edit((job.name,), begin=lambda connection: self._put(connection, job))

        done = self._writer.carry_out(plan, wish.backend)
        job, business = made[-1]
        log.info("Added job: %s (%s)", job_title(job), said(job.timing))
        own = job.business_id is not None and not isinstance(job.timing, Once)
        return Scheduled(
            job=job,
            replaced=done.before.job(job.name),
            business=business,
            backend=done.backend.name,
            advice=done.backend.advice(),
            state=done.after,
            left_out=own and done.after.job(job_name(None)) is not None,
        )

    def rehearse(self, wish: Wish) -> tuple[str, Change]:
        """The backend's name and what `schedule` would write; writes nothing.

        :raises WrongUsage, SchedulerUnusable: as `schedule`.
        """
        with self._writer.glance(upgrade=False) as rows:
            state = self.state(rows)
            job, _ = self._planned(rows, state, wish)
        backend = self._writer.usable_backend(state, wish.backend)
        return backend.name, backend.change(state.with_job(job).entries)

    def apply(self, backend: str | None = None) -> Applied:
        """Install again what the database says, in this backend, on this machine.

        :raises WrongUsage: no such backend.
        :raises SchedulerUnusable: it can't be installed; nothing was changed.
        """
        with self._writer.glance() as rows:
            self._writer.usable_backend(self.state(rows), backend, move=True)
        cleared: list[str] = []
        done = self._writer.carry_out(lambda *_: Edit(), backend, move=True, cleared=cleared)
        before, elsewhere = done.before, done.before.elsewhere
        moved = before.backend not in {None, done.backend.name}
        if elsewhere:
            cleared.append(
                f"What {elsewhere} still holds can't be removed from here: run"
                " `analytics-sync unschedule --all` there, which leaves the jobs of this machine."
            )
        return Applied(
            state=done.after,
            backend=done.backend.name,
            changed=len(done.change.pieces),
            moved_from=elsewhere or (before.backend if moved else None),
            advice=[*cleared, *done.backend.advice()],
        )

    def rehearse_apply(self, backend: str | None = None) -> tuple[str, Change]:
        """The backend's name and what `apply` would write; writes nothing."""
        with self._writer.glance(upgrade=False) as rows:
            state = self.state(rows)
        chosen = self._writer.usable_backend(state, backend, move=True)
        change = chosen.change(state.entries, mend=True)
        changes = (change, *self._writer.what_goes(chosen, state))
        pieces = [piece for one in changes for piece in one.pieces]
        return chosen.name, Change(tuple(pieces))

    def unschedule(self, words: Sequence[str]) -> list[str]:
        """Remove the jobs that these words mean; returns their ids.

        :raises WrongUsage: a word means no job.
        """
        return self._remove(
            lambda rows, state: [job for word in words for job in jobs_meant(rows, state, word)]
        )

    def unschedule_all(self) -> tuple[list[str], str | None]:
        """Remove every job and every trace on this machine.

        Returns the ids of the jobs; and the machine that has them instead, if one does: they
        stay then, and only what is left of them here is removed.
        """
        with self._writer.glance() as rows:
            state = self.state(rows)
        removed: list[str] = []
        if state.live and not state.elsewhere:
            removed = self._remove(lambda _, found: found.jobs, mend=True)
        if state.known:
            with self._writer.locked():
                self._clear_strays()
        else:
            self._clear_strays()
        return removed, state.elsewhere

    def sweep(self) -> None:
        """Take away the entries of single times that are over, where the run itself can.

        That is from its user's crontab. A systemd unit takes itself away. What can't be taken away
        now goes with the next change of jobs.
        """
        try:
            self._sweep()
        except AnalyticsSyncError as error:
            log.debug("the entry of a single time stays: %s", error.message)

    def _sweep(self) -> None:
        with self._writer.glance() as rows:
            state = self.state(rows)
        if state.installed.backend == SWEPT and not state.elsewhere and state.over:
            edit = Edit(installs=bool(state.live))
            self._writer.carry_out(lambda *_: edit, SWEPT)

    def remove_business(self, id: int) -> list[str]:
        """Remove the jobs of a business that is about to go, if there are any."""
        with self._writer.glance() as rows:
            jobs = [job for job in self.state(rows).jobs if job.business_id == id]
        if not jobs:
            return []
        return self._remove(lambda _, state: [job for job in state.jobs if job.business_id == id])

    def pause(self, word: str | None) -> list[Job]:
        """Let jobs do nothing until `resume`: those that a word means, or all of them.

        :raises WrongUsage: it means no job.
        """
        from analytics_sync.store import schedules

        return self._mark(word, schedules.pause)

    def resume(self, word: str | None) -> list[Job]:
        """:raises WrongUsage: the word means no job."""
        from analytics_sync.store import schedules

        return self._mark(word, schedules.resume)

    def _mark(self, word: str | None, write: Callable[..., None]) -> list[Job]:
        with self._writer.glance() as rows:
            # A refusal makes nothing, no home either.
            self._meant(rows, word)
        with self._writer.locked() as database, database.write() as connection:
            rows = over(connection)
            names = [job.name for job in self._meant(rows, word)]
            write(connection, names, self._writer.clock.now())
            return [job for job in self.state(rows).jobs if job.name in set(names)]

    def _meant(self, rows: Rows, word: str | None) -> list[Job]:
        state = self.state(rows)
        return every_job(state) if word is None else jobs_meant(rows, state, word)

    def _remove(
        self, meant: Callable[[Rows, State], list[Job]], *, mend: bool = False
    ) -> list[str]:
        from analytics_sync.store import schedules

        plans: list[Edit] = []

        def plan(rows: Rows, state: State) -> Edit:
            names = tuple(dict.fromkeys(job.name for job in meant(rows, state)))
            now = self._writer.clock.now()
            edit = Edit(
                names,
                installs=len(names) < len(state.live),
                begin=lambda connection: schedules.end(connection, names, now),
                finish=lambda connection: schedules.forget(connection, names),
            )
            plans.append(edit)
            return edit

        with self._writer.glance() as rows:
            plan(rows, self.state(rows))
        self._writer.carry_out(plan, None, mend=mend)
        return list(plans[-1].names)

    def _planned(self, rows: Rows, state: State, wish: Wish) -> tuple[Job, Named | None]:
        """The job that a wish means, and its business; nothing is written."""
        business = None if wish.business is None else stored.business(rows, wish.business)
        if business is not None and business.archived:
            raise WrongUsage(
                f"The business {business.name!r} (id {business.id}) is archived: nothing of it is"
                " synced.",
                hint="Add it anew to sync it again.",
                code="archived",
            )
        id = None if business is None else business.id
        once = isinstance(wish.timing, Once)
        name = next_once(one.job.name for one in state.known) if once else job_name(id)
        timing = wish.timing
        if isinstance(timing, Every) and id is not None and not wish.exact:
            offset = stable_offset(state.installed.name, name, timing.span)
            timing = replace(timing, offset=offset)
        return Job(0, name, id, timing, self._writer.clock.now()), business

    @staticmethod
    def _put(connection: "Connection", job: Job) -> None:
        from analytics_sync.store import businesses, schedules

        if job.business_id is not None:
            # It may have been removed since the first look.
            businesses.find(connection, str(job.business_id))
        schedules.put(connection, job.business_id, job.timing, now=job.since)

    def _clear_strays(self) -> None:
        """Leave nothing of ours with any backend, but what was scheduled this very moment."""
        with self._writer.glance() as rows:
            state = self.state(rows)
        for kind in all_backends():
            if state.elsewhere or kind.name != state.backend:
                try:
                    machine.clear(kind(self._writer.place(state)))
                except SchedulerUnusable as error:
                    log.debug("%s was not looked through: %s", kind.name, error.message)
        self._writer.forget_move()
