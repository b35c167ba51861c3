"""Tells of runs that could not tell of themselves: killed, out of memory, over their time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from analytics_sync.domain.jobs import TRY_LATER
from analytics_sync.errors import ExitStatus
from analytics_sync.locks import Locks
from analytics_sync.notify import Teller
from analytics_sync.store.jobs import Known

# What systemd says of the unit whose failure started us (252 and later).
RESULT_VARIABLE: Final = "MONITOR_SERVICE_RESULT"


def tell_unended(
    teller: Teller,
    known: Known,
    locks: Locks,
    *,
    now: datetime,
    environ: Mapping[str, str],
    unclaimed: bool = True,
) -> str:
    """Tell of the newest run of a job unless it did so itself: what was told, or nothing.

    `unclaimed`: a slot that is due and that nobody took is told too.
    """
    job, last = known.job, known.last
    # Whoever holds the job's lock has not ended.
    if locks.held("slot", job.id):
        return ""
    # A fault of ours was told, and leaves the slot to be taken up.
    claimed = last is not None and last.finished_at is None and last.status is None
    if claimed or (unclaimed and _never_taken(known, now)):
        words = f"The run of {job.name} ended without a result{_why(environ)}."
        teller.ended(job, ExitStatus.FAILED, words)
        return words
    if last is not None and last.status not in (None, ExitStatus.DONE, TRY_LATER):
        teller.remind(
            job, int(last.status or 0), f"The run of {job.name} ended with {last.status}."
        )
    return ""


def _never_taken(known: Known, now: datetime) -> bool:
    due = known.job.due(known.last, now)
    return due is not None and (known.last is None or due > known.last.due_at)


def _why(environ: Mapping[str, str]) -> str:
    result = environ.get(RESULT_VARIABLE, "")
    return f" ({result})" if result.replace("-", "").isalnum() else ""
