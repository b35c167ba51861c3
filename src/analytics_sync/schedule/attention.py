"""What needs a person: since when, and the command that mends it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from analytics_sync.clock import EPOCH
from analytics_sync.domain.jobs import EXTERNAL, TRY_LATER
from analytics_sync.errors import ExitStatus
from analytics_sync.notify import endings
from analytics_sync.notify.endings import connecting
from analytics_sync.schedule.overview import Overview
from analytics_sync.schedule.words import MOVE
from analytics_sync.store import consents
from analytics_sync.store import overview as stored
from analytics_sync.store.consents import Consent
from analytics_sync.store.jobs import Known
from analytics_sync.store.light import Rows

if TYPE_CHECKING:
    from analytics_sync.sync.forecast import Forecast

# A tick comes hourly; what it has to make up, it has made up by then.
SILENCE: Final = timedelta(hours=2, minutes=15)
# Whoever removes a credential ends its consent within this time.
REMOVAL: Final = timedelta(minutes=2)
# So many jobs are named one by one.
NAMED: Final = 5


class Attention(NamedTuple):
    """One thing that needs a person. `command`: what mends it, where one command does."""

    code: str
    message: str
    since: datetime | None = None
    command: str | None = None

    def as_json(self) -> dict[str, Any]:
        return self._asdict()


def of_credentials(rows: Rows, now: datetime) -> Iterator[Attention]:
    """Credentials that a platform refuses, that end soon, and that a removal left behind."""
    refused = stored.refused(rows)
    for one in refused:
        more = f" and {one.accounts - 1} more accounts" if one.accounts > 1 else ""
        reason = f": {one.reason}" if one.reason else ""
        yield Attention(
            "credential_refused",
            f"The credential {one.credential_id} of {one.business} on {one.platform}"
            f" ({one.platform_account_id}){more} is refused{reason}",
            one.refused_at,
            connecting(one, by_login=one.by_login),
        )
    told = {one.credential_id for one in refused}
    yield from (_end(one, now) for one in consents.ending(rows, now) if one.id not in told)
    for left in stored.left_over(rows, now - REMOVAL):
        whose = f"{left.platform}, {left.subject}" if left.subject else left.platform
        yield Attention(
            "credential_left_over",
            f"The credential {left.credential_id} ({whose}) serves no account any more, but its"
            " consent at the platform was not ended",
            left.since,
            f"analytics-sync credential remove {left.credential_id}",
        )


def _end(one: Consent, now: datetime) -> Attention:
    first, ends = one.accounts[0], one.ends_at
    ended = ends is not None and ends <= now
    return Attention(
        "credential_ends",
        endings.in_words(one, now),
        ends if ended else None,
        connecting(first, by_login=one.by_login),
    )


def of_runs(rows: Rows, overview: Overview, now: datetime) -> Iterator[Attention]:
    """Jobs whose last run failed, and those that nobody started."""
    for shown in overview.jobs:
        known = shown.known
        job, last = known.job, known.last
        if job.at_rest:
            continue
        if last is not None and last.status not in {None, 0, TRY_LATER}:
            since = stored.failing_since(rows, job.id, EPOCH) or known.claimed_at
            told = known.run_id is not None and last.status != ExitStatus.CONFIGURATION
            yield Attention(
                "job_failed",
                f"The last run of {job.name} ended with status {last.status}",
                since,
                # What was unusable before anything was read is in the log alone.
                f"analytics-sync runs {known.run_id}" if told else "analytics-sync logs",
            )
        slot = None if shown.running else _waiting(known, now)
        if slot is not None and now - slot > SILENCE:
            yield Attention(
                "overdue", f"{job.name} was due and has not run", slot, "analytics-sync tick"
            )


def _waiting(known: Known, now: datetime) -> datetime | None:
    """The first slot of a job that has come and was not run; None when none is due."""
    job, last = known.job, known.last
    if job.due(last, now) is None:
        return None
    if last is not None and not last.done and last.due_at > job.since:
        return last.due_at
    return job.timing.after(job.since if last is None else max(job.since, last.due_at))


def of_machine(overview: Overview, now: datetime) -> Iterator[Attention]:
    """The scheduler itself, and where it differs from the database."""
    state, backend = overview.state, overview.backend
    if state.elsewhere or not (backend or state.live or overview.strays):
        return
    ticked = state.installed.ticked_at
    advice = backend.advice() if backend is not None and state.live else []
    external = backend is not None and backend.name == EXTERNAL
    if external and state.live:
        from analytics_sync.schedule.external import LONGEST_SILENCE

        # Whoever has just scheduled is about to set the timer up.
        if _silent(overview, now, LONGEST_SILENCE):
            words = "No tick came in time: nothing starts the jobs"
            yield Attention("scheduler_dead", words, ticked, advice[-1])
    elif backend is not None and state.live and not overview.alive:
        words = f"The scheduler behind {backend.name} does not run: nothing starts the jobs"
        yield Attention("scheduler_dead", words, ticked)
    elif state.live and _silent(overview, now):
        yield Attention("ticks_stopped", "No tick comes any more", ticked, MOVE)
    if not external:
        # What it asks of a person, such as letting user units run after log-out.
        yield from (Attention("scheduler", words) for words in advice)
    yield from _drift(overview)


def of_demand(wanted: "Forecast") -> Iterator[Attention]:
    """Limits and schedules that leave more and more posts behind."""
    for one in wanted.shortfalls[:NAMED]:
        whose = f"account {one.account_id}" if one.account_id is not None else "all accounts"
        yield Attention(
            "demand",
            f"{one.platform}, {whose}: {one.wanted:,} a day are wanted, {one.possible:,} are"
            f" possible. {one.hint}",
        )
    if len(wanted.shortfalls) > NAMED:
        more = len(wanted.shortfalls) - NAMED
        yield Attention("demand", f"{more} more accounts want more than is possible")


def _silent(overview: Overview, now: datetime, longest: timedelta = SILENCE) -> bool:
    """Whether the hourly tick has not come since it could have."""
    installed = min(shown.known.job.since for shown in overview.jobs)
    return now - max(installed, overview.state.installed.ticked_at or installed) > longest


def _drift(overview: Overview) -> Iterator[Attention]:
    differing = [shown for shown in overview.jobs if shown.drift]
    for shown in differing[:NAMED]:
        name = shown.known.job.name
        yield Attention("drift", f"{name} on this machine: {shown.drift}", None, MOVE)
    if len(differing) > NAMED:
        more = f"{len(differing) - NAMED} more jobs differ on this machine"
        yield Attention("drift", more, None, MOVE)
    if overview.strays:
        yield Attention("drift", f"On this machine: {overview.strays}", None, MOVE)
