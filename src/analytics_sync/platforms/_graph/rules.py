"""How the Graph API says no and tells its limits (Meta docs: Handling Errors, Rate Limits)."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from analytics_sync.errors import AccountRefused, CredentialRefused, RateLimited, Refused, Temporary
from analytics_sync.platforms._graph.batch_items import item_replies
from analytics_sync.platforms._graph.errors import (
    BLOCKED,
    PERMANENT,
    THROTTLED,
    TOKEN_DEAD,
    TRANSIENT,
    GraphError,
    graph_error,
)
from analytics_sync.platforms._graph.usage import (
    APP_USAGE,
    PAGE_USAGE,
    WAIT,
    Usage,
    business_usage,
    plain_usage,
)
from analytics_sync.transport.call import Call, Limit, Reply
from analytics_sync.transport.statuses import default_failure

logger = logging.getLogger(__name__)

BLOCKED_FOR: Final = timedelta(days=1)
VERSION_HEADER: Final = "facebook-api-version"

# Throttles that count on the application or on the token; all others on the page or account.
_APP_CODES: Final = frozenset([4, 341])
_TOKEN_CODES: Final = frozenset([17, 32])

_CONNECT_AGAIN = (
    "Connect it again: `analytics-sync account connect`, or `account add` with a new token."
)
_DEAD_TOKENS: Final = {
    458: ("the person removed the app", _CONNECT_AGAIN),
    459: ("the person must clear a security check", "Let them log in at facebook.com first."),
    460: ("the person's password was changed", _CONNECT_AGAIN),
    463: ("the token has expired", _CONNECT_AGAIN),
    464: ("the person's log-in is not confirmed", "Let them log in at facebook.com first."),
    467: ("the token is no longer valid", _CONNECT_AGAIN),
    492: (
        "the person lost the role on the Page",
        "Give them the role back, then connect again: a new token alone does not help.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphRules:
    """The rules of one account.

    `usage_type`: the entries of `X-Business-Use-Case-Usage` that concern it ("pages",
    "instagram"). `version`: the pinned Graph version ("v26.0").
    """

    title: str
    version: str
    usage_type: str
    account_bucket: str
    credential_bucket: str
    app_bucket: str

    def failure(self, call: Call, reply: Reply, now: datetime) -> Exception | None:
        """By the body's codes; the HTTP status decides only where the body says nothing."""
        error = graph_error(reply, secrets_of(call))
        if error is None:
            return default_failure(call, reply, now)
        if error.code in TOKEN_DEAD:
            return self._token_dead(error)
        if error.code in THROTTLED:
            return self._throttled(error, reply, now)
        if error.code == BLOCKED:
            return self._blocked(error)
        if error.wants_less:
            return self._refused(call, error)
        return self._one_call(call, error) or self._unknown(call, reply, error, now)

    def limits(self, call: Call, reply: Reply, now: datetime) -> Iterable[Limit]:
        """From the headers of the answer, and of each item where it answers a batch."""
        for part in (reply, *item_replies(reply)):
            heed_version(self.version, part.headers.get(VERSION_HEADER, self.version))
            yield from self._usage_limits(part, now)
            yield from self._refusal_limits(call, part, now)

    def _usage_limits(self, reply: Reply, now: datetime) -> Iterator[Limit]:
        told = (
            (self.account_bucket, self._business(reply)),
            (self.account_bucket, plain_usage(reply.headers, PAGE_USAGE)),
            (self.app_bucket, plain_usage(reply.headers, APP_USAGE)),
        )
        yield from (limit for bucket, usage in told if (limit := usage.limit(bucket, now)))

    def _refusal_limits(self, call: Call, reply: Reply, now: datetime) -> Iterator[Limit]:
        """A throttle and a block are kept, so that the next process obeys them too."""
        error = graph_error(reply, secrets_of(call))
        if error is not None and error.code in THROTTLED:
            throttled = self._throttled(error, reply, now)
            yield Limit(bucket=throttled.bucket, stop_until=throttled.until)
        elif error is not None and error.code == BLOCKED:
            yield Limit(
                bucket=self.credential_bucket,
                stop_until=now + BLOCKED_FOR,
                reason=f"{self.title} has blocked this connection",
            )

    def _business(self, reply: Reply) -> Usage:
        return business_usage(reply.headers, self.usage_type)

    def _token_dead(self, error: GraphError) -> CredentialRefused:
        words, hint = why_dead(error)
        return CredentialRefused(f"{self.title}: {words}: {error.told}", hint=hint)

    def _throttled(self, error: GraphError, reply: Reply, now: datetime) -> RateLimited:
        """Calling on lengthens the block, so at least an hour's rest."""
        return RateLimited(
            f"{self.title} allows no more calls for now: {error.told}",
            until=now + max(self._business(reply).estimate, WAIT),
            bucket=self._throttled_bucket(error.code, reply),
            hint="The next run after that time goes on by itself.",
        )

    def _throttled_bucket(self, code: int, reply: Reply) -> str:
        """The page or account also for an application's code, when its own headers explain it."""
        business, app = self._business(reply), plain_usage(reply.headers, APP_USAGE)
        if code in _APP_CODES and not (business.is_spent and not app.is_spent):
            return self.app_bucket
        return self.credential_bucket if code in _TOKEN_CODES else self.account_bucket

    def _blocked(self, error: GraphError) -> AccountRefused:
        return AccountRefused(
            f"{self.title} has blocked this connection for a while: {error.told}",
            hint="It is left alone for a day. Look for a notice at facebook.com.",
            code="account_blocked",
        )

    def _one_call(self, call: Call, error: GraphError) -> Exception | None:
        """A failure of this call alone; None where neither code nor flag is known."""
        if error.blames_proof:
            return self._wrong_secret(error)
        if error.code in PERMANENT and not error.transient:
            return self._refused(call, error)
        if error.transient or error.code in TRANSIENT or error.status >= 500:
            return Temporary(f"{call.label}: {self.title} has trouble: {error.told}")
        return None

    def _unknown(
        self, call: Call, reply: Reply, error: GraphError, now: datetime
    ) -> Exception | None:
        """An undocumented code: two statuses are clear enough by themselves."""
        by_status = default_failure(call, reply, now) if error.status in {401, 429} else None
        return by_status or self._refused(call, error)

    def _wrong_secret(self, error: GraphError) -> AccountRefused:
        return AccountRefused(
            f"{self.title} does not accept the proof made with the app's secret: {error.told}",
            hint="Check that client_secret belongs to the app that this token was issued for.",
            code="configuration",
        )

    def _refused(self, call: Call, error: GraphError) -> Refused:
        return Refused(
            f"{call.label}: refused: {error.told}",
            status=error.status,
            reason=error.reason,
            detail=error.message,
        )


def why_dead(error: GraphError) -> tuple[str, str]:
    """Why a token died, in words, and what to do."""
    return _DEAD_TOKENS.get(error.subcode, ("the token is refused", _CONNECT_AGAIN))


def secrets_of(call: Call) -> tuple[str, ...]:
    """The token that this call carries."""
    scheme, _, token = call.headers.get("Authorization", "").partition(" ")
    return (token,) if scheme == "Bearer" else ()


@cache
def heed_version(pinned: str, served: str) -> None:
    """Warn, once in a process, when another version answers than the one asked for.

    A version past its end is not refused: the oldest usable one answers instead.
    """
    if served != pinned:
        logger.warning(
            "The Graph API answered as version %s, not %s: set graph_version to a version in use.",
            served,
            pinned,
        )
