"""Reads the numbers of Facebook posts, Reels and videos in as few batch requests as possible."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from analytics_sync.domain.records import Post, PostFailure, Reading
from analytics_sync.errors import AccountRefused, AnalyticsSyncError, Refused
from analytics_sync.platforms._batches import chunks, each
from analytics_sync.platforms._facebook_questions import Inquiry, Question
from analytics_sync.platforms._graph import LARGEST_BATCH, Graph
from analytics_sync.platforms._graph_batch import Answer, ask_batch, stopper
from analytics_sync.platforms._graph_errors import is_not_allowed
from analytics_sync.platforms._graph_metrics import culprits, metric_refusal

# Insights, node and summaries of 50 posts are three full batches.
POSTS_TOGETHER: Final = LARGEST_BATCH
# Further rounds: dropped metrics, ids that turn out as videos, and once more for each.
FURTHER_ROUNDS: Final = 4

# The memory of what an account, not the platform, lacks. (Meta docs: Permissions Reference.)
SUMMARIES: Final = "comments"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an insights question was refused as a whole.

    `because`: "retired", "unsupported" or "permission"; `names` is empty when not told.
    """

    because: str
    names: tuple[str, ...]


class PostReader:
    """One account's reading in one run. `stop` is what ended it early."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._account = graph.context.account
        self._memory = graph.context.metrics
        self.stop: AnalyticsSyncError | None = None
        self._insights_refused: Refused | None = None
        self._insights_answered = False
        # Questions that no leaving out of metrics mends: (why refused, metrics asked for).
        self._hopeless: set[tuple[str, tuple[str, ...]]] = set()
        self._summaries_scope = self._own("summaries")

    async def read(self, posts: Sequence[Post]) -> AsyncIterator[Reading | PostFailure]:
        """As `Platform.read`.

        :raises AccountRefused: the token may not read insights; what else it may read was yielded.
        """
        async for result in each(chunks(posts, POSTS_TOGETHER), self._read_together):
            yield result
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
        inquiries = [Inquiry.about(post, self._account.platform_account_id) for post in posts]
        await self._ask(question for inquiry in inquiries for question in self._openers(inquiry))
        for further in range(FURTHER_ROUNDS):
            questions = await self._further(inquiries) if self.stop is None else []
            if further == 0 and self.stop is None:
                questions += self._summaries(inquiries)
            if not questions:
                break
            await self._ask(questions)
            self._heed_summaries(inquiries)
        self._heed_insights(inquiries)
        outcomes = (inquiry.outcome() for inquiry in inquiries if self._is_finished(inquiry))
        return [outcome for outcome in outcomes if outcome is not None]

    def _is_finished(self, inquiry: Inquiry) -> bool:
        """Not so when the account was stopped before a refused question could be asked again."""
        return self.stop is None or not (
            inquiry.turns_out_as_video() or any(map(trouble_of, inquiry.insights))
        )

    async def _ask(self, questions: Iterable[Question]) -> list[Answer]:
        asked = list(questions)
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
            if question.without(inquiry.post.refused | self._forgotten(question))
        ]
        return [question for question in inquiry.questions if question.answer is None]

    def _forgotten(self, question: Question) -> set[str]:
        """Metrics that the platform retired, or does not show to this account."""
        forgotten: set[str] = set()
        for scope in set(question.metrics.values()):
            known = self._memory.retired(scope) | self._memory.retired(self._own(scope))
            forgotten |= {name for name in known if question.metrics.get(name) == scope}
        return forgotten

    def _own(self, scope: str) -> str:
        """The memory of what this account lacks."""
        return f"{self._account.id}:{scope}"

    async def _further(self, inquiries: Sequence[Inquiry]) -> list[Question]:
        """What must be asked now: videos by their own edge, and less of what was refused."""
        questions: list[Question] = []
        for inquiry in inquiries:
            if inquiry.turns_out_as_video():
                inquiry.ask_as_video()
                questions += self._openers(inquiry)
        return questions + await self._mended(inquiries)

    # Comments and reactions

    def _summaries(self, inquiries: Sequence[Inquiry]) -> list[Question]:
        if SUMMARIES in self._memory.retired(self._summaries_scope):
            return []
        questions = (inquiry.ask_summaries() for inquiry in inquiries)
        return [question for question in questions if question is not None]

    def _heed_summaries(self, inquiries: Sequence[Inquiry]) -> None:
        """Stop asking once the permission is found missing."""
        told = [inquiry.summaries for inquiry in inquiries if inquiry.summaries is not None]
        refusals = [question.refusal for question in told]
        first = next((refusal for refusal in refusals if refusal is not None), None)
        if first is None or not all(refusal and is_not_allowed(refusal) for refusal in refusals):
            return
        if SUMMARIES not in self._memory.retired(self._summaries_scope):
            reason = f"Needs the permission pages_read_user_content: {first.message}"
            self._memory.retire(self._summaries_scope, SUMMARIES, reason)

    # Metrics that spoil a call

    async def _mended(self, inquiries: Sequence[Inquiry]) -> list[Question]:
        """Questions to ask again, without the metrics for which they were refused."""
        again: list[Question] = []
        for (trouble, metrics), refused in _by_trouble(inquiries).items():
            if (trouble.because, metrics) in self._hopeless:
                continue
            example = refused[0][1]
            # Found meanwhile for another kind of post, or by a batch beside this one.
            known = tuple(self._forgotten(example))
            names = trouble.names or known or await self._culprits(trouble, example)
            if names:
                self._remember(trouble, names, refused, inquiries)
                again += [question for _, question in refused if question.without(names)]
            elif self.stop is None:
                self._hopeless.add((trouble.because, metrics))
        return again

    async def _culprits(self, trouble: Trouble, example: Question) -> tuple[str, ...]:
        """By asking each metric alone for one post, all in one batch.

        A permission that is refused for all of them is no metric's fault.
        """

        async def ask(lists: Sequence[Sequence[str]]) -> Sequence[Answer]:
            questions = (
                Question(example.path, metrics={name: example.metrics[name] for name in names})
                for names in lists
            )
            return await self._ask(questions)

        def is_refusal(answer: Answer) -> bool:
            found = _trouble(answer, tuple(example.metrics))
            return found is not None and found.because == trouble.because

        names = tuple(example.metrics)
        if trouble.because == "permission" and len(names) == 1:
            return ()
        found = await culprits(names, ask, is_refusal, pieces=LARGEST_BATCH)
        return () if trouble.because == "permission" and len(found) == len(names) else found

    def _remember(
        self,
        trouble: Trouble,
        names: Sequence[str],
        refused: Sequence[tuple[Inquiry, Question]],
        inquiries: Sequence[Inquiry],
    ) -> None:
        """For the account, for all accounts, or (where others of its kind have it) for the post."""
        answered = _answered(inquiries)
        enough = 1 if trouble.because == "retired" else 2
        example = refused[0][1]
        reason = example.refusal.message if example.refusal is not None else ""
        forgotten = self._forgotten(example)
        for name in (name for name in names if name not in forgotten):
            scope = example.metrics[name]
            if trouble.because == "permission":
                self._memory.retire(self._own(scope), name, reason)
            elif (name, scope) not in answered and len(refused) >= enough:
                self._memory.retire(scope, name, reason)
            else:
                for inquiry, _ in refused:
                    inquiry.refused.add(name)

    def _heed_insights(self, inquiries: Sequence[Inquiry]) -> None:
        """Whether the token lacks the right to insights altogether."""
        self._insights_answered = self._insights_answered or bool(_answered(inquiries))
        refusals = (question.refusal for inquiry in inquiries for question in inquiry.insights)
        for refusal in refusals:
            if refusal is not None and is_not_allowed(refusal):
                self._insights_refused = refusal


def trouble_of(question: Question) -> Trouble | None:
    """What a refused insights question can be mended of; None when it can't or needn't."""
    return _trouble(question.answer, tuple(question.metrics)) if question.metrics else None


def _trouble(answer: Answer | None, asked: tuple[str, ...]) -> Trouble | None:
    if not isinstance(answer, Refused):
        return None
    found = metric_refusal(answer, asked)
    if found is not None:
        return Trouble("retired" if found.retired else "unsupported", found.names)
    return Trouble("permission", ()) if is_not_allowed(answer) else None


def _by_trouble(
    inquiries: Sequence[Inquiry],
) -> dict[tuple[Trouble, tuple[str, ...]], list[tuple[Inquiry, Question]]]:
    """Refused questions by why they were refused and what they asked for."""
    groups = defaultdict(list)
    for inquiry in inquiries:
        for question in inquiry.insights:
            if (trouble := trouble_of(question)) is not None:
                groups[trouble, tuple(question.metrics)].append((inquiry, question))
    return groups


def _answered(inquiries: Sequence[Inquiry]) -> set[tuple[str, str]]:
    """Metrics with their scopes that were accepted for some post."""
    return {
        metric
        for inquiry in inquiries
        for question in inquiry.insights
        if isinstance(question.answer, dict)
        for metric in question.metrics.items()
    }
