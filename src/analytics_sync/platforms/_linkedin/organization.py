"""Reads the posts of pages: lifetime totals of many posts in one call."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from analytics_sync.domain.codes import ErrorCode
from analytics_sync.domain.metrics import as_count
from analytics_sync.domain.records import AccountTotals, Post, PostFailure, Reading
from analytics_sync.errors import AnalyticsSyncError, CallFailed, Refused
from analytics_sync.platforms._batches import Results, chunks, each, untried
from analytics_sync.platforms._contract import Context
from analytics_sync.platforms._linkedin import urns
from analytics_sync.platforms._linkedin.calls import (
    NETWORK_SIZES,
    STATISTICS,
    Api,
    elements_of,
    object_of,
)
from analytics_sync.platforms._linkedin.existence import ExistenceCheck
from analytics_sync.platforms._linkedin.numbers import (
    ORGANIZATION_NAMES,
    flat_numbers,
    implied_zeros,
    reading,
    wrong_id,
)
from analytics_sync.platforms._linkedin.restli import decode_key
from analytics_sync.platforms._linkedin.roles import check_role
from analytics_sync.transport.call import Call

# Each type of URN has a parameter of its own and is refused under the other one.
_PARAMETERS: Final = {urns.SHARE: "shares", urns.UGC_POST: "ugcPosts"}

# A list may be too long, or hold one post that LinkedIn refuses: halves tell.
_HALVED: Final = frozenset([400, 413, 414])

# Said of an account as well as of one post in a list.
_NOT_SHOWN: Final = frozenset([403, 404])

# So many posts that nobody ever saw are rather posts whose numbers we may not see.
_SUSPICIOUSLY_MANY: Final = 5

# So long a post that LinkedIn has shown is taken to exist still. Checks are dearer in Development.
_STILL_THERE: Final = {"standard": timedelta(hours=6), "development": timedelta(hours=24)}


class OrganizationReader:
    """One reading of a page's posts (LinkedIn docs: Organization Share Statistics)."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.now = context.clock.now()
        self.still_there = _STILL_THERE[context.settings.text("tier")]
        self._right_lock = asyncio.Lock()
        self._right_checked = False
        self._no_right: AnalyticsSyncError | None = None
        self._halves: list[list[Post]] = []
        self._left_out: list[Post] = []
        self._fallen: dict[str, tuple[Post, Reading]] = {}
        self._is_alive = False

    async def results(self, posts: Sequence[Post]) -> AsyncIterator[Reading | PostFailure]:
        async for result in self._from_statistics(posts):
            yield result
        try:
            await self._check_sudden_silence()
        except CallFailed as failure:
            # Not known whether these zeros are true: nothing is stored, the posts stay due.
            for result in untried([*self._fallen_posts(), *self._left_out], failure):
                yield result
            return
        for _, fallen in self._fallen.values():
            yield fallen
        async for result in ExistenceCheck(self.context).results(self._left_out):
            yield result

    async def _from_statistics(self, posts: Sequence[Post]) -> AsyncIterator[Reading | PostFailure]:
        known: dict[str, Post] = {}
        for post in {post.platform_post_id: post for post in posts}.values():
            if urns.post_type(post.platform_post_id) is None:
                yield wrong_id(post)
            else:
                known[post.platform_post_id] = post
        batches = chunks(list(known.values()), self.context.settings.number("list_size"))
        while batches:
            self._halves = []
            async for result in each(batches, self._batch):
                yield result
            batches = self._halves

    async def _batch(self, posts: Sequence[Post]) -> Results:
        call = statistics_call(self.context, [post.platform_post_id for post in posts])
        try:
            reply = await self.context.send(call)
        except Refused as refused:
            if refused.status not in _HALVED | _NOT_SHOWN:
                raise
            if refused.status in _NOT_SHOWN:
                await self._check_right()
            return self._split(posts, refused)
        said = _by_urn(elements_of(call, reply))
        results = [self._said(post, said.get(post.platform_post_id)) for post in posts]
        return [result for result in results if result is not None]

    async def _check_right(self) -> None:
        """Ask, once in a run, for the page's own totals: answered, a post is at fault.

        :raises AccountRefused: the page's numbers may not be read at all.
        :raises CallFailed: the API version does not have them, or there is trouble.
        """
        async with self._right_lock:
            if not self._right_checked:
                self._right_checked = True
                try:
                    await self.context.send(statistics_call(self.context))
                except AnalyticsSyncError as failure:
                    self._no_right = failure
            if self._no_right is not None:
                raise self._no_right

    def _split(self, posts: Sequence[Post], refused: Refused) -> Results:
        if len(posts) == 1:
            is_hidden = refused.status in _NOT_SHOWN
            code = ErrorCode.POST_UNAVAILABLE if is_hidden else ErrorCode.POST_REFUSED
            return [PostFailure(posts[0].platform_post_id, code, refused.message)]
        self._halves += chunks(posts, (len(posts) + 1) // 2)
        return []

    def _said(self, post: Post, statistics: Any) -> Reading | PostFailure | None:
        """The result for one post; None where it has to wait for a check."""
        if statistics is None:
            return self._omitted(post)
        numbers = flat_numbers(statistics) if isinstance(statistics, dict) else {}
        said = reading(post.platform_post_id, numbers, ORGANIZATION_NAMES)
        if not said.columns:
            return PostFailure(
                post.platform_post_id,
                ErrorCode.ANSWER_NOT_UNDERSTOOD,
                f"LinkedIn's element of {post.platform_post_id} has no `totalShareStatistics` "
                "with a count that is known.",
            )
        if any(said.extra.values()):
            self._is_alive = True
        elif _had_numbers(post):
            self._fallen[post.platform_post_id] = (post, said)
            return None
        return said

    def _omitted(self, post: Post) -> Reading | None:
        """Zeros, if nothing was ever said of a post that was there a short while ago."""
        if not _had_numbers(post) and _is_recent(post.confirmed_at, self.now, self.still_there):
            return implied_zeros(post.platform_post_id, confirmed=False)
        self._left_out.append(post)
        return None

    async def _check_sudden_silence(self) -> None:
        """A member who lost the page role gets nothing or zeros for all posts, and no error.

        :raises AccountRefused: the role is lost.
        """
        silent = [*self._fallen_posts(), *self._left_out]
        is_sudden = any(_had_numbers(post) for post in silent)
        if not self._is_alive and (is_sudden or len(silent) >= _SUSPICIOUSLY_MANY):
            await check_role(self.context)

    def _fallen_posts(self) -> list[Post]:
        return [post for post, _ in self._fallen.values()]


def statistics_call(context: Context, ids: Sequence[str] = ()) -> Call:
    """Lifetime totals of these posts, of both types together; of the whole page when none are named."""
    page = ("organizationalEntity", context.account.platform_account_id)
    lists = [
        (parameter, same)
        for type, parameter in _PARAMETERS.items()
        if (same := [id for id in ids if urns.post_type(id) == type])
    ]
    return Api.of(context).finder(STATISTICS, "organizationalEntity", [page, *lists])


def followers_call(context: Context) -> Call:
    return Api.of(context).get(
        NETWORK_SIZES,
        context.account.platform_account_id,
        [("edgeType", "COMPANY_FOLLOWED_BY_MEMBER")],
    )


async def organization_totals(context: Context) -> AccountTotals | None:
    """The page's followers; None where the token may not ask."""
    call = followers_call(context)
    try:
        answer = object_of(call, await context.send(call))
    except Refused as refused:
        if refused.status == 403:
            return None
        raise
    numbers = flat_numbers(answer)
    return AccountTotals(as_count(answer.get("firstDegreeSize")), numbers)


def _by_urn(elements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The statistics by the post's URN: order and number of elements say nothing."""
    found: dict[str, Any] = {}
    for element in elements:
        urn = element.get("share") or element.get("ugcPost")
        if isinstance(urn, str):
            found.setdefault(decode_key(urn), element.get("totalShareStatistics", ()))
    return found


def _had_numbers(post: Post) -> bool:
    return any(post.said.values())


def _is_recent(moment: datetime | None, now: datetime, span: timedelta) -> bool:
    return moment is not None and now - moment <= span
