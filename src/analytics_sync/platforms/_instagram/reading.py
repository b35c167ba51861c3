"""Reads the numbers of Instagram's media: in batches of 50 on Facebook's host, else a few at once."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Sequence
from typing import Final

from analytics_sync.domain.records import Post, PostFailure, Reading
from analytics_sync.errors import AccountRefused, AnalyticsSyncError, CallFailed, Refused
from analytics_sync.platforms._batches import chunks, each
from analytics_sync.platforms._contract import MetricMemory
from analytics_sync.platforms._graph.batch import stopper
from analytics_sync.platforms._graph.metrics import MetricRefusal, culprits
from analytics_sync.platforms._graph.requests import Graph
from analytics_sync.platforms._graph.sizes import LARGEST_BATCH
from analytics_sync.platforms._instagram.asking import Question, ask
from analytics_sync.platforms._instagram.inquiry import Inquiry, refused_metrics
from analytics_sync.platforms._instagram.listing import nodes_of

logger = logging.getLogger(__name__)

LABEL: Final = "Instagram: numbers of posts"
# So many posts refused for a missing permission, and none answered: it is missing for all.
REFUSALS_ENOUGH: Final = 5


class MediaReader:
    """One account's reading in one run. `stop` is what ended it early.

    `together`: many posts are asked for in one request.
    """

    def __init__(self, graph: Graph, memory: MetricMemory, *, together: bool) -> None:
        self._graph = graph
        self._together = together
        self._memory = memory
        self.stop: AnalyticsSyncError | None = None
        self._nodes: dict[str, dict[str, object]] = {}
        self._mending = asyncio.Lock()
        self._hopeless: set[tuple[str, ...]] = set()
        self._something_answered = False
        self._permission_proven = False
        self._permission_refused: list[Refused] = []

    async def read(self, posts: Sequence[Post]) -> AsyncIterator[Reading | PostFailure]:
        """As `Platform.read`.

        :raises AccountRefused: the token may not read insights; what else it may read was yielded.
        """
        await self._learn_kinds(posts)
        missing: list[PostFailure] = []
        async for result in each(self._cut(posts), self._read_together):
            if isinstance(result, PostFailure) and result.sighting:
                missing.append(result)
            else:
                yield result
        if missing:
            counts = await self._counts_as_missing(len(missing))
            for failure in missing:
                yield failure._replace(sighting=counts)
        if self.stop is not None:
            raise self.stop
        if (refused := self._permission_missing(least=1)) is not None:
            raise refused

    def _cut(self, posts: Sequence[Post]) -> list[list[Post]]:
        """Into lists of which each begins with one request; a story is asked for twice."""
        if not self._together:
            return chunks(posts, 1)
        lists: list[list[Post]] = []
        room = 0
        for post in posts:
            items = 2 if post.kind == "story" else 1
            if room < items:
                lists.append([])
                room = LARGEST_BATCH
            lists[-1].append(post)
            room -= items
        return lists

    async def _read_together(self, posts: Sequence[Post]) -> list[Reading | PostFailure]:
        inquiries = [self._inquiry(post) for post in posts]
        while self.stop is None:
            questions = await self._questions(inquiries)
            if not questions or self.stop is not None:
                break
            await self._ask(questions)
        finished = [inquiry for inquiry in inquiries if inquiry.is_finished]
        self._heed_permissions(finished)
        return [inquiry.outcome() for inquiry in finished]

    def _inquiry(self, post: Post) -> Inquiry:
        node = self._nodes.get(post.platform_post_id)
        known = Question(post.platform_post_id, answer=node) if node is not None else None
        return Inquiry(post, node=known)

    async def _questions(self, inquiries: Sequence[Inquiry]) -> list[Question]:
        """All that is to be asked now. Ends by itself: each post has its bounded course."""
        questions: list[Question] = []
        for inquiry in inquiries:
            following = inquiry.next_questions(self._retired(inquiry))
            if not following and inquiry.trouble is not None:
                await self._mend(inquiry)
                following = inquiry.next_questions(self._retired(inquiry))
            questions += following
        return questions

    async def _ask(self, questions: Sequence[Question]) -> None:
        await ask(self._graph, questions, LABEL, together=self._together)
        answers = [question.answer for question in questions if question.answer is not None]
        self._something_answered |= any(isinstance(answer, dict) for answer in answers)
        self.stop = self.stop or stopper(answers)

    def _retired(self, inquiry: Inquiry) -> frozenset[str]:
        return self._memory.retired(inquiry.scope)

    # What must be known beside the numbers.

    async def _learn_kinds(self, posts: Sequence[Post]) -> None:
        """Of imported posts. A batch asks for each by itself, in the first of its two requests."""
        unknown = [post for post in posts if post.kind is None]
        if self._together or len(unknown) < 2:
            return
        try:
            self._nodes = await nodes_of(self._graph, unknown)
        except CallFailed as failure:
            logger.info("The kinds of posts are asked for one by one: %s", failure.message)
        except AnalyticsSyncError as failure:
            self.stop = failure

    async def _counts_as_missing(self, posts: int) -> bool:
        """Whether so many posts that are not found may be counted as missing.

        The same answer comes for all posts when access was lost, and for limits in disguise. One
        post alone tells nothing of that, so then the account itself is asked for.
        """
        if self._something_answered or self.stop is not None or posts > 1:
            return self._something_answered
        account = Question(self._graph.context.account.platform_account_id, {"fields": "id"})
        await self._ask_alone(account)
        return isinstance(account.answer, dict)

    async def _ask_alone(self, question: Question) -> None:
        await ask(self._graph, [question], "Instagram: is the account there", together=False)
        if question.answer is not None:
            self.stop = stopper([question.answer])

    def _heed_permissions(self, finished: Sequence[Inquiry]) -> None:
        for inquiry in finished:
            self._permission_proven |= inquiry.proves_permission
            refusal = inquiry.decisive.refusal if inquiry.decisive is not None else None
            if refusal is not None and inquiry.lacks_permission:
                self._permission_refused.append(refusal)
        self.stop = self.stop or self._permission_missing(least=REFUSALS_ENOUGH)

    def _permission_missing(self, *, least: int) -> AccountRefused | None:
        """For the account, when no post was let through."""
        if self._permission_proven or len(self._permission_refused) < least:
            return None
        return AccountRefused(
            f"The numbers of posts can't be read: {self._permission_refused[0].message}",
            hint="Connect again and allow insights (instagram_business_manage_insights, or "
            "instagram_manage_insights through Facebook; there also ads_management and ads_read "
            "when the Page is shared by a business).",
        )

    # Metrics that spoil a call.

    async def _mend(self, inquiry: Inquiry) -> None:
        """Leave out the metrics for which the post was refused; one post at a time.

        A refusal may name only some of them, so this can come several times, each time for fewer.
        """
        async with self._mending:
            trouble, question = inquiry.trouble, inquiry.insights
            assert trouble is not None
            assert question is not None
            known = self._retired(inquiry).intersection(question.metrics)
            if known:
                inquiry.leave_out(known)
                return
            names = trouble.names or await self._culprits(question, trouble)
            if self.stop is not None:
                return
            if names:
                self._remember(inquiry, trouble, names)
                inquiry.leave_out(names)
            else:
                inquiry.hopeless = True

    async def _culprits(self, question: Question, trouble: MetricRefusal) -> tuple[str, ...]:
        """By asking for fewer. Where all are refused, it is no metric's fault."""
        assert question.refusal is not None
        mark = (re.sub(r"[0-9]+", "", question.refusal.detail), *question.metrics)
        if mark in self._hopeless:
            return ()

        async def put(lists: Sequence[Sequence[str]]) -> list[Question]:
            parts = [
                Question(question.path, {"metric": ",".join(names)}, tuple(names))
                for names in lists
            ]
            if self.stop is None:
                await self._ask(parts)
            return parts

        def is_refusal(part: Question) -> bool:
            told = refused_metrics(part.refusal, part.metrics) if part.refusal else None
            return told is not None and told.retired == trouble.retired

        pieces = LARGEST_BATCH if self._together else 2
        found = await culprits(question.metrics, put, is_refusal, pieces=pieces)
        if len(found) == len(question.metrics):
            self._hopeless.add(mark)
            return ()
        return found

    def _remember(self, inquiry: Inquiry, trouble: MetricRefusal, names: Sequence[str]) -> None:
        """For all accounts what the platform has retired, else for this post alone."""
        if not trouble.retired:
            inquiry.refused.update(names)
            return
        assert inquiry.insights is not None
        refusal = inquiry.insights.refusal
        for name in names:
            self._memory.retire(inquiry.scope, name, refusal.message if refusal else "")
