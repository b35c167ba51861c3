"""One job's run, from the claim of its slot to its end."""

import logging
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from analytics_sync.clock import Clock
from analytics_sync.domain.jobs import Claim, Job
from analytics_sync.errors import AnalyticsSyncError, Busy, ConfigurationInvalid, ExitStatus
from analytics_sync.locks import Locks, waited_for
from analytics_sync.notify import Teller
from analytics_sync.store import accounts, slots
from analytics_sync.store.database import Database
from analytics_sync.store.trouble import changed_meanwhile
from analytics_sync.sync.results import AccountResult, RunRecord
from analytics_sync.sync.run import Order
from analytics_sync.sync.work import Choice

log = logging.getLogger(__name__)

# Whoever only looks whether a slot is run holds its lock for an instant.
PATIENCE: Final = 1.0
# So many accounts' troubles are told in words.
MOST_TOLD: Final = 5


class SlotHeld(Busy):
    """Another process runs this job now."""


class Ended(NamedTuple):
    """What came of a slot."""

    claim: Claim
    record: RunRecord
    status: ExitStatus


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs jobs of one installation. `sync` runs an order to its end."""

    database: Database
    locks: Locks
    clock: Clock
    teller: Teller
    sync: Callable[[Order], RunRecord]

    def run(self, job: Job, trigger: str, max_run: timedelta | None = None) -> Ended | None:
        """Take the slot of a job that is due, sync, and note what came of it; None: none is due.

        :raises SlotHeld: another process runs the job.
        :raises ConfigurationInvalid: the job is gone, or finds no account at all.
        :raises AnalyticsSyncError: what ended the sync; the slot is finished with its status.
        """
        with ExitStack() as held:
            try:
                held.enter_context(waited_for(self.locks, "slot", job.id, PATIENCE))
            except Busy:
                raise SlotHeld(
                    f"{job.name} is being run by another process.",
                    hint="Nothing to do: each due time is run once.",
                ) from None
            with self.database.write() as connection:
                claimed = slots.claim(connection, job.name, self._now())
                if claimed is not None and claimed.job.id != job.id:
                    raise changed_meanwhile()
            return None if claimed is None else self._serve(claimed, trigger, max_run)

    def _serve(self, claimed: Claim, trigger: str, max_run: timedelta | None) -> Ended:
        if claimed.made_up:
            log.info("%s makes up %s missed slots", claimed.job.name, claimed.made_up)
        self.teller.started(claimed.job)
        try:
            order, served = self._order(claimed, trigger, max_run)
            record = self.sync(order)
        except AnalyticsSyncError as error:
            with suppress(AnalyticsSyncError):
                self._finish(claimed, error.exit_status)
            self.teller.ended(claimed.job, error.exit_status, error.message)
            raise
        except Exception as error:
            # The slot stays unfinished, so that the next tick takes it up.
            words = f"Unexpected failure: {type(error).__name__}: {error}"
            with suppress(Exception), self.database.write() as connection:
                slots.note_fault(connection, claimed, ExitStatus.FAILED)
            self.teller.ended(claimed.job, ExitStatus.FAILED, words)
            raise
        trouble = None if served else _no_account(claimed.job)
        status = record.exit_status() if trouble is None else trouble.exit_status
        self._finish(claimed, status, run_id=record.run_id, not_before=record.retry_at())
        words = in_words(record) if trouble is None else trouble.message
        self.teller.ended(claimed.job, status, words)
        if trouble is not None:
            raise trouble
        return Ended(claimed, record, status)

    def _order(self, claimed: Claim, trigger: str, max_run: timedelta | None) -> tuple[Order, bool]:
        """What to sync, and whether there is any account, be it in the care of another job."""
        business = claimed.job.business_id
        ids = None if business is None else frozenset({business})
        with self.database.read() as connection:
            served = bool(accounts.to_sync(connection, business_ids=ids))
            without = slots.with_own_job(connection) if ids is None else frozenset[int]()
        choice = Choice(self._now(), due_only=True, interval=claimed.interval, due_at=claimed.slot)
        order = Order(
            choice, trigger, business_ids=ids, without=without, claim=claimed, max_run=max_run
        )
        return order, served

    def _finish(
        self,
        claimed: Claim,
        status: int,
        *,
        run_id: int | None = None,
        not_before: datetime | None = None,
    ) -> None:
        now = self._now()
        with self.database.write() as connection:
            slots.finish(connection, claimed, status, now=now, run_id=run_id, not_before=not_before)

    def _now(self) -> datetime:
        now = self.clock.now()
        # Times are kept to the millisecond.
        return now - timedelta(microseconds=now.microsecond % 1000)


def _no_account(job: Job) -> ConfigurationInvalid:
    whose = (
        "No business has an account"
        if job.business_id is None
        else f"Business {job.business_id} has no account"
    )
    return ConfigurationInvalid(
        [f"{whose}, so that {job.name} has nothing to sync."],
        hint="`analytics-sync account add` adds one; `analytics-sync unschedule` removes the job.",
        code="no_account",
    )


def in_words(record: RunRecord) -> str:
    """A line on a run, and one for each of the first accounts that have trouble."""
    synced, selected, failed = map(record.total, ("synced", "selected", "failed"))
    lines = [f"{synced}/{selected} posts synced, {failed} failures ({record.outcome})."]
    troubled = [result for result in record.accounts if result.outcome != "ok"]
    lines += map(_trouble, troubled[:MOST_TOLD])
    if len(troubled) > MOST_TOLD:
        lines.append(f"And {len(troubled) - MOST_TOLD} accounts more.")
    return "\n".join(lines)


def _trouble(result: AccountResult) -> str:
    account = result.account
    place = f"Business {account.business_id}, {account.platform} account {account.id}"
    told = [failure.message for failure in result.failures if failure.platform_post_id is None]
    return f"{place}: {result.outcome.replace('_', ' ')}. {told[-1] if told else ''}".strip()
