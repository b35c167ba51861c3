"""Builds and sends Graph API requests for one account, for Facebook and Instagram alike."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Protocol
from urllib.parse import quote, urlencode

from analytics_sync.clock import Clock
from analytics_sync.domain.records import Account
from analytics_sync.errors import AnswerNotUnderstood
from analytics_sync.platforms._contract import app_bucket, credential_bucket
from analytics_sync.transport.call import Call, Reply, Rules

Params = Mapping[str, str | int]


class Way(Protocol):
    """What a request is made of and goes out by: of an account in a run, or of a log-in."""

    @property
    def account(self) -> Account: ...
    @property
    def token(self) -> str: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def rules(self) -> Rules: ...

    async def send(self, call: Call) -> Reply: ...


# Left readable in queries: lists, nested fields and their parameters.
_READABLE: Final = ",().:"


@dataclass(frozen=True, slots=True)
class Graph:
    """One account's way to the Graph API.

    `base_url` is the host without the version ("https://graph.facebook.com"). `secret` is the
    application's, where each request must be proven with it. `account_bucket` is the call budget
    of the page or professional account.
    """

    context: Way
    base_url: str
    version: str
    account_bucket: str
    secret: str | None = field(default=None, repr=False)

    @property
    def buckets(self) -> tuple[str, ...]:
        account = self.context.account
        return (self.account_bucket, credential_bucket(account), app_bucket(account))

    async def get(self, path: str, params: Params, label: str) -> dict[str, Any]:
        """One object or one page of a listing.

        :raises AnswerNotUnderstood: the answer is not a JSON object.
        """
        return json_object(await self.context.send(self.get_call(path, params, label)), label)

    def get_call(self, path: str, params: Params, label: str) -> Call:
        """A GET with the token in its header, so that no URL and no log holds it."""
        return Call(
            url=f"{self._root}{relative_url(path, {**params, **self._proof()})}",
            label=label,
            headers=self._headers(),
            buckets=self.buckets,
        )

    def batch_call(self, relative_urls: Sequence[str], label: str) -> Call:
        """One POST that asks for up to 50 relative URLs; each counts as one call.

        The form repeats the token, which Meta wants "at top level" of every batch. Headers of the
        items are wanted because usage is told there.
        """
        items = [{"method": "GET", "relative_url": url} for url in relative_urls]
        form = {
            "access_token": self.context.token,
            **self._proof(),
            "include_headers": "true",
            "batch": json.dumps(items, separators=(",", ":")),
        }
        content_type = {"Content-Type": "application/x-www-form-urlencoded"}
        return Call(
            url=self._root,
            label=label,
            method="POST",
            headers={**self._headers(), **content_type},
            body=urlencode(form).encode(),
            buckets=self.buckets,
            charge=len(relative_urls),
        )

    @property
    def _root(self) -> str:
        return f"{self.base_url.rstrip('/')}/{self.version}/"

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.context.token}", "Accept": "application/json"}

    def _proof(self) -> dict[str, str]:
        """The parameter that proves that the token's own application asks."""
        if not self.secret:
            return {}
        return {"appsecret_proof": appsecret_proof(self.secret, self.context.token)}


def appsecret_proof(secret: str, token: str) -> str:
    """Lower-case hex HMAC-SHA256 of the token in use, keyed with the app's secret."""
    return hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def relative_url(path: str, params: Params) -> str:
    """A path below the version with its query: what a batch item calls `relative_url`."""
    query = urlencode(
        {name: str(value) for name, value in params.items()}, safe=_READABLE, quote_via=quote
    )
    return f"{quote(path, safe='/_-.')}?{query}" if query else quote(path, safe="/_-.")


def json_object(reply: Reply, label: str) -> dict[str, Any]:
    """The answer as a JSON object.

    :raises AnswerNotUnderstood: it is something else.
    """
    body = reply.json()
    if not isinstance(body, dict):
        raise AnswerNotUnderstood(
            f"{label}: a JSON object was expected, not {type(body).__name__}",
            hint="The platform or a proxy in between sent something else; tried again next run.",
        )
    return body


def rows_of(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The objects in `data`; none when there is no such list."""
    data = body.get("data")
    return [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []


def graph_time(text: Any) -> datetime | None:
    """A time as the Graph API writes it (2026-11-23T10:00:00+0000), in UTC."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
