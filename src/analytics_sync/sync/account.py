"""One account in one run: token, new posts, numbers, totals; each phase fails alone."""

import logging
from collections.abc import Awaitable, Callable

from analytics_sync.domain.codes import ErrorCode
from analytics_sync.errors import (
    AnalyticsSyncError,
    BudgetSpent,
    Busy,
    CallFailed,
    CredentialRefused,
    Interrupted,
    NotYet,
    PlatformStopped,
    RateLimited,
    StoreUnusable,
)
from analytics_sync.platforms._contract import Context
from analytics_sync.store import credentials, runs
from analytics_sync.sync import selection
from analytics_sync.sync.context import open_context
from analytics_sync.sync.discovery import discover, finish
from analytics_sync.sync.reading import choose, read_posts, read_totals
from analytics_sync.sync.results import AccountResult, Failure
from analytics_sync.sync.work import Work

log = logging.getLogger(__name__)

# From bad to worse: an account has the worst outcome that one of its phases had.
OUTCOMES = ("ok", "busy", "rate_limited", "budget_spent", "failed", "credential_refused")
# Failures after which no other phase of the account can work.
FINAL = (PlatformStopped, CredentialRefused, Interrupted, StoreUnusable, Busy)


async def sync_account(work: Work) -> AccountResult:
    """Sync the account; every failure of it ends in the result.

    :raises PlatformStopped: no other account of this platform should be tried; the result is kept.
    :raises StoreUnusable: nothing can be stored any more.
    """
    stopped: PlatformStopped | None = None
    try:
        # Before anything can fail, so that the result tells what was left.
        await _choose(work)
        context = await open_context(
            work.parts,
            work.account,
            sender=work.sender,
            budgets=work.budgets,
            memory=work.memory,
        )
        await _phases(work, context)
    except StoreUnusable:
        raise
    except AnalyticsSyncError as error:
        stopped = error if isinstance(error, PlatformStopped) else None
        await _note(work, error)
    finally:
        work.result.requests = work.sender.requests
        work.parts.progress.finish(work.account)
    await conclude(work)
    if stopped is not None:
        raise stopped
    return work.result


async def _phases(work: Work, context: Context) -> None:
    fine = work.choice.discover and work.platform.can_list(work.account)
    if fine:
        fine = await _alone(work, discover, context)
    if work.choice.read:
        if work.result.discovered:
            await _choose(work)
        fine = await _alone(work, read_posts, context) and fine
    if fine:
        # What is known goes before what may be found.
        await _alone(work, finish, context)
    if work.choice.read:
        await _alone(work, read_totals, context)


async def _choose(work: Work) -> None:
    if work.choice.read:
        work.chosen = await choose(work.parts, work.choice, work.account)
        work.result.selected = len(work.chosen)


async def _alone(
    work: Work, phase: Callable[[Work, Context], Awaitable[None]], context: Context
) -> bool:
    """Whether a phase ran to its end; what stops only this phase is noted, and the next one begins."""
    try:
        await phase(work, context)
    except FINAL:
        raise
    except AnalyticsSyncError as error:
        await _note(work, error)
        return False
    return True


async def _note(work: Work, error: AnalyticsSyncError) -> None:
    """Write down a failure of the account, and what the next process must know of it."""
    result = work.result
    result.outcome = max(result.outcome, outcome_of(error), key=OUTCOMES.index)
    result.failures.append(Failure(error.code, error.message, hint=error.hint))
    # What the next run mends by itself is no news; the rest is for a person.
    grave = outcome_of(error) in {"failed", "credential_refused"}
    _say(work, logging.WARNING if grave else logging.INFO, f"{error.message} {error.hint}")
    if isinstance(error, NotYet | PlatformStopped) and error.until and error.bucket:
        result.not_before = max(filter(None, (result.not_before, error.until)))
        # Budgets of our own are counted, and may be raised before their time is over.
        if error.code != ErrorCode.BUDGET_SPENT:
            await work.budgets.block(error.bucket, error.until, error.message)
    elif isinstance(error, CredentialRefused) and work.account.credential_id is not None:
        await work.parts.write(
            credentials.note_refusal, work.account.credential_id, error.message, work.choice.started
        )


def _say(work: Work, level: int, text: str) -> None:
    log.log(level, "%s account %s: %s", work.account.platform, work.account.id, text.strip())


def outcome_of(error: AnalyticsSyncError) -> str:
    """What a failure makes of its account. A call that failed leaves the others' numbers."""
    match error:
        case CredentialRefused():
            return "credential_refused"
        case RateLimited():
            return "rate_limited"
        case BudgetSpent():
            return "budget_spent"
        case CallFailed() | Interrupted():
            return "ok"
        case Busy():
            return "busy"
        case _:
            return "failed"


async def conclude(work: Work) -> None:
    """Judge the account as a whole, and store what the next run must know."""
    result = work.result
    if result.outcome == "ok" and not result.synced and _nothing_worked(result):
        result.outcome = "failed"
        _say(work, logging.WARNING, f"nothing could be read. {result.failures[-1].message}")
    if result.deferred:
        result.left_behind = selection.left_behind(
            work.chosen, work.settings.cadence, work.choice.slot
        )
    await work.budgets.flush()
    await work.memory.flush(work.parts.database, work.parts.clock)
    rows = [
        runs.ErrorRow(work.account.id, failure.platform_post_id, failure.code, failure.message)
        for failure in result.failures
    ]
    if rows:
        await work.parts.write(runs.add_errors, work.run_id, rows, work.choice.started)


def _nothing_worked(result: AccountResult) -> bool:
    """Whether the platform gave no usable answer at all."""
    codes = {failure.code for failure in result.failures}
    return bool(
        codes
        & {
            ErrorCode.PLATFORM_UNAVAILABLE,
            ErrorCode.ANSWER_NOT_UNDERSTOOD,
            ErrorCode.CONTRACT_CHANGED,
            ErrorCode.CALL_REFUSED,
        }
    )
