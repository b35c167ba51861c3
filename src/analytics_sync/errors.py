"""Failures, sorted by what must happen next.

AnalyticsSyncError
├── WrongUsage               2   the person at the keyboard mends the command
├── SomeRefused              1   part of an import was refused, the rest is stored
├── ConfigurationInvalid    78   the person mends the configuration
├── StoreUnusable           78   the person mends the database
├── SchedulerUnusable       78   the person mends the operating system's scheduler, or takes another
├── CredentialRefused       77   the person connects the account again
├── NotYet                  75   nothing wrong: the next run tries again after `until`
│   ├── RateLimited
│   └── BudgetSpent
├── Busy                    75   another run holds the work
├── Interrupted             75   the run was asked to stop, or its time is over
├── PlatformStopped          1   no account of this platform can go on in this run
├── AccountRefused           1   this account lacks a right; others go on
└── CallFailed               1   one call did not work
    ├── Temporary                …and may work in a moment
    ├── Refused                  …the platform understood it and said no
    └── AnswerNotUnderstood      …the answer is not what the platform documents
"""

from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum


class ExitStatus(IntEnum):
    """What a scheduler reads. The first that applies of 78, 77, 1, 75, 0 is used."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    TRY_LATER = 75
    CREDENTIAL = 77
    CONFIGURATION = 78


class AnalyticsSyncError(Exception):
    """A failure with words for a person: what is wrong (`message`) and what to do (`hint`)."""

    code: str = "internal"
    exit_status: ExitStatus = ExitStatus.FAILED

    def __init__(self, message: str, *, hint: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code


class WrongUsage(AnalyticsSyncError):
    """The command names something that does not exist, or says it in the wrong form."""

    code = "usage"
    exit_status = ExitStatus.USAGE


class SomeRefused(AnalyticsSyncError):
    """Some lines of an import were refused; the others are stored."""

    code = "lines_refused"


class ConfigurationInvalid(AnalyticsSyncError):
    """The configuration has mistakes; `problems` names all of them at once."""

    code = "configuration"
    exit_status = ExitStatus.CONFIGURATION

    def __init__(self, problems: Sequence[str], *, hint: str = "", code: str | None = None) -> None:
        super().__init__("\n".join(problems), hint=hint, code=code)
        self.problems = tuple(problems)


class StoreUnusable(AnalyticsSyncError):
    """The database can't be opened, read or written, or has another schema."""

    code = "database"
    exit_status = ExitStatus.CONFIGURATION


class SchedulerUnusable(AnalyticsSyncError):
    """The operating system's scheduler is missing, forbidden or damaged; nothing was changed."""

    code = "scheduler"
    exit_status = ExitStatus.CONFIGURATION


class CredentialRefused(AnalyticsSyncError):
    """The platform no longer takes this token, or ours can't be read; a person must connect again."""

    code = "credential_refused"
    exit_status = ExitStatus.CREDENTIAL


class NotYet(AnalyticsSyncError):
    """Nothing is wrong, but the platform must not be called before `until` (UTC).

    `bucket` is the call budget that is spent; it is kept in the database, so that the next
    process obeys it too.
    """

    exit_status = ExitStatus.TRY_LATER

    def __init__(
        self, message: str, *, until: datetime, bucket: str, hint: str = "", code: str | None = None
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.until = until
        self.bucket = bucket


class RateLimited(NotYet):
    """The platform said "not so often"."""

    code = "rate_limited"


class BudgetSpent(NotYet):
    """A budget, ours or the platform's, is spent for its period."""

    code = "budget_spent"


class Busy(AnalyticsSyncError):
    """Another process holds this piece of work."""

    code = "busy"
    exit_status = ExitStatus.TRY_LATER


class Interrupted(AnalyticsSyncError):
    """The run was asked to stop, or reached its time limit."""

    code = "interrupted"
    exit_status = ExitStatus.TRY_LATER


class PlatformStopped(AnalyticsSyncError):
    """No account of this platform can go on in this run, and a person should know.

    Used for: no credits, a spending limit, an API version past its end, an application without
    access. `until` with `bucket`, if set, keeps the next runs from asking too.
    """

    code = "platform_stopped"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        code: str | None = None,
        until: datetime | None = None,
        bucket: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.until = until
        self.bucket = bucket


class AccountRefused(AnalyticsSyncError):
    """The token is alive but lacks a permission or a role for this account."""

    code = "permission_missing"


class CallFailed(AnalyticsSyncError):
    """One call did not work; what else was asked for goes on."""

    code = "platform_unavailable"


class Temporary(CallFailed):
    """Server trouble, a network fault or a deadline: the same call may work in a moment.

    Asking again in less than `least_wait` seconds is of no use.
    """

    def __init__(
        self, message: str, *, hint: str = "", code: str | None = None, least_wait: float = 0.0
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.least_wait = least_wait


class Refused(CallFailed):
    """The platform understood the call and said no (400, 403, 404, ...).

    Platforms catch this to drop a metric, halve a list or mark a post. `reason` is the platform's
    own machine-readable code, `detail` its text, for people only.
    """

    code = "call_refused"

    def __init__(
        self, message: str, *, status: int, reason: str = "", detail: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.reason = reason
        self.detail = detail


class AnswerNotUnderstood(CallFailed):
    """The answer is HTML, half a JSON, too large, or lacks what the platform documents."""

    code = "answer_not_understood"
