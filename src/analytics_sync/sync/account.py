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
from analytics_sync.store import runs
from analytics_sync.sync import selection
from analytics_sync.sync.context import get_access, open_context
from analytics_sync.sync.discovery import discover, finish
from analytics_sync.sync.reading import choose, read_posts, read_totals
from analytics_sync.sync.results import AccountResult, Failure
from analytics_sync.sync.work import Work
from analytics_sync.tokens import Access

log = logging.getLogger(__name__)

Phase = Callable[[Work, Context], Awaitable[None]]

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
        work.access = await get_access(
            work.parts, work.account, sender=work.sender, budgets=work.budgets
        )
        await _phases(work)
        if work.sender.requests and not _nothing_worked(work.result):
            await work.parts.tokens.worked(work.access)
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


async def _phases(work: Work) -> None:
    fine = work.choice.discover and work.platform.can_list(work.account)
    if fine:
        fine = await _alone(work, discover)
    if work.choice.read:
        if work.result.discovered:
            await _choose(work)
        fine = await _alone(work, read_posts) and fine
    if fine:
        # What is known goes before what may be found.
        await _alone(work, finish)
    if work.choice.read:
        await _alone(work, read_totals)


async def _choose(work: Work) -> None:
    if work.choice.read:
        work.chosen = await choose(work.parts, work.choice, work.account)
        work.result.selected = len(work.chosen)


async def _alone(work: Work, phase: Phase) -> bool:
    """Whether a phase ran to its end; what stops only this phase is noted, and the next one begins."""
    try:
        await _admitted(work, phase)
    except FINAL:
        raise
    except AnalyticsSyncError as error:
        await _note(work, error)
        return False
    return True


async def _admitted(work: Work, phase: Phase) -> None:
    """Run a phase; once more with another token where the first one is refused and there is one."""
    assert work.access is not None
    try:
        await phase(work, _context(work, work.access))
    except CredentialRefused:
        access = await work.parts.tokens.renewed(
            work.account, work.sender, work.access, clock=work.parts.clock
        )
        if access is None:
            raise
        work.access = access
    else:
        return
    await phase(work, _context(work, access))


def _context(work: Work, access: Access) -> Context:
    return open_context(work.parts, work.account, access, sender=work.sender, memory=work.memory)


async def _note(work: Work, error: AnalyticsSyncError) -> None:
    """Write down a failure of the account, and what the next process must know of it."""
    result = work.result
    result.outcome = max(result.outcome, outcome_of(error), key=OUTCOMES.index)
    result.failures.append(Failure(error.code, error.message, hint=error.hint))
    level = logging.WARNING if _is_news(work, error) else logging.INFO
    _say(work, level, f"{error.message} {error.hint}")
    if isinstance(error, NotYet | PlatformStopped) and error.until and error.bucket:
        result.not_before = max(filter(None, (result.not_before, error.until)))
        # Budgets of our own are counted, and may be raised before their time is over.
        if error.code != ErrorCode.BUDGET_SPENT:
            await work.budgets.block(error.bucket, error.until, error.message)
    elif isinstance(error, CredentialRefused) and work.access is not None:
        await work.parts.tokens.refused(work.account, work.sender, work.access, error.message)


def _is_news(work: Work, error: AnalyticsSyncError) -> bool:
    """What the next run mends by itself is none; the rest is for a person, who hears of a
    credential once, however many accounts it serves.
    """
    if isinstance(error, CredentialRefused) and work.account.credential_id is not None:
        return work.parts.tokens.refusals.is_news(work.account.credential_id)
    return outcome_of(error) in {"failed", "credential_refused"}


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
