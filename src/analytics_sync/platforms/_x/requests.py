"""The requests to X, in either of its two dialects of names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from analytics_sync.domain.records import Horizon
from analytics_sync.platforms._asking import Asking
from analytics_sync.platforms._contract import app_bucket, credential_bucket
from analytics_sync.platforms._x.oauth1 import SignedHeaders
from analytics_sync.transport.call import Call

# X docs: Timelines, `start_time` and `end_time`.
WHOLE_SECONDS = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Dialect:
    """Names that X took before (`legacy`) and since (`new`) its OpenAPI document 2.167."""

    fields: str
    history_field: str | None
    history_expansion: str | None


DIALECTS = {
    "legacy": Dialect("tweet.fields", "edit_history_tweet_ids", None),
    # Here the chain of edits is an expansion.
    "new": Dialect("post.fields", None, "edit_history_post_ids"),
}


class Requests:
    """Each method is one call; it returns the decoded answer."""

    def __init__(self, context: Asking) -> None:
        self._context = context
        self._dialect = DIALECTS[context.settings.text("dialect")]

    async def posts(self, ids: Sequence[str], *, private: bool) -> Any:
        """Metrics of up to 100 posts (X docs: Post lookup)."""
        groups = ["public_metrics", *(["non_public_metrics"] if private else [])]
        query = {"ids": ",".join(ids), **self._names(groups)}
        return await self._get("/2/tweets", query, "posts lookup", "tweets")

    async def dates(self, ids: Sequence[str]) -> Any:
        """When posts were made, without their numbers."""
        query = {"ids": ",".join(ids), **self._names(["created_at"])}
        return await self._get("/2/tweets", query, "posts lookup", "tweets")

    async def timeline(self, horizon: Horizon, size: int, token: str | None) -> Any:
        """A page of the account's own posts (X docs: Timelines)."""
        query = {"max_results": str(size), "exclude": "retweets", **self._names(["created_at"])}
        if horizon.newest_known_id is not None:
            query["since_id"] = horizon.newest_known_id
        else:
            query["start_time"] = f"{horizon.since:{WHOLE_SECONDS}}"
        if horizon.until is not None:
            query["end_time"] = f"{horizon.until:{WHOLE_SECONDS}}"
        if token is not None:
            query["pagination_token"] = token
        path = f"/2/users/{self._context.account.platform_account_id}/tweets"
        return await self._get(path, query, "timeline", "timeline")

    async def me(self) -> Any:
        return await self._get("/2/users/me", {"user.fields": "public_metrics"}, "own user", "me")

    async def user(self, user_id: str) -> Any:
        query = {"user.fields": "public_metrics"}
        return await self._get(f"/2/users/{user_id}", query, "user", "user")

    def _names(self, fields: Sequence[str]) -> dict[str, str]:
        dialect = self._dialect
        history = [dialect.history_field] if dialect.history_field else []
        names = {dialect.fields: ",".join([*fields, *history])}
        if dialect.history_expansion:
            names["expansions"] = dialect.history_expansion
        return names

    async def _get(self, path: str, query: dict[str, str], label: str, endpoint: str) -> Any:
        context = self._context
        credential = credential_bucket(context.account)
        url = f"{context.settings.base_url.rstrip('/')}{path}?{urlencode(query, safe=',')}"
        call = Call(
            url=url,
            label=f"X {label}",
            headers=self._headers(url),
            # Windows are separate for each endpoint and token (X docs: Rate limits).
            buckets=(f"{credential}:{endpoint}", credential, app_bucket(context.account)),
        )
        return (await context.send(call)).json()

    def _headers(self, url: str) -> Mapping[str, str]:
        """By the user's OAuth 1.0a token where there is one, else by the Bearer token."""
        context, others = self._context, {"Accept": "application/json"}
        if context.oauth1 is not None:
            return SignedHeaders(others, url, context.oauth1, context.clock)
        return {"Authorization": f"Bearer {context.token}", **others}
