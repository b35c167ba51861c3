"""What the database says of jobs at one moment: which there are, and where they are installed."""

from dataclasses import dataclass, replace
from functools import cached_property

from analytics_sync.domain.jobs import EXTERNAL, Job
from analytics_sync.domain.timing import Once
from analytics_sync.errors import WrongUsage
from analytics_sync.schedule._backend import Entry
from analytics_sync.schedule.entries import entries
from analytics_sync.schedule.place import host, usual_name
from analytics_sync.settings.home import Home
from analytics_sync.store import jobs as stored
from analytics_sync.store.jobs import Installed, Known
from analytics_sync.store.light import Rows


@dataclass(frozen=True)
class State:
    """All jobs, ended ones too, and the installation, whose row may not be there yet."""

    installed: Installed
    known: tuple[Known, ...]

    @cached_property
    def live(self) -> tuple[Known, ...]:
        """Those that have not ended, the one for all businesses first."""
        return tuple(one for one in self.known if one.job.ended_at is None)

    @property
    def jobs(self) -> list[Job]:
        return [one.job for one in self.live]

    @property
    def entries(self) -> list[Entry]:
        """What the machine should hold."""
        return entries(self.jobs, self.installed.name)

    @property
    def expected(self) -> list[Entry]:
        """What may be there: also the entries of single times that are over, until the next change
        of jobs removes them.
        """
        jobs = [job._replace(ended_at=None) for job in self.over] if self.live else []
        return entries([*self.jobs, *jobs], self.installed.name)

    @property
    def over(self) -> list[Job]:
        """Single times whose run is over."""
        return [
            one.job
            for one in self.known
            if one.job.ended_at is not None
            and isinstance(one.job.timing, Once)
            # Else it was unscheduled, by a command that was killed.
            and one.job.timing.at <= one.job.ended_at
        ]

    @property
    def backend(self) -> str | None:
        """Where the jobs are; None when there is no job, so that any backend may be taken."""
        return self.installed.backend if self.live else None

    @property
    def elsewhere(self) -> str | None:
        """The other machine that holds the jobs; None: this one, or none does."""
        installed = self.installed
        if installed.backend in {None, EXTERNAL} or installed.host in {None, host()}:
            return None
        return installed.host

    def with_job(self, job: Job) -> "State":
        """As if this job were there, in place of one of the same name."""
        others = tuple(one for one in self.known if one.job.name != job.name)
        known = stored.in_order([*others, Known(job, None, None, None)])
        return replace(self, known=tuple(known))

    def job(self, name: str) -> Job | None:
        return next((job for job in self.jobs if job.name == name), None)


def read_state(rows: Rows, home: Home) -> State:
    found = stored.installed(rows) or Installed(usual_name(home))
    return State(found, tuple(stored.all_jobs(rows)))


def jobs_meant(rows: Rows, state: State, word: str) -> list[Job]:
    """The jobs that a word means: of a business by id or name, or one job by its id.

    :raises WrongUsage: it means none.
    """
    named = state.job(word.strip())
    if named is not None:
        return [named]
    try:
        found = stored.business(rows, word)
    except WrongUsage:
        if not word.strip().startswith("sync_"):
            raise
        raise _unknown_job(f"There is no job {word.strip()!r}.") from None
    jobs = [job for job in state.jobs if job.business_id == found.id]
    if not jobs:
        raise _unknown_job(f"Nothing is scheduled for the business {found.name!r} (id {found.id}).")
    return jobs


def every_job(state: State) -> list[Job]:
    """:raises WrongUsage: nothing is scheduled."""
    if not state.live:
        raise _unknown_job("Nothing is scheduled.")
    return state.jobs


def _unknown_job(words: str) -> WrongUsage:
    return WrongUsage(
        words,
        hint="`analytics-sync jobs` shows what is; `analytics-sync schedule` adds the hourly job.",
        code="unknown_job",
    )
