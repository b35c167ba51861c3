"""Finds the metrics for which insights of Facebook posts are refused, and does without them."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from analytics_sync.errors import Refused
from analytics_sync.platforms._contract import MetricMemory
from analytics_sync.platforms._facebook.questions import Inquiry, Question
from analytics_sync.platforms._graph.batch import Answer
from analytics_sync.platforms._graph.errors import is_not_allowed
from analytics_sync.platforms._graph.metrics import culprits, metric_refusal
from analytics_sync.platforms._graph.sizes import LARGEST_BATCH

Ask = Callable[[Sequence[Question]], Awaitable[list[Answer]]]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an insights question was refused as a whole.

    `because`: "retired", "unsupported" or "permission"; `names` is empty when not told.
    """

    because: str
    names: tuple[str, ...]


class Mender:
    """One account's in one run. `ask` puts questions to the platform, all in one batch.

    `consent`: names the account and its credential in the memory of what they lack.
    """

    def __init__(self, memory: MetricMemory, consent: str, ask: Ask) -> None:
        self._memory = memory
        self._consent = consent
        self._ask = ask
        # Questions that no leaving out of metrics mends: (why refused, metrics asked for).
        self._hopeless: set[tuple[str, tuple[str, ...]]] = set()

    def forgotten(self, question: Question) -> set[str]:
        """Metrics that the platform retired, or does not show to this account."""
        forgotten: set[str] = set()
        for scope in filter(None, set(question.metrics.values())):
            known = self._memory.retired(scope) | self._memory.retired(self._own(scope))
            forgotten |= {name for name in known if question.metrics.get(name) == scope}
        return forgotten

    def _own(self, scope: str) -> str:
        """The memory of what this account lacks."""
        return f"{self._consent}:{scope}"

    async def mended(self, inquiries: Sequence[Inquiry]) -> list[Question]:
        """Questions to ask again, without the metrics for which they were refused."""
        again: list[Question] = []
        for (trouble, metrics), refused in _by_trouble(inquiries).items():
            if (trouble.because, metrics) in self._hopeless:
                continue
            example = refused[0][1]
            # Found meanwhile for another kind of post, or by a batch beside this one.
            known = tuple(self.forgotten(example))
            names = trouble.names or known or await self._culprits(trouble, example)
            if names:
                self._remember(trouble, names, refused, inquiries)
                again += [question for _, question in refused if question.without(names)]
            else:
                self._hopeless.add((trouble.because, metrics))
        return again

    async def _culprits(self, trouble: Trouble, example: Question) -> tuple[str, ...]:
        """By asking each metric alone for one post, all in one batch.

        A permission that is refused for all of them is no metric's fault.
        """

        async def ask(lists: Sequence[Sequence[str]]) -> Sequence[Answer]:
            kept = ({name: example.metrics[name] for name in names} for names in lists)
            return await self._ask([Question(example.path, metrics=metrics) for metrics in kept])

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
        """For the account or for all accounts; for the post where others of its kind have the
        metric, or where it is not sure that the post is of that kind.
        """
        accepted = answered(inquiries)
        example = refused[0][1]
        reason = example.refusal.message if example.refusal is not None else ""
        forgotten = self.forgotten(example)
        for name in (name for name in names if name not in forgotten):
            scope = example.metrics[name]
            alone = trouble.because != "unsupported" and scope != "reel"
            witnesses = sum(inquiry.is_surely(scope) for inquiry, _ in refused)
            if scope is None or (name, scope) in accepted or witnesses < (1 if alone else 2):
                for inquiry, _ in refused:
                    inquiry.refused.add(name)
            elif trouble.because == "permission":
                self._memory.retire(self._own(scope), name, reason)
            else:
                self._memory.retire(scope, name, reason)


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


def answered(inquiries: Sequence[Inquiry]) -> set[tuple[str, str | None]]:
    """Metrics with their scopes that were accepted for some post."""
    return {
        metric
        for inquiry in inquiries
        for question in inquiry.insights
        if isinstance(question.answer, dict)
        for metric in question.metrics.items()
    }
