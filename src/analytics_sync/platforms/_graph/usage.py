"""Reads the Graph API's usage headers (Meta docs: Rate Limits)."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from analytics_sync.domain.metrics import as_number
from analytics_sync.transport.call import Limit

APP_USAGE: Final = "x-app-usage"
PAGE_USAGE: Final = "x-page-usage"
BUSINESS_USAGE: Final = "x-business-use-case-usage"

# Percent of a limit. Any of these that reaches 100 may throttle; the last two are undocumented.
PERCENTAGES: Final = ("call_count", "total_cputime", "total_time", "call_volume", "cpu_time")
SLOW_ABOVE: Final = 75
STOP_ABOVE: Final = 90
SLOW_DOWN_SECONDS: Final = 1.0
# Windows are rolling hours; Meta gives an estimate only for business use cases.
WAIT: Final = timedelta(hours=1)
# An estimate beyond this is a fault of the answer, and must not stop an account for ever.
LONGEST_WAIT: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of a limit is used: percent, and minutes until access comes back (0: not said)."""

    percent: float = 0.0
    minutes: float = 0.0

    @property
    def is_spent(self) -> bool:
        return self.percent >= 100 or self.minutes > 0

    @property
    def estimate(self) -> timedelta:
        return min(timedelta(minutes=min(self.minutes, 1e6)), LONGEST_WAIT)

    def limit(self, bucket: str, now: datetime) -> Limit | None:
        """What to do about it: nothing, slow down, or stop before the platform stops us."""
        if self.percent > STOP_ABOVE or self.minutes > 0:
            return Limit(bucket=bucket, stop_until=now + (self.estimate or WAIT))
        if self.percent > SLOW_ABOVE:
            return Limit(bucket=bucket, slow_down=SLOW_DOWN_SECONDS)
        return None


def plain_usage(headers: Mapping[str, str], name: str) -> Usage:
    """`X-App-Usage` or `X-Page-Usage`: {"call_count":28,"total_time":25,"total_cputime":25}."""
    return _entry(_parsed(headers.get(name)))


def business_usage(headers: Mapping[str, str], kind: str) -> Usage:
    """`X-Business-Use-Case-Usage`: the worst of all entries of this type ("pages", "instagram").

    The outer keys are ids of business objects, not always the account's own, and up to 32.
    """
    entries = [_entry(entry) for entry in _entries(_parsed(headers.get(BUSINESS_USAGE)), kind)]
    return Usage(
        max((entry.percent for entry in entries), default=0.0),
        max((entry.minutes for entry in entries), default=0.0),
    )


def _entries(told: Any, kind: str) -> Iterator[Any]:
    for listed in told.values() if isinstance(told, dict) else ():
        for entry in listed if isinstance(listed, list) else ():
            if isinstance(entry, dict) and entry.get("type", kind) == kind:
                yield entry


def _entry(entry: Any) -> Usage:
    if not isinstance(entry, dict):
        return Usage()
    return Usage(
        max(_positive(entry.get(name)) for name in PERCENTAGES),
        _positive(entry.get("estimated_time_to_regain_access")),
    )


def _positive(value: Any) -> float:
    return max(0.0, float(as_number(value) or 0))


def _parsed(text: str | None) -> Any:
    try:
        return json.loads(text or "null")
    except (ValueError, RecursionError):
        return None
