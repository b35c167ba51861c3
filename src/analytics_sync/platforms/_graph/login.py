"""What Meta's two log-ins share: how they ask, and what a refused log-in means.

Sources: Meta docs, Long-Lived Access Tokens; Access Token and Refresh Access Token (Instagram
Platform); Handling Errors.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from analytics_sync.clock import iso
from analytics_sync.domain.records import Account
from analytics_sync.errors import ConfigurationInvalid
from analytics_sync.logs import redact
from analytics_sync.platforms._asking import Inquiry, nobody
from analytics_sync.platforms._contract import app_bucket, credential_bucket
from analytics_sync.platforms._graph.errors import GraphError, graph_error
from analytics_sync.platforms._graph.requests import Graph
from analytics_sync.platforms._graph.rules import GraphRules
from analytics_sync.platforms._login import Talk
from analytics_sync.platforms._oauth import OAuthRules, Step
from analytics_sync.transport.call import Call, Limit, Reply, read_json

# How long a code can be exchanged. Instagram's are said to live longer; it works for both.
CODE_LIFETIME: Final = timedelta(minutes=10)

_APP_REMOVED: Final = 458
_INVALID_APP: Final = 101
_CODE_REFUSED: Final = frozenset([36007, 36009])
_ADDRESS_REFUSED: Final = 36008
_APP_WORDS: Final = ("client secret", "client_secret", "client_id", "platform app", "app id")
_CODE_WORDS: Final = ("verification code", "authorization code", "matching code")


def rules_of(talk: Talk, title: str, usage_type: str, account: Account | None = None) -> GraphRules:
    """How the Graph API's answers to a log-in are judged."""
    about = account or nobody(talk)
    return GraphRules(
        title=title,
        version=talk.settings.text("graph_version"),
        usage_type=usage_type,
        account_bucket=_bucket(talk),
        credential_bucket=credential_bucket(about),
        app_bucket=app_bucket(about),
    )


def graph_of(talk: Talk, token: str, rules: GraphRules, *, secret: str | None) -> Graph:
    """A way to the Graph API with this token, which no log shows from now on."""
    redact(token)
    asking = Inquiry(nobody(talk), token, talk.settings, talk.clock, talk.sender, rules)
    return Graph(
        asking,
        base_url=talk.settings.base_url,
        version=rules.version,
        account_bucket=_bucket(talk),
        secret=secret,
    )


def _bucket(talk: Talk) -> str:
    return f"{talk.app.platform}:log-in:{talk.app.id or 0}"


@dataclass(frozen=True, slots=True)
class MetaOAuthRules:
    """Judges the token endpoints, which refuse in the Graph API's words and codes.

    Where the refusal is of the code, the address or the app, `oauth` finds the words. `secrets`
    are cut out of whatever the platform echoes.
    """

    oauth: OAuthRules
    graph: GraphRules
    secrets: tuple[str, ...] = field(repr=False)

    def failure(self, call: Call, reply: Reply, now: datetime) -> Exception | None:
        error = graph_error(reply, self.secrets) or _flat_error(reply, self.secrets)
        if error is None:
            return self.graph.failure(call, reply, now)
        if _is_ineligible(error) and self.oauth.step is Step.EXCHANGE:
            return self._ineligible(error)
        name = self._standard_name(error)
        if name is not None:
            said = {"error": name, "error_description": error.message}
            reply = replace(reply, status=400, body=json.dumps(said).encode())
            return self.oauth.failure(call, reply, now)
        # Told anew, because the body may repeat what was sent.
        told = {"code": error.code, "error_subcode": error.subcode, "message": error.message}
        body = json.dumps({"error": {**told, "is_transient": error.transient}}).encode()
        return self.graph.failure(call, replace(reply, body=body), now)

    def limits(self, call: Call, reply: Reply, now: datetime) -> Iterable[Limit]:
        return self.graph.limits(call, reply, now)

    def _standard_name(self, error: GraphError) -> str | None:
        """What RFC 6749 calls this refusal; None where it is none of the log-in itself."""
        words = error.message.lower()
        if error.code == _INVALID_APP or any(some in words for some in _APP_WORDS):
            return "invalid_client"
        if error.subcode == _ADDRESS_REFUSED or "redirect_uri" in words or "redirect uri" in words:
            return "redirect_uri_mismatch"
        if self.oauth.step is not Step.EXCHANGE:
            return None
        of_code = error.subcode in _CODE_REFUSED or any(some in words for some in _CODE_WORDS)
        return "invalid_grant" if of_code else None

    def _ineligible(self, error: GraphError) -> ConfigurationInvalid:
        return ConfigurationInvalid(
            [f"{self.oauth.title} gives this account no lasting token: {error.told}"],
            hint="While the app is in development, the account must be one of its testers and have "
            "accepted that; and it must be a professional account (business or creator).",
        )


def _is_ineligible(error: GraphError) -> bool:
    """Instagram's words for an account that the app may not log in (seen by many)."""
    return error.code == 100 and error.message.startswith("Unsupported request - method type")


def _flat_error(reply: Reply, secrets: tuple[str, ...]) -> GraphError | None:
    """`{"error_type", "code", "error_message"}`, as api.instagram.com refuses."""
    if b'"error_message"' not in reply.body:
        return None
    try:
        told = read_json(reply.body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or not isinstance(told.get("error_message"), str):
        return None
    # Its code is the HTTP status, not one of the Graph API's.
    said: Mapping[str, Any] = {"code": 100, "message": told["error_message"]}
    return GraphError.of(said, reply.status, secrets)


@dataclass(frozen=True, slots=True)
class RemovalRules:
    """Judges the answer to the removal of an app: that it is removed already is no failure."""

    graph: GraphRules

    def failure(self, call: Call, reply: Reply, now: datetime) -> Exception | None:
        error = graph_error(reply)
        is_removed = error is not None and error.subcode == _APP_REMOVED
        return None if is_removed else self.graph.failure(call, reply, now)

    def limits(self, call: Call, reply: Reply, now: datetime) -> Iterable[Limit]:
        return self.graph.limits(call, reply, now)


def is_removed(reply: Reply) -> bool:
    """Whether an answer says that the app is removed, now or before.

    :raises AnswerNotUnderstood: it is not JSON.
    """
    told = reply.json()
    done = told is True or (isinstance(told, dict) and told.get("success") is True)
    return done or graph_error(reply) is not None


def when(moment: datetime) -> str:
    """A moment as the notes of an inspection tell it."""
    return iso(moment.replace(microsecond=0))
