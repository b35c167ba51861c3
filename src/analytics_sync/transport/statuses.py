"""What an HTTP status means by itself, for platforms that say nothing better about it."""

from datetime import datetime, timedelta

from analytics_sync.clock import iso
from analytics_sync.errors import (
    AnswerNotUnderstood,
    CredentialRefused,
    RateLimited,
    Refused,
    Temporary,
)
from analytics_sync.transport.address import host_of
from analytics_sync.transport.call import Call, Reply
from analytics_sync.transport.retry_after import parse_retry_after

# The window of most platforms; used when a 429 does not say how long to wait.
USUAL_WINDOW = timedelta(minutes=15)

# Request Timeout, Too Early: 4xx by number, but about the moment and not about the call.
_TEMPORARY = frozenset({408, 425})


def default_failure(call: Call, reply: Reply, now: datetime) -> Exception | None:
    """The failure that the status alone tells, by consequence; None for 2xx.

    429 is `RateLimited` on the call's narrowest bucket; 401 `CredentialRefused`; 408, 425 and 5xx
    `Temporary`; every other 4xx `Refused`; the rest `AnswerNotUnderstood`.
    """
    host, status = host_of(call), reply.status
    said = f"{call.label}: {host} answered HTTP {status}"
    if 200 <= status < 300:
        return None
    if status == 429:
        return _rate_limited(call, reply, now, host)
    if status == 401:
        return CredentialRefused(
            f"{call.label}: {host} refused the token (HTTP 401)", hint="Connect the account again."
        )
    if status in _TEMPORARY or 500 <= status < 600:
        return Temporary(said, hint="Trouble at the platform; tried again next run.")
    if 400 <= status < 500:
        return Refused(said, status=status)
    if 300 <= status < 400:
        return redirected(call, reply)
    return AnswerNotUnderstood(said)


def redirected(call: Call, reply: Reply) -> AnswerNotUnderstood:
    """The failure that a redirect is: following it would carry the token to another address."""
    return AnswerNotUnderstood(
        f"{call.label}: {host_of(call)} answered with a redirect (HTTP {reply.status}), "
        "which is not followed",
        hint="Check base_url: the platform, or a proxy in between, wants another address.",
    )


def _rate_limited(call: Call, reply: Reply, now: datetime, host: str) -> RateLimited:
    until = parse_retry_after(reply.headers.get("retry-after"), now) or now + USUAL_WINDOW
    return RateLimited(
        f"{call.label}: {host} wants no more calls before {iso(until)} (HTTP 429)",
        until=until,
        bucket=call.buckets[0] if call.buckets else call.label,
    )
