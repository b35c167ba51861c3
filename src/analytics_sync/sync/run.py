"""A whole run: accounts side by side, the time limit, the graceful end, and the record."""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from analytics_sync.domain.jobs import Claim
from analytics_sync.domain.records import Account
from analytics_sync.errors import AnalyticsSyncError, Interrupted, PlatformStopped
from analytics_sync.locks import Locks, waited_for
from analytics_sync.store import accounts, metrics, runs
from analytics_sync.sync.account import conclude, outcome_of, sync_account
from analytics_sync.sync.budgets import KeptBudgets
from analytics_sync.sync.memory import RetiredMetrics
from analytics_sync.sync.parts import Parts, Senders
from analytics_sync.sync.progress import kept_up
from analytics_sync.sync.reading import choose
from analytics_sync.sync.results import COUNTS, AccountResult, Failure, RunRecord
from analytics_sync.sync.stop import Stop, StoppableClock
from analytics_sync.sync.telling import announce, tell
from analytics_sync.sync.work import Choice, Work

log = logging.getLogger(__name__)

# Accounts of one platform that are worked on together; the transport bounds requests by host.
ACCOUNTS_AT_ONCE = 8
# Reads under way may take this long after the run was asked to end.
LAST_SECONDS = 7
# How often a waiting run looks again for an account that another run holds.
LOOK_AGAIN = 0.2
# Whoever looks whether a run goes on holds its lock for an instant.
PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for: which accounts, and what is done with each."""

    choice: Choice
    trigger: str = "manual"
    business_ids: frozenset[int] | None = None
    platforms: frozenset[str] | None = None
    # (index, number of shards): businesses whose id leaves this index.
    shard: tuple[int, int] | None = None
    wait: timedelta = timedelta(0)
    account_ids: frozenset[int] | None = None
    # Businesses that have a job of their own.
    without: frozenset[int] = frozenset()
    # The slot of a job that this run serves.
    claim: Claim | None = None
    # Less than the parts' `max_run`, for one of several runs.
    max_run: timedelta | None = None
    # The row that waits for this run; None: it gets one.
    run_id: int | None = None


async def run(parts: Parts, order: Order, stop: Stop | None = None) -> RunRecord:
    """Sync what was ordered, and record it.

    :raises StoreUnusable: the database can't be used.
    :raises WrongUsage: there is no run that waits, of the id in the order.
    """
    # Whoever finds the lock free sees that the run was killed.
    with ExitStack() as alive:
        record = await _begin(parts, order, alive)
        return await _carry_out(parts, order, record, stop or Stop())


async def _carry_out(parts: Parts, order: Order, record: RunRecord, stop: Stop) -> RunRecord:
    started = parts.clock.monotonic()
    ordered = await choose_accounts(parts, order)
    announce(every_business=order.business_ids is None)
    if not ordered and order.without:
        log.info("every business is synced by a job of its own")
    elif not ordered:
        log.warning("no account takes part; `analytics-sync account add` adds one")
    stoppable = replace(parts, clock=StoppableClock(parts.clock, stop))
    budgets = KeptBudgets(parts.database, parts.clock, stop)
    limit = min(parts.max_run, order.max_run or parts.max_run).total_seconds()
    with stop.on_signals():
        async with parts.open_transport(budgets, stoppable.clock, started + limit) as senders:
            crew = Crew(stoppable, order, record, senders, budgets, stop)
            await crew.prepare()
            with kept_up(crew.counts, crew.write_counts):
                await _until_done(crew, ordered, limit)
            await budgets.flush(everything=True)
            record.requests = senders.requests
    record.interrupted = stop.reason is not None
    await _finish(parts, record, started)
    tell(record, every_business=order.business_ids is None)
    return record


async def choose_accounts(parts: Parts, order: Order) -> list[Account]:
    """The accounts of an order, in a stable order."""
    found = await parts.read(
        accounts.to_sync, business_ids=order.business_ids, platforms=order.platforms
    )
    if order.account_ids is not None:
        found = [account for account in found if account.id in order.account_ids]
    if order.shard is not None:
        index, number = order.shard
        found = [account for account in found if account.business_id % number == index % number]
    return [
        account
        for account in found
        if account.platform in parts.platforms and account.business_id not in order.without
    ]


async def _begin(parts: Parts, order: Order, alive: ExitStack) -> RunRecord:
    """Have the run's row and lock. A row that waits is looked at once the lock is held."""
    if order.run_id is not None:
        alive.enter_context(waited_for(parts.locks, "run", order.run_id, PATIENCE))
    run_id, killed = await parts.write(_row, order, parts.locks)
    if order.run_id is None:
        alive.enter_context(waited_for(parts.locks, "run", run_id, PATIENCE))
    for id in killed:
        parts.locks.forget("run", id)
    choice = order.choice
    return RunRecord(
        run_id, order.trigger, choice.started, due_only=choice.due_only, claim=order.claim
    )


def _row(connection: Connection, order: Order, locks: Locks) -> tuple[int, list[int]]:
    """The row of this run, and the ids of those that were killed without a word."""
    now = order.choice.started
    killed = runs.close_killed(connection, now, partial(locks.held, "run"))
    if order.run_id is not None:
        runs.take_up(connection, order.run_id, now)
        return order.run_id, killed
    ids = order.business_ids
    businesses = None if ids is None else sorted(ids)
    run_id = runs.start(
        connection, trigger=order.trigger, now=now, claim=order.claim, businesses=businesses
    )
    return run_id, killed


async def _until_done(crew: "Crew", ordered: Sequence[Account], limit: float) -> None:
    """Work until all is done; when asked to stop, give reads under way a few seconds more."""
    working = asyncio.ensure_future(crew.work(ordered))
    stopping = asyncio.ensure_future(crew.stop.wait())
    try:
        await asyncio.wait({working, stopping}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            crew.stop.request("the time limit max_run")
            await asyncio.wait({working}, timeout=LAST_SECONDS)
    finally:
        working.cancel()
        stopping.cancel()
        with suppress(asyncio.CancelledError):
            await working


async def _finish(parts: Parts, record: RunRecord, started: float) -> None:
    record.finished_at = parts.clock.now()
    record.seconds = parts.clock.monotonic() - started
    record.outcome = record.judge()
    told = record.as_json()
    await parts.write(
        runs.finish,
        record.run_id,
        {
            "outcome": record.outcome,
            "finished_at": record.finished_at,
            "requests": record.requests,
            "discovered": record.total("discovered"),
            "snapshots": record.total("snapshots"),
            **{name: record.total(name) for name in COUNTS},
            "accounts": [
                {**account, "errors": len(account["errors"])} for account in told["accounts"]
            ],
        },
    )


@dataclass(slots=True)
class Crew:
    """Works through the accounts, some of each platform together."""

    parts: Parts
    order: Order
    record: RunRecord
    senders: Senders
    budgets: KeptBudgets
    stop: Stop
    memories: dict[str, RetiredMetrics] = field(default_factory=dict)
    stopped: dict[str, PlatformStopped] = field(default_factory=dict)

    async def prepare(self) -> None:
        known = await self.parts.read(metrics.retired, self.parts.clock.now())
        self.memories = {name: RetiredMetrics(name, known) for name in self.parts.platforms}

    def counts(self) -> dict[str, int]:
        """What was done until now; nothing is deferred before the end."""
        names = ("discovered", "snapshots", "selected", "synced", "failed")
        return {
            "requests": self.senders.requests,
            **{name: self.record.total(name) for name in names},
        }

    async def write_counts(self, counts: Mapping[str, int]) -> None:
        await self.parts.write(runs.note_progress, self.record.run_id, counts)

    async def work(self, ordered: Sequence[Account]) -> None:
        """Each platform has its own queue, so that a slow one holds up no other."""
        queues: dict[str, deque[Account]] = {}
        for account in ordered:
            queues.setdefault(account.platform, deque()).append(account)
        try:
            async with asyncio.TaskGroup() as group:
                for queue in queues.values():
                    for _ in range(min(ACCOUNTS_AT_ONCE, len(queue))):
                        group.create_task(self._through(queue))
        except* AnalyticsSyncError as failures:
            raise failures.exceptions[0] from None

    async def _through(self, queue: deque[Account]) -> None:
        while queue and self.stop.reason is None:
            await self._one(queue.popleft())

    async def _one(self, account: Account) -> None:
        result = AccountResult(account)
        self.record.accounts.append(result)
        work = Work(
            parts=self.parts,
            choice=self.order.choice,
            account=account,
            run_id=self.record.run_id,
            sender=self.senders.for_account(),
            budgets=self.budgets,
            memory=self.memories[account.platform],
            result=result,
        )
        already = self.stopped.get(account.platform)
        if already is not None:
            _fail(result, already)
            return
        deadline = self.parts.clock.monotonic() + self.order.wait.total_seconds()
        with suppress(Interrupted):
            while not await self._held(work):
                result.outcome = "busy"
                if self.parts.clock.monotonic() >= deadline:
                    return
                await self.parts.clock.sleep(LOOK_AGAIN)

    async def _held(self, work: Work) -> bool:
        """Sync the account if no other run holds it; whether it was free."""
        with self.parts.locks.hold("account", work.account.id) as free:
            if free:
                work.result.outcome = "ok"
                await self._sync(work)
            return free

    async def _sync(self, work: Work) -> None:
        try:
            await sync_account(work)
        except PlatformStopped as error:
            self.stopped[work.account.platform] = error
        except AnalyticsSyncError:
            raise
        except Exception as error:
            # A fault of ours in one account must not cost the others their numbers.
            log.exception("account %s: unexpected failure", work.account.id)
            work.result.outcome = "failed"
            work.result.failures.append(Failure("internal", f"{type(error).__name__}: {error}"))
            await conclude(work)


def _fail(result: AccountResult, error: AnalyticsSyncError) -> None:
    result.outcome = outcome_of(error)
    result.failures.append(Failure(error.code, error.message, hint=error.hint))


async def rehearse(parts: Parts, order: Order) -> list[tuple[Account, int]]:
    """The accounts of an order with the number of known posts that each would read."""
    found = []
    for account in await choose_accounts(parts, order):
        chosen = await choose(parts, order.choice, account)
        found.append((account, len(chosen)))
    return found
