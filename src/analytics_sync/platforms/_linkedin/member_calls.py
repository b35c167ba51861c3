"""The calls for members' numbers, and what their answers say."""

from collections.abc import Mapping
from typing import Any, Final

from analytics_sync.domain.metrics import as_count
from analytics_sync.domain.records import AccountTotals
from analytics_sync.errors import AccountRefused, Refused
from analytics_sync.platforms._contract import Context
from analytics_sync.platforms._linkedin import urns
from analytics_sync.platforms._linkedin.calls import (
    MEMBER_ANALYTICS,
    MEMBER_FOLLOWERS,
    Api,
    elements_of,
)
from analytics_sync.platforms._linkedin.restli import Value, decode_key
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.transport.call import Call, Reply

METRIC_SCOPE: Final = "member post"

# By worth: when the calls run out, the first ones were made.
_FIRST: Final = ("IMPRESSION", "REACTION", "COMMENT", "MEMBERS_REACHED", "RESHARE")
_SINCE_202604: Final = ("POST_SAVE", "LINK_CLICKS")
_WITHOUT_COLUMN: Final = (
    "POST_SEND",
    "FOLLOWER_GAINED_FROM_CONTENT",
    "PROFILE_VIEW_FROM_CONTENT",
    "PREMIUM_CTA_CLICKS",
)

# The key of the union is `ugc`, not `ugcPost`.
_UNION_KEYS: Final = {urns.SHARE: "share", urns.UGC_POST: "ugc"}


def metrics_of(settings: PlatformSettings) -> tuple[str, ...]:
    """The metrics that the API version has, by worth.

    In the Development tier, of 100 calls a day, only those that fill a column.
    """
    if settings.text("version") < "202604":
        return _FIRST
    if settings.text("tier") == "development":
        return _FIRST + _SINCE_202604
    return _FIRST + _SINCE_202604 + _WITHOUT_COLUMN


def metric_call(context: Context, urn: str, metric: str) -> Call:
    """One number of one post."""
    key = _UNION_KEYS[urns.post_type(urn) or urns.SHARE]
    return _analytics_call(context, "entity", metric, (("entity", {key: urn}),))


def own_posts_call(context: Context) -> Call:
    """The impressions of all posts of the token's member together."""
    return _analytics_call(context, "me", _FIRST[0], ())


def _analytics_call(
    context: Context, finder: str, metric: str, about: tuple[tuple[str, Value], ...]
) -> Call:
    parameters = (*about, ("queryType", metric), ("aggregation", "TOTAL"))
    return Api.of(context).finder(MEMBER_ANALYTICS, finder, parameters)


def said_count(call: Call, reply: Reply, metric: str, urn: str) -> int | None:
    """The number in an answer; None when LinkedIn has no data, which is not 0.

    :raises AnswerNotUnderstood: the answer is not what LinkedIn documents.
    """
    return next(
        (
            as_count(element.get("count"))
            for element in elements_of(call, reply)
            if _metric_of(element) in {None, metric} and _is_about(element, urn)
        ),
        None,
    )


def _metric_of(element: Mapping[str, Any]) -> str | None:
    """Before version 202605 the name is wrapped in an object with one key."""
    said = element.get("metricType")
    if isinstance(said, dict):
        said = next(iter(said.values()), None)
    return said if isinstance(said, str) else None


def _is_about(element: Mapping[str, Any], urn: str) -> bool:
    target = element.get("targetEntity")
    if not isinstance(target, dict) or not target:
        return True
    return any(isinstance(said, str) and decode_key(said) == urn for said in target.values())


async def try_right(context: Context) -> None:
    """Prove that the token may read the numbers of its member's posts.

    :raises AccountRefused: it may not, or the API version has no such numbers.
    """
    try:
        await context.send(own_posts_call(context))
    except Refused as refused:
        if refused.status == 403:
            raise AccountRefused(
                refused.message, hint="The token needs the scope r_member_postAnalytics."
            ) from refused
        if refused.status == 404:
            raise AccountRefused(
                refused.message,
                hint="Members' numbers came with API version 202506: set a newer `version` under "
                "[platforms.linkedin].",
                code="version_expired",
            ) from refused
        raise


def member_followers_call(context: Context) -> Call:
    return Api.of(context).finder(MEMBER_FOLLOWERS, "me")


async def member_totals(context: Context) -> AccountTotals | None:
    """The member's followers; None where the token may not ask."""
    call = member_followers_call(context)
    try:
        elements = elements_of(call, await context.send(call))
    except Refused as refused:
        if refused.status == 403:
            return None
        raise
    counts = (as_count(element.get("memberFollowersCount")) for element in elements)
    followers = next((count for count in counts if count is not None), None)
    extra = {} if followers is None else {"memberFollowersCount": followers}
    return AccountTotals(followers, extra)
