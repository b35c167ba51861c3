"""How LinkedIn says no: by status, then `code`, then `serviceErrorCode`, never by its words."""

import logging
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self

from analytics_sync.clock import next_utc_midnight
from analytics_sync.domain.metrics import as_count
from analytics_sync.errors import (
    AccountRefused,
    AnswerNotUnderstood,
    CredentialRefused,
    PlatformStopped,
    RateLimited,
    Refused,
    Temporary,
)
from analytics_sync.platforms._linkedin.calls import POSTS, STATISTICS, endpoint_of
from analytics_sync.transport.call import Call, Limit, Reply
from analytics_sync.transport.statuses import default_failure

logger = logging.getLogger(__name__)

# A 429 may be short protection of LinkedIn's servers: over after about 35 s, by users' reports.
BURST: Final = timedelta(seconds=45)

# So many seconds a new token may be called revoked after a refresh ("some", by users' reports).
REFRESH_LAG: Final = 5.0

_TRACES: Final = ("x-li-uuid", "x-li-fabric", "x-li-request-id")
_CONNECT_AGAIN: Final = (
    "Log in again (`analytics-sync account connect`), or add the account again with a new token "
    "(`analytics-sync account add`). Its history is kept."
)
_TOKEN_WORDS: Final = {
    65600: "the token is not valid",
    65601: "the member withdrew the consent",
    65602: "the token has expired (LinkedIn's live 60 days)",
    401: "no token arrived",
}
_TOKEN_CODES: Final = {
    "INVALID_ACCESS_TOKEN": 65600,
    "REVOKED_ACCESS_TOKEN": 65601,
    "EXPIRED_ACCESS_TOKEN": 65602,
}
_REVOKED: Final = 65601

# One call, recognised when it is sent again.
_Key = tuple[str, str, bytes | None]


class InputRefused(Refused):
    """A refused call; `field` is the path of the parameter at fault, where LinkedIn names it."""

    field: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """An error body (LinkedIn docs: Error Handling), as far as it says anything."""

    code: str = ""
    service_code: int | None = None
    message: str = ""
    input_code: str = ""
    field: str = ""
    trace: str = ""

    @classmethod
    def of(cls, reply: Reply) -> Self:
        body = _body(reply)
        at_fault = _first_input(body)
        path = _dict(_dict(at_fault.get("input")).get("inputPath"))
        return cls(
            code=_text(body.get("code")),
            service_code=as_count(body.get("serviceErrorCode")),
            message=_text(body.get("message")),
            input_code=_text(at_fault.get("code")),
            field=_text(path.get("fieldPath")),
            trace=" ".join(
                f"{name}={reply.headers[name]}" for name in _TRACES if name in reply.headers
            ),
        )

    @property
    def reason(self) -> str:
        """What to branch on and to name."""
        return self.input_code or self.code or str(self.service_code or "")

    @property
    def told(self) -> str:
        """For people: codes, LinkedIn's words, and the ids by which its support finds the call."""
        parts = (self.reason, self.field, self.message, self.trace)
        return ", ".join(part for part in parts if part)


class LinkedInRules:
    """The rules of one account in one run (LinkedIn docs: Error Handling, API Rate Limiting).

    Three things are remembered over the run, because LinkedIn says them only by repetition: until
    when calls that met a 429 rest, which endpoints met another one after it, and which calls met a
    revoked token.
    """

    def __init__(self, version: str) -> None:
        self.version = version
        self._resting: dict[_Key, datetime] = {}
        self._spent: set[str] = set()
        self._revoked: set[_Key] = set()

    def failure(self, call: Call, reply: Reply, now: datetime) -> Exception | None:
        if reply.status < 300:
            # An answer after the rest proves that the 429 before it was no daily quota.
            self._resting.pop(_key(call), None)
            return None
        problem = Problem.of(reply)
        logger.debug("%s: HTTP %d: %s", call.label, reply.status, problem.told)
        return self._refined(call, reply, problem, now) or default_failure(call, reply, now)

    def limits(self, call: Call, reply: Reply, now: datetime) -> Iterable[Limit]:
        """LinkedIn tells no limits in headers; a daily quota found spent is kept."""
        if reply.status == 429 and self._is_daily(call, now):
            limited = self._quota_spent(call, Problem.of(reply), now)
            return (Limit(bucket=limited.bucket, stop_until=limited.until),)
        return ()

    def _refined(
        self, call: Call, reply: Reply, problem: Problem, now: datetime
    ) -> Exception | None:
        match reply.status:
            case 401:
                return self._token_refused(call, problem)
            case 403 if _is_about_whole_page(call):
                return _role_missing(call, problem)
            case 408 | 425:
                return None
            case 426:
                return self._version_gone(problem)
            case 429:
                return self._limited(call, problem, now)
            case 400 if problem.code == "VERSION_MISSING":
                return _version_lost(problem)
            case status if 400 <= status < 500:
                return self._refused(call, status, problem)
        return None

    def _token_refused(self, call: Call, problem: Problem) -> Exception:
        code = _TOKEN_CODES.get(problem.code) or problem.service_code or 0
        if code == _REVOKED and _key(call) not in self._revoked:
            # For some seconds after a refresh this is said of the new token too.
            self._revoked.add(_key(call))
            return Temporary(
                f"{call.label}: LinkedIn calls the token revoked: {problem.told}",
                least_wait=REFRESH_LAG,
            )
        words = _TOKEN_WORDS.get(code, "LinkedIn refuses the token")
        return CredentialRefused(
            f"LinkedIn: {words} (HTTP 401: {problem.told or 'no reason given'})",
            hint=_CONNECT_AGAIN,
        )

    def _version_gone(self, problem: Problem) -> PlatformStopped:
        return PlatformStopped(
            f"LinkedIn no longer serves its API version {self.version}, or never did "
            f"(HTTP 426: {problem.told or 'no reason given'}).",
            hint="Set `version` under [platforms.linkedin] in config.toml to a newer month, as "
            "YYYYMM; LinkedIn's page Migrations lists them. `analytics-sync config path` names "
            "the file.",
            code="version_expired",
        )

    def _refused(self, call: Call, status: int, problem: Problem) -> Refused:
        hint = ""
        if status == 404 and endpoint_of(call) == POSTS:
            hint = "There is no such post, or no longer."
        elif status == 404:
            hint = f"API version {self.version} may be too old for this call: see `version`."
        refused = InputRefused(
            f"LinkedIn refused {call.label} (HTTP {status}: {problem.told or 'no reason given'})",
            status=status,
            reason=problem.reason,
            detail=problem.told,
            hint=hint,
        )
        refused.field = problem.field
        return refused

    def _limited(self, call: Call, problem: Problem, now: datetime) -> RateLimited:
        if self._is_daily(call, now):
            self._spent.add(call.buckets[0])
            return self._quota_spent(call, problem, now)
        until = self._resting.setdefault(_key(call), now + BURST)
        return RateLimited(
            f"{call.label}: LinkedIn wants fewer calls for now (HTTP 429: {problem.told})",
            until=until,
            bucket=call.buckets[0],
            hint="The next run goes on by itself.",
        )

    def _is_daily(self, call: Call, now: datetime) -> bool:
        """Whether a first rest did not help: then it is the quota of this UTC day.

        Judged call by call: those under way together meet the same burst.
        """
        rested_until = self._resting.get(_key(call))
        has_rested = rested_until is not None and now >= rested_until
        return has_rested or call.buckets[0] in self._spent

    def _quota_spent(self, call: Call, problem: Problem, now: datetime) -> RateLimited:
        # The words are only a hint at whose quota it is; they decide nothing else.
        bucket = call.buckets[1 if "APPLICATION" in problem.message.upper() else 0]
        return RateLimited(
            f"{call.label}: LinkedIn's quota of this UTC day is spent (HTTP 429: {problem.told})",
            until=next_utc_midnight(now) + _jitter(bucket),
            bucket=bucket,
            hint="Quotas begin anew at 00:00 UTC; the first run after it goes on by itself. Fewer "
            "runs a day, or a smaller `posts_per_sync`, keep below it.",
        )


def _is_about_whole_page(call: Call) -> bool:
    """Statistics of no list of posts, so that no single post can be at fault."""
    return endpoint_of(call) == STATISTICS and call.body is None and "List(" not in call.url


def _key(call: Call) -> _Key:
    return (call.buckets[0], call.url, call.body)


def _role_missing(call: Call, problem: Problem) -> AccountRefused:
    return AccountRefused(
        f"LinkedIn refused {call.label} (HTTP 403: {problem.told or 'no reason given'})",
        hint="The token's member must be an administrator of the page (role ADMINISTRATOR), and "
        "the token needs the scope rw_organization_admin.",
    )


def _version_lost(problem: Problem) -> PlatformStopped:
    return PlatformStopped(
        f"LinkedIn says that no header LinkedIn-Version arrived (HTTP 400: {problem.told}).",
        hint="It is sent with every call: a proxy on the way to LinkedIn takes it out.",
    )


def _jitter(bucket: str) -> timedelta:
    """5 to 300 s, the same for a bucket each time, so that not all begin in one second."""
    return timedelta(seconds=5 + zlib.crc32(bucket.encode()) % 296)


def _body(reply: Reply) -> dict[str, Any]:
    try:
        return _dict(reply.json())
    except AnswerNotUnderstood:
        return {}


def _first_input(body: dict[str, Any]) -> dict[str, Any]:
    inputs = _dict(body.get("errorDetails")).get("inputErrors")
    return _dict(inputs[0]) if isinstance(inputs, list) and inputs else {}


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    """One line of at most 300 letters; empty for everything that is not text."""
    return " ".join(value.split())[:300] if isinstance(value, str) else ""
