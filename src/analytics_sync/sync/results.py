"""What came of a run, as data: for the database, for `--json` and for the exit status."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from analytics_sync.clock import iso
from analytics_sync.domain.jobs import Claim
from analytics_sync.domain.records import Account
from analytics_sync.errors import ExitStatus
from analytics_sync.logs import concealed, redacted

COUNTS = ("selected", "synced", "failed", "deferred")


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that failed: of a post, or of the account when `platform_post_id` is None.

    It is stored and shown, so that its words are without secrets, whoever wrote them.
    """

    code: str
    message: str
    platform_post_id: str | None = None
    hint: str = ""

    def __post_init__(self) -> None:
        # Of posts there may be thousands, in words of our own: then those that are known are enough.
        clean = redacted if self.platform_post_id is None else concealed
        object.__setattr__(self, "message", clean(self.message))


@dataclass(slots=True)
class AccountResult:
    """What came of one account. `left_behind`: posts wait for more than twice their cadence."""

    account: Account
    outcome: str = "ok"
    selected: int = 0
    synced: int = 0
    failed: int = 0
    discovered: int = 0
    snapshots: int = 0
    requests: int = 0
    not_before: datetime | None = None
    left_behind: bool = False
    failures: list[Failure] = field(default_factory=list)

    @property
    def deferred(self) -> int:
        """Posts that were chosen and not reached; they stay due."""
        return max(0, self.selected - self.synced - self.failed)

    def as_json(self) -> dict[str, Any]:
        return {
            "account_id": self.account.id,
            "business_id": self.account.business_id,
            "platform": self.account.platform,
            "platform_account_id": self.account.platform_account_id,
            "outcome": self.outcome,
            **{name: getattr(self, name) for name in COUNTS},
            "discovered": self.discovered,
            "snapshots": self.snapshots,
            "requests": self.requests,
            "not_before": iso(self.not_before) if self.not_before else None,
            "errors": [
                {
                    "platform_post_id": failure.platform_post_id,
                    "code": failure.code,
                    "message": failure.message,
                }
                for failure in self.failures
            ],
        }


@dataclass(slots=True)
class RunRecord:
    """One sync. `outcome` is complete, partial, failed, interrupted or nothing_due."""

    run_id: int
    trigger: str
    started_at: datetime
    finished_at: datetime | None = None
    seconds: float = 0.0
    outcome: str = ""
    requests: int = 0
    interrupted: bool = False
    due_only: bool = False
    claim: Claim | None = None
    accounts: list[AccountResult] = field(default_factory=list)

    def total(self, name: str) -> int:
        return sum(getattr(account, name) for account in self.accounts)

    def judge(self) -> str:
        """The outcome, from the accounts' outcomes."""
        fine = sum(account.outcome == "ok" for account in self.accounts)
        if self.interrupted:
            return "interrupted"
        if fine == len(self.accounts):
            quiet = self.total("selected") == 0 and self.total("discovered") == 0
            return "nothing_due" if quiet and (self.due_only or not self.accounts) else "complete"
        return "partial" if fine or self.total("synced") else "failed"

    def exit_status(self) -> ExitStatus:
        """What the scheduler is told; the first that applies of 77, 1, 75, 0."""
        outcomes = {account.outcome for account in self.accounts}
        if "credential_refused" in outcomes:
            return ExitStatus.CREDENTIAL
        if "failed" in outcomes or any(account.left_behind for account in self.accounts):
            return ExitStatus.FAILED
        if self.interrupted or outcomes & {"rate_limited", "budget_spent", "busy"}:
            return ExitStatus.TRY_LATER
        return ExitStatus.DONE

    def retry_at(self) -> datetime | None:
        """Before then it is of no use to try again; None: at once."""
        later = {"rate_limited", "budget_spent", "busy"}
        times = [account.not_before for account in self.accounts if account.outcome in later]
        if self.interrupted or not times:
            return None
        known = [time for time in times if time is not None]
        return min(known) if len(known) == len(times) else None

    def as_json(self) -> dict[str, Any]:
        served = {} if self.claim is None else self.claim.as_json()
        return {
            "run_id": self.run_id,
            "trigger": self.trigger,
            **served,
            "outcome": self.outcome,
            "started_at": iso(self.started_at),
            "finished_at": iso(self.finished_at) if self.finished_at else None,
            "seconds": round(self.seconds, 3),
            "requests": self.requests,
            "discovered": self.total("discovered"),
            "snapshots": self.total("snapshots"),
            "posts": {name: self.total(name) for name in COUNTS},
            "accounts": [account.as_json() for account in self.accounts],
        }
