"""Reads the posts of members: each number of each post is a call of its own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from analytics_sync.domain.codes import ErrorCode
from analytics_sync.domain.metrics import Number
from analytics_sync.domain.records import Post, PostFailure, Reading
from analytics_sync.errors import AccountRefused, AnalyticsSyncError, CallFailed, Refused
from analytics_sync.platforms._batches import Results, chunks, each, untried
from analytics_sync.platforms._contract import Context
from analytics_sync.platforms._linkedin import urns
from analytics_sync.platforms._linkedin.member_calls import (
    METRIC_SCOPE,
    metric_call,
    metrics_of,
    said_count,
    try_right,
)
from analytics_sync.platforms._linkedin.numbers import MEMBER_NAMES, reading, wrong_id
from analytics_sync.platforms._linkedin.rules import InputRefused

# So many posts that refuse a metric, and none that answers it, mean that it is retired.
_ENOUGH_POSTS: Final = 3

# A post that refuses so many metrics and answers none is itself at fault.
_MOST_REFUSALS: Final = 3

# Server trouble so often in a row, and the rest of the post is left for the next run.
_MOST_TROUBLES: Final = 2


@dataclass(slots=True)
class _Answers:
    """What came for one post so far. `answered` counts answers, those without a number too."""

    post: Post
    numbers: dict[str, Number] = field(default_factory=dict)
    answered: int = 0
    refused: dict[str, Refused] = field(default_factory=dict)
    trouble: CallFailed | None = None
    troubles_in_a_row: int = 0

    @property
    def is_hopeless(self) -> bool:
        is_refused = not self.answered and len(self.refused) >= _MOST_REFUSALS
        return is_refused or self.troubles_in_a_row >= _MOST_TROUBLES


class MemberReader:
    """One reading of a member's posts (LinkedIn docs: Member Post Statistics)."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._stop: AnalyticsSyncError | None = None
        self._right_checked = False
        self._right_lock = asyncio.Lock()
        self._answered: set[str] = set()
        self._refused: dict[str, int] = {}

    async def results(self, posts: Sequence[Post]) -> AsyncIterator[Reading | PostFailure]:
        unique = list({post.platform_post_id: post for post in posts}.values())
        async for result in each(chunks(unique, 1), self._post):
            yield result
        if self._stop is not None:
            raise self._stop

    async def _post(self, posts: Sequence[Post]) -> Results:
        (post,) = posts
        if self._stop is not None:
            raise self._stop
        if urns.post_type(post.platform_post_id) is None:
            return [wrong_id(post)]
        answers = _Answers(post)
        try:
            await self._ask_all(answers)
        except AnalyticsSyncError as failure:
            if not answers.numbers:
                raise
            # What was said is kept; the next post raises it.
            self._stop = self._stop or failure
        self._learn(answers)
        return [self._result(answers)]

    async def _ask_all(self, answers: _Answers) -> None:
        """Metric by metric, the worthiest first; one that fails loses no other."""
        for metric in metrics_of(self.context.settings):
            if metric in answers.post.refused or metric in self._retired():
                continue
            await self._ask(answers, metric)
            if answers.is_hopeless:
                return

    async def _ask(self, answers: _Answers, metric: str) -> None:
        urn = answers.post.platform_post_id
        call = metric_call(self.context, urn, metric)
        try:
            count = said_count(call, await self.context.send(call), metric, urn)
        except Refused as refused:
            answers.refused[metric] = refused
            if _blames_metric(refused):
                self._retire(metric, refused)
            elif refused.status in {403, 404} and not answers.answered:
                await self._check_right()
        except CallFailed as failure:
            answers.trouble = failure
            answers.troubles_in_a_row += 1
        else:
            answers.troubles_in_a_row = 0
            answers.answered += 1
            self._answered.add(metric)
            if count is not None:
                answers.numbers[metric] = count

    async def _check_right(self) -> None:
        """Ask, once in a run, for the number of all posts together: refused, nothing can be read.

        :raises AccountRefused: the token may read no member's numbers, or the version has none.
        """
        async with self._right_lock:
            if self._stop is not None:
                raise self._stop
            if self._right_checked:
                return
            try:
                await try_right(self.context)
            except Refused:
                # Refused for another reason: that says nothing about the right.
                pass
            except AccountRefused as refused:
                self._stop = refused
                raise
            self._right_checked = True

    def _learn(self, answers: _Answers) -> None:
        """A metric refused for a post that answers others is at fault itself."""
        if not answers.answered:
            return
        for metric, refused in answers.refused.items():
            self._refused[metric] = self._refused.get(metric, 0) + 1
            is_common = self._refused[metric] >= _ENOUGH_POSTS and metric not in self._answered
            is_unknown = refused.reason == "FIELD_INVALID"
            if refused.status == 400 and not _blames_post(refused) and (is_unknown or is_common):
                self._retire(metric, refused)

    def _retire(self, metric: str, refused: Refused) -> None:
        if metric not in self._retired():
            self.context.metrics.retire(METRIC_SCOPE, metric, refused.message)

    def _retired(self) -> frozenset[str]:
        return self.context.metrics.retired(METRIC_SCOPE)

    def _result(self, answers: _Answers) -> Reading | PostFailure:
        urn = answers.post.platform_post_id
        if answers.numbers:
            refused = frozenset(answers.refused) - self._retired()
            return reading(urn, answers.numbers, MEMBER_NAMES, refused=refused)
        if answers.trouble is not None:
            return untried([answers.post], answers.trouble)[0]
        if answers.answered or not answers.refused:
            words = f"LinkedIn has no numbers for {urn} yet."
            return PostFailure(urn, ErrorCode.NO_NUMBERS_YET, words)
        first = next(iter(answers.refused.values()))
        is_hidden = first.status in {403, 404}
        code = ErrorCode.POST_UNAVAILABLE if is_hidden else ErrorCode.POST_REFUSED
        return PostFailure(urn, code, first.message)


def _blames_metric(refused: Refused) -> bool:
    return isinstance(refused, InputRefused) and "queryType" in refused.field


def _blames_post(refused: Refused) -> bool:
    return isinstance(refused, InputRefused) and "entity" in refused.field
