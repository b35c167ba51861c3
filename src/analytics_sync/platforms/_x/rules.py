"""How X says no, and how it tells its limits."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from analytics_sync.clock import next_utc_midnight
from analytics_sync.domain.codes import ErrorCode
from analytics_sync.domain.metrics import as_count
from analytics_sync.domain.records import Account
from analytics_sync.errors import (
    AccountRefused,
    AnalyticsSyncError,
    BudgetSpent,
    CredentialRefused,
    PlatformStopped,
    RateLimited,
    Refused,
)
from analytics_sync.platforms._contract import app_bucket, credential_bucket
from analytics_sync.transport.call import Call, Limit, Reply, read_json
from analytics_sync.transport.retry_after import parse_retry_after
from analytics_sync.transport.statuses import default_failure

# Clocks differ: wait a little past the reset.
CLOCK_SKEW = timedelta(seconds=2)
# A window is 15 minutes; without any header, half a minute is a fair first guess.
UNTOLD_WAIT = timedelta(seconds=30)
# Below this, the difference of the clocks is not worth correcting.
WORTH_CORRECTING = timedelta(seconds=30)
# By users' reports, X takes a signature of OAuth 1.0a for about so long before and after.
SIGNED_TIME_OFF = timedelta(minutes=4)


@dataclass(frozen=True, slots=True)
class XRules:
    """X docs: Response codes and errors; Rate limits."""

    account: Account

    def failure(self, call: Call, reply: Reply, now: datetime) -> AnalyticsSyncError | None:
        if reply.status == 200:
            return None
        problem = _problem(reply)
        match reply.status:
            case 401:
                return _clock_wrong(call, reply, now) or CredentialRefused(
                    "X refused the token (401): it is wrong, expired or revoked.",
                    hint="Log in again (`analytics-sync account connect`), or add the account "
                    "again with a fresh token (`analytics-sync account add`).",
                )
            case 402:
                return PlatformStopped(
                    f"X: the developer account has no credits left (402). {_words(problem)}".strip(),
                    hint="Buy credits in the X developer portal; the next run goes on by itself.",
                    code=ErrorCode.CREDITS_DEPLETED,
                )
            case 403:
                return self._forbidden(problem)
            case 429:
                return self._too_many(call, reply, problem, now)
            case 400 | 404:
                return Refused(
                    f"{call.label}: X refused the request ({reply.status}). {_words(problem)}",
                    status=reply.status,
                    reason=_kind(problem),
                    detail=_words(problem),
                )
        failure = default_failure(call, reply, now)
        return failure if isinstance(failure, AnalyticsSyncError) else None

    def limits(self, call: Call, reply: Reply, now: datetime) -> Iterator[Limit]:
        for prefix, bucket in self._groups(call):
            remaining = as_count(reply.headers.get(f"{prefix}-remaining"))
            resets_at = _reset(reply, prefix, now)
            if remaining is None and resets_at is None:
                continue
            yield Limit(
                bucket=bucket,
                limit=as_count(reply.headers.get(f"{prefix}-limit")),
                remaining=remaining,
                resets_at=resets_at,
                stop_until=resets_at if remaining == 0 else None,
            )

    def _groups(self, call: Call) -> tuple[tuple[str, str], ...]:
        """Header groups with the bucket that each is about."""
        return (
            ("x-rate-limit", call.buckets[0]),
            ("x-user-limit-24hour", credential_bucket(self.account)),
            ("x-app-limit-24hour", app_bucket(self.account)),
        )

    def _too_many(
        self, call: Call, reply: Reply, problem: Mapping[str, Any], now: datetime
    ) -> AnalyticsSyncError:
        if _kind(problem) == "usage-capped" or problem.get("title") == "UsageCapExceeded":
            # The day on which the cap begins anew is not told to user tokens: ask once a day.
            return BudgetSpent(
                f"X: the plan's cap of posts read is reached. {_words(problem)}".strip(),
                until=next_utc_midnight(now),
                bucket=app_bucket(self.account),
                hint="A larger plan lifts the cap; otherwise it begins anew with the period.",
                code=ErrorCode.USAGE_CAPPED,
            )
        spent = [
            (resets_at, bucket)
            for prefix, bucket in self._groups(call)
            if as_count(reply.headers.get(f"{prefix}-remaining")) == 0
            and (resets_at := _reset(reply, prefix, now)) is not None
        ]
        told = parse_retry_after(reply.headers.get("retry-after"), now)
        if told is not None:
            spent.append((told, call.buckets[0]))
        until, bucket = max(spent, default=(now + UNTOLD_WAIT, call.buckets[0]))
        return RateLimited(
            f"{call.label}: X asks to wait until {until:%H:%M:%S} UTC (429).",
            until=until,
            bucket=bucket,
            hint="Nothing to do: a later run goes on by itself.",
        )

    def _forbidden(self, problem: Mapping[str, Any]) -> AnalyticsSyncError:
        kind, words = _kind(problem), _words(problem)
        if kind == "unsupported-authentication" or problem.get("title") == (
            "Unsupported Authentication"
        ):
            return AccountRefused(
                f"X does not take this kind of token here (403). {words}".strip(),
                hint="Use a user access token (OAuth 2.0, scopes tweet.read users.read).",
            )
        if "spend" in f"{kind} {problem.get('title')} {words}".lower():
            return PlatformStopped(
                f"X: the spending limit of the developer account is reached (403). {words}".strip(),
                hint="Raise the limit in the X developer portal, or wait for the next cycle.",
                code=ErrorCode.SPENDING_LIMIT,
            )
        if kind == "client-forbidden" or problem.get("reason") == "client-not-enrolled":
            return PlatformStopped(
                f"X: the developer app has no access to the API v2 (403). {words}".strip(),
                hint=f"Attach it to a project: {problem.get('registration_url') or 'see the portal'}",
            )
        return AccountRefused(
            f"X: this token may not read this account (403). {words}".strip(),
            hint="Check that the token has the scopes tweet.read and users.read.",
        )


def _clock_wrong(call: Call, reply: Reply, now: datetime) -> AccountRefused | None:
    """A signed request is refused as a dead token is when its time is not X's."""
    theirs = _date(reply)
    is_signed = call.headers.get("Authorization", "").startswith("OAuth ")
    if not is_signed or theirs is None or abs(theirs - now) < SIGNED_TIME_OFF:
        return None
    return AccountRefused(
        f"X refused a signed request (401), and this machine's clock shows {now:%Y-%m-%d %H:%M} "
        f"UTC where X's shows {theirs:%Y-%m-%d %H:%M}.",
        hint="Set the clock: X takes signatures of OAuth 1.0a for about five minutes.",
        code=ErrorCode.CONFIGURATION,
    )


def _problem(reply: Reply) -> Mapping[str, Any]:
    """The error body; empty when it is none (HTML of a proxy, nothing)."""
    try:
        told = read_json(reply.body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _kind(problem: Mapping[str, Any]) -> str:
    """The problem type's last path segment: its base differs between the dialects."""
    return str(problem.get("type", "")).rstrip("/").rsplit("/", 1)[-1]


def _words(problem: Mapping[str, Any]) -> str:
    """X's own text, for people."""
    errors = problem.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    told = (first.get("message"), *map(problem.get, ("detail", "title", "message")))
    text = next(filter(None, told), "")
    return str(text)[:300]


def _reset(reply: Reply, prefix: str, now: datetime) -> datetime | None:
    """When the window begins anew, on our clock, with a little to spare."""
    seconds = as_count(reply.headers.get(f"{prefix}-reset"))
    if seconds is None or not 0 < seconds < 32_503_680_000:
        return None
    reset = datetime.fromtimestamp(seconds, UTC) + CLOCK_SKEW
    theirs = _date(reply)
    if theirs is not None and abs(theirs - now) > WORTH_CORRECTING:
        reset += now - theirs
    return reset


def _date(reply: Reply) -> datetime | None:
    try:
        date = parsedate_to_datetime(reply.headers.get("date", ""))
    except (ValueError, TypeError, IndexError):
        return None
    return date.astimezone(UTC) if date.tzinfo else None
