"""Reads the numbers of Facebook posts, Reels and videos in as few batch requests as possible."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from analytics_sync.domain.records import Post, PostFailure, Reading
from analytics_sync.errors import AccountRefused, AnalyticsSyncError, Refused
from analytics_sync.platforms._batches import chunks, each
from analytics_sync.platforms._contract import MetricMemory
from analytics_sync.platforms._facebook.mending import Mender, answered, trouble_of
from analytics_sync.platforms._facebook.outcome import outcome_of
from analytics_sync.platforms._facebook.questions import Inquiry, Question
from analytics_sync.platforms._graph.batch import Answer, ask_batch, stopper
from analytics_sync.platforms._graph.errors import is_not_allowed
from analytics_sync.platforms._graph.requests import Graph
from analytics_sync.platforms._graph.sizes import LARGEST_BATCH

# Insights and fields of 50 posts are two full batches.
POSTS_TOGETHER: Final = LARGEST_BATCH
# Further rounds: dropped metrics, ids that turn out as videos, and once more for each.
FURTHER_ROUNDS: Final = 4

# The memory of what an account, not the platform, lacks. (Meta docs: Permissions Reference.)
SUMMARIES: Final = "comments"


class PostReader:
    """One account's reading in one run. `stop` is what ended it early."""

    def __init__(self, graph: Graph, memory: MetricMemory) -> None:
        self._graph = graph
        self._account = graph.context.account
        self._memory = memory
        self.stop: AnalyticsSyncError | None = None
        self._insights_refused: Refused | None = None
        self._insights_answered = False
        # With another consent the account may see more: what it lacks is then found anew.
        consent = f"{self._account.id}/{self._account.credential_id}"
        self._mender = Mender(self._memory, consent, self._ask)
        self._summaries_scope = f"{consent}:summaries"

    async def read(self, posts: Sequence[Post]) -> AsyncIterator[Reading | PostFailure]:
        """As `Platform.read`.

        :raises AccountRefused: the token may not read insights; what else it may read was yielded.
        """
        missing: list[PostFailure] = []
        some_read = False
        async for result in each(chunks(posts, POSTS_TOGETHER), self._read_together):
            if isinstance(result, PostFailure) and result.sighting:
                missing.append(result)
            else:
                some_read = some_read or isinstance(result, Reading)
                yield result
        for failure in missing:
            # When no post is found, access was lost or a limit gives this answer.
            yield failure._replace(sighting=some_read)
        if self.stop is not None:
            raise self.stop
        if self._insights_refused is not None and not self._insights_answered:
            raise AccountRefused(
                f"The numbers of posts can't be read: {self._insights_refused.message}",
                hint="Connect again and allow read_insights and pages_read_engagement; the person "
                "needs the task ANALYZE on the Page.",
            )

    async def _read_together(self, posts: Sequence[Post]) -> list[Reading | PostFailure]:
        if self.stop is not None:
            return []
        inquiries = self._inquiries(posts)
        openers = [self._openers(inquiry) for inquiry in inquiries]
        await self._ask([question for questions in openers for question in questions])
        for _ in range(FURTHER_ROUNDS):
            questions = await self._further(inquiries) if self.stop is None else []
            if not questions:
                break
            await self._ask(questions)
        self._heed_insights(inquiries)
        self._heed_summaries(inquiries)
        outcomes = (outcome_of(inquiry) for inquiry in inquiries if self._is_finished(inquiry))
        return [outcome for outcome in outcomes if outcome is not None]

    def _inquiries(self, posts: Sequence[Post]) -> list[Inquiry]:
        page_id = self._account.platform_account_id
        wanted = SUMMARIES not in self._memory.retired(self._summaries_scope)
        return [Inquiry.about(post, page_id, with_summaries=wanted) for post in posts]

    def _is_finished(self, inquiry: Inquiry) -> bool:
        """Not so when the account was stopped before a refused question could be asked again."""
        return self.stop is None or not (
            inquiry.turns_out_as_video()
            or inquiry.asked_too_much
            or any(map(trouble_of, inquiry.insights))
        )

    async def _ask(self, asked: Sequence[Question]) -> list[Answer]:
        if not asked:
            return []
        urls = [question.url for question in asked]
        answers = await ask_batch(self._graph, urls, "Facebook: numbers of posts")
        for question, answer in zip(asked, answers, strict=True):
            question.answer = answer
        self.stop = self.stop or stopper(answers)
        return answers

    def _openers(self, inquiry: Inquiry) -> list[Question]:
        """The first questions about a post, without metrics that are known to be refused."""
        inquiry.insights = [
            question
            for question in inquiry.insights
            if question.without(inquiry.post.refused | self._mender.forgotten(question))
        ]
        return [question for question in inquiry.questions if question.answer is None]

    async def _further(self, inquiries: Sequence[Inquiry]) -> list[Question]:
        """What must be asked now: videos by their own edge, and less of what was refused."""
        questions: list[Question] = []
        for inquiry in inquiries:
            if inquiry.turns_out_as_video():
                inquiry.ask_as_video()
                questions += self._openers(inquiry)
        plain = (inquiry.ask_without_summaries() for inquiry in inquiries)
        questions += [question for question in plain if question is not None]
        return questions + await self._mender.mended(inquiries)

    def _heed_summaries(self, inquiries: Sequence[Inquiry]) -> None:
        """Stop asking for comments and reactions once the permission is found missing."""
        if any(inquiry.summaries_told for inquiry in inquiries):
            return
        refusals = (inquiry.summaries_missing for inquiry in inquiries)
        refusal = next(filter(None, refusals), None)
        if refusal and SUMMARIES not in self._memory.retired(self._summaries_scope):
            reason = f"Needs the permission pages_read_user_content: {refusal.message}"
            self._memory.retire(self._summaries_scope, SUMMARIES, reason)

    def _heed_insights(self, inquiries: Sequence[Inquiry]) -> None:
        """Whether the token lacks the right to insights altogether."""
        self._insights_answered = self._insights_answered or bool(answered(inquiries))
        refusals = (question.refusal for inquiry in inquiries for question in inquiry.insights)
        for refusal in refusals:
            if refusal is not None and is_not_allowed(refusal):
                self._insights_refused = refusal
