"""The closed list of error codes that a run records, with what each asks for."""

from enum import StrEnum


class ErrorCode(StrEnum):
    """Codes of `sync --json`, `sync_error` and `runs`. Documented in docs/errors.md."""

    POST_GONE = "post_gone"
    POST_UNAVAILABLE = "post_unavailable"
    POST_REFUSED = "post_refused"
    POST_UNKNOWN = "post_unknown"
    NO_NUMBERS_YET = "no_numbers_yet"
    TOO_FEW_VIEWERS = "too_few_viewers"
    RATE_LIMITED = "rate_limited"
    BUDGET_SPENT = "budget_spent"
    CREDITS_DEPLETED = "credits_depleted"
    SPENDING_LIMIT = "spending_limit"
    USAGE_CAPPED = "usage_capped"
    CREDENTIAL_REFUSED = "credential_refused"
    PERMISSION_MISSING = "permission_missing"
    PLATFORM_STOPPED = "platform_stopped"
    VERSION_EXPIRED = "version_expired"
    ACCOUNT_BLOCKED = "account_blocked"
    PLATFORM_UNAVAILABLE = "platform_unavailable"
    CALL_REFUSED = "call_refused"
    ANSWER_NOT_UNDERSTOOD = "answer_not_understood"
    CONTRACT_CHANGED = "contract_changed"
    CONFIGURATION = "configuration"
    DATABASE = "database"
    BUSY = "busy"
    INTERRUPTED = "interrupted"
    INTERNAL = "internal"
