"""Reads `Retry-After` (RFC 9110, section 10.2.3) whatever stands in it."""

import re
from datetime import UTC, datetime, timedelta

# A typo or a wrong unit must not lock an account for weeks, and asking once a day costs nothing.
LONGEST = timedelta(days=1)

_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]*)?")


def parse_retry_after(value: str | None, now: datetime) -> datetime | None:
    """The instant (UTC) before which not to ask again; never raises.

    Takes seconds, whole or with a fraction, and the date forms of HTTP; a date without a zone is
    UTC. A date in the past is `now`; more than a day is a day. None for all else: nothing there,
    negative or infinite numbers, exponents, digits of other scripts, words.
    """
    text = (value or "").strip(" \t")
    if not text.isascii():
        return None
    if _SECONDS.fullmatch(text):
        # float, unlike int, takes any number of digits.
        return now + timedelta(seconds=min(float(text), LONGEST.total_seconds()))
    moment = _date(text)
    return None if moment is None else max(now, min(moment, now + LONGEST))


def _date(text: str) -> datetime | None:
    # Rarely needed, and every platform imports this module through `statuses`.
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
