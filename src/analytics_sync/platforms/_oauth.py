"""OAuth 2.0 as every log-in speaks it: the form that is posted, how its answer is judged and read.

Sources: RFC 6749 (sections 4.1.3, 5 and 6), RFC 7009 (revocation), RFC 7636 (PKCE); what the
platforms do otherwise is said where it is handled.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final
from urllib.parse import quote, urlencode

from analytics_sync.domain.credentials import App
from analytics_sync.errors import (
    AnalyticsSyncError,
    ConfigurationInvalid,
    CredentialRefused,
    Refused,
    WrongUsage,
)
from analytics_sync.logs import redact, redacted
from analytics_sync.platforms._oauth_answers import (
    SECRET_FIELDS,
    missing_of,
    moment_of,
    object_in,
    scopes_of,
    span_of,
    text_in,
    token_of,
)
from analytics_sync.transport.call import Call, Limit, Reply, read_json
from analytics_sync.transport.retry_after import parse_retry_after
from analytics_sync.transport.statuses import USUAL_WINDOW, default_failure

__all__ = [
    "OAuthRules",
    "Step",
    "address",
    "basic",
    "beside",
    "challenge_of",
    "form_call",
    "missing_of",
    "moment_of",
    "object_in",
    "scopes_of",
    "secret_of",
    "span_of",
    "token_of",
]

# The grant itself is dead: it was used, has expired, or was withdrawn.
_DEAD: Final = frozenset({"invalid_grant", "invalid_request"})
# Said of the app, whatever its grants are (RFC 6749, section 5.2).
_CLIENT: Final = frozenset({"invalid_client", "unauthorized_client", "invalid_client_id"})
_CONNECT: Final = "Log in again: `analytics-sync account connect`."


class Step(Enum):
    """What a request to the authorization server is for, in words; it decides what a no means."""

    EXCHANGE = "log-in"
    RENEW = "renewal"
    INSPECT = "inspection"
    REVOKE = "revocation"


def form_call(
    url: str,
    fields: Mapping[str, str],
    *,
    app: App,
    label: str,
    repeatable: bool,
    headers: Mapping[str, str] | None = None,
) -> Call:
    """A form posted to the authorization server. What is secret in it is kept out of all logs.

    Its call budget is the app's at that server alone: a token endpoint that wants a rest is no
    reason to stop reading numbers.
    """
    for name in SECRET_FIELDS:
        redact(fields.get(name, ""))
    return Call(
        url=url,
        label=label,
        method="POST",
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            **(headers or {}),
        },
        body=urlencode(fields, errors="replace").encode("ascii"),
        buckets=(f"{app.platform}:app:{app.id or 0}:oauth",),
        repeatable=repeatable,
    )


def basic(app: App, secret: str) -> dict[str, str]:
    """The header by which a confidential client shows who it is."""
    pair = base64.b64encode(f"{app.client_id}:{secret}".encode()).decode()
    redact(secret)
    redact(pair)
    return {"Authorization": f"Basic {pair}"}


def secret_of(app: App) -> str:
    """The app's client secret.

    :raises ConfigurationInvalid: it has none.
    """
    if not app.client_secret:
        raise ConfigurationInvalid(
            [f"{_named(app)} has no client secret, and {app.platform} wants one."],
            hint=_APP_HINT.format(platform=app.platform),
        )
    redact(app.client_secret)
    return app.client_secret


def address(url: str, parameters: Mapping[str, str]) -> str:
    """The address at which a person logs in; spaces as %20, which every platform reads."""
    joint = "&" if "?" in url else "?"
    return f"{url}{joint}{urlencode(parameters, quote_via=quote)}"


def beside(token_url: str, name: str) -> str:
    """Another address of the authorization server, beside that of its tokens."""
    return f"{token_url.rstrip('/').rpartition('/')[0]}/{name}"


def challenge_of(verifier: str) -> str:
    """PKCE's S256 challenge of a verifier (RFC 7636, section 4.2)."""
    redact(verifier)
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class OAuthRules:
    """Judges the authorization server's answers by what must happen next.

    `title`: the platform's. `step`: what was asked. `code_lifetime`: said where a code is refused.
    """

    title: str
    app: App
    step: Step
    code_lifetime: timedelta = timedelta(minutes=10)

    def failure(self, call: Call, reply: Reply, now: datetime) -> Exception | None:
        problem = _problem(reply)
        error = text_in(problem.get("error"))
        if reply.status < 300 and not error:
            return None
        if reply.status not in {408, 425, 429} and reply.status < 500:
            told = _told(problem) or f"HTTP {reply.status}"
            if error in _CLIENT or (reply.status == 401 and problem):
                return self._app_refused(told)
            if "redirect_uri" in error:
                return _address_refused(self.title, told)
            if error in _DEAD:
                return self._missing(call, reply, problem) or self._dead(told)
            if error or reply.status >= 400:
                return self._refused(call, reply, told)
        return default_failure(call, reply, now)

    def limits(self, call: Call, reply: Reply, now: datetime) -> Iterable[Limit]:
        if reply.status != 429:
            return ()
        until = parse_retry_after(reply.headers.get("retry-after"), now) or now + USUAL_WINDOW
        return (Limit(bucket=call.buckets[0], stop_until=until),)

    def _dead(self, told: str) -> AnalyticsSyncError:
        if self.step is Step.EXCHANGE:
            seconds = int(self.code_lifetime.total_seconds())
            lives = f"{seconds // 60} minutes" if seconds >= 120 else f"{seconds} seconds"
            return WrongUsage(
                f"{self.title} does not take the code of this log-in: it is too old, was used "
                f"already, or was made for another app or address ({told}).",
                hint=f"{_CONNECT} {self.title}'s codes live {lives} and work once.",
                code="code_refused",
            )
        return CredentialRefused(
            f"{self.title} no longer takes this log-in: it was withdrawn, has ended, or was renewed "
            f"by another program ({told}).",
            hint=f"{_CONNECT} The history of its accounts is kept.",
        )

    def _missing(
        self, call: Call, reply: Reply, problem: Mapping[str, Any]
    ) -> AnalyticsSyncError | None:
        """A request in which the server misses something says nothing about the grant."""
        words = text_in(problem.get("error_description")).lower()
        if "missing" not in words and "content-type" not in words:
            return None
        if "client" in words or "authorization header" in words:
            return self._app_refused(_told(problem))
        return self._refused(call, reply, _told(problem))

    def _app_refused(self, told: str) -> ConfigurationInvalid:
        return ConfigurationInvalid(
            [f"{self.title} does not take {_named(self.app)}: {told}."],
            hint=_APP_HINT.format(platform=self.app.platform),
        )

    def _refused(self, call: Call, reply: Reply, told: str) -> Refused:
        return Refused(
            f"{call.label}: {self.title} refused (HTTP {reply.status}: {told}).",
            status=reply.status,
            reason=told.partition(":")[0],
            detail=told,
            hint=f"If it stays so, check platforms.{self.app.platform}.token_url, and whether a "
            "proxy stands in between.",
        )


_APP_HINT: Final = (
    "Check platforms.{platform}.client_id and client_secret against the app's page at the "
    "platform; an app of its own is kept with `analytics-sync app add {platform}`."
)


def _named(app: App) -> str:
    which = "the default app" if app.id is None else f"app {app.id} ({app.name!r})"
    return f"{which}, client id {app.client_id!r},"


def _address_refused(title: str, told: str) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        [f"{title} does not take the redirect address: {told}."],
        hint="Register it with the app to the letter; redirect_uri under [platforms] sets another.",
    )


def _problem(reply: Reply) -> Mapping[str, Any]:
    """The body as an object; empty where it is none (HTML of a proxy, nothing)."""
    try:
        told = read_json(reply.body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _told(problem: Mapping[str, Any]) -> str:
    """The server's own words in one line, without secrets that it may have echoed."""
    names = ("error_description", "detail", "message")
    description = next((problem[name] for name in names if problem.get(name)), "")
    words = ": ".join(filter(None, map(text_in, (problem.get("error"), description))))
    return redacted(" ".join(words.split()))[:300].rstrip(".")
