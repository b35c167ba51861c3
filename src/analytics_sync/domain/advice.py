"""What a person does about each failure of a run, in a line."""

from types import MappingProxyType
from typing import Final

from analytics_sync.domain.codes import ErrorCode

NOTHING: Final = "Nothing to do: a later run tries again by itself."

_ADVICE: Final = {
    ErrorCode.POST_GONE: "Nothing to do: the post is left alone, and its history stays.",
    ErrorCode.POST_UNAVAILABLE: "Look at the post in a browser; check that it belongs to the account.",
    ErrorCode.POST_REFUSED: "If the id is wrong, add the right one; else nothing.",
    ErrorCode.POST_UNKNOWN: NOTHING,
    ErrorCode.NO_NUMBERS_YET: "Nothing to do, unless it lasts for days.",
    ErrorCode.TOO_FEW_VIEWERS: NOTHING,
    ErrorCode.RATE_LIMITED: "Nothing to do; if it comes often, run less often or lower posts_per_sync.",
    ErrorCode.BUDGET_SPENT: "Nothing to do, or raise the budget: it begins anew by itself.",
    ErrorCode.CREDITS_DEPLETED: "Buy credits in X's developer portal.",
    ErrorCode.SPENDING_LIMIT: "Raise the limit in X's developer portal, or wait for the next billing cycle.",
    ErrorCode.USAGE_CAPPED: "Wait for the next month, or change the plan at X.",
    ErrorCode.CREDENTIAL_REFUSED: "Connect the account again: its history is kept.",
    ErrorCode.PERMISSION_MISSING: "Grant the right that the message names, then connect the account again.",
    ErrorCode.PLATFORM_STOPPED: "Do what the message says, in the platform's developer portal.",
    ErrorCode.VERSION_EXPIRED: "Set a newer version under [platforms.linkedin].",
    ErrorCode.ACCOUNT_BLOCKED: "Look for a notice at facebook.com; the account is left alone for a day.",
    ErrorCode.PLATFORM_UNAVAILABLE: "Nothing to do, unless it lasts: then look at the network and the platform's status page.",
    ErrorCode.CALL_REFUSED: "Read the message; if it comes in every run, please report it.",
    ErrorCode.ANSWER_NOT_UNDERSTOOD: "Check base_url and proxies; if it lasts, please report it.",
    ErrorCode.CONTRACT_CHANGED: "Set the other dialect under [platforms.x], or install a newer release.",
    ErrorCode.CONFIGURATION: "`analytics-sync config check` and `analytics-sync config show` say what is set.",
    ErrorCode.DATABASE: "Look at the server's disk space, rights and database.",
    ErrorCode.BUSY: "Nothing to do: another run does this work.",
    ErrorCode.INTERRUPTED: "Nothing to do; if runs often reach max_run, raise it.",
    ErrorCode.INTERNAL: "Please report it, with the last lines of `analytics-sync logs`.",
}
ADVICE: Final = MappingProxyType({str(code): words for code, words in _ADVICE.items()})


def advice(code: str) -> str:
    """What to do about an error of this code."""
    return ADVICE.get(code, ADVICE[ErrorCode.INTERNAL])
