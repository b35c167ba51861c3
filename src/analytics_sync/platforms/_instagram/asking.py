"""Puts questions to the Graph API: many in a batch on Facebook's host, one by one on Instagram's.

graph.instagram.com is not documented to take batches.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from analytics_sync.errors import AnalyticsSyncError, CallFailed, Refused
from analytics_sync.platforms._graph.batch import Answer, ask_batch, stopper
from analytics_sync.platforms._graph.requests import Graph, Params, relative_url


@dataclass(slots=True)
class Question:
    """One request or one item of a batch. `metrics`: names asked for, where it asks for insights."""

    path: str
    params: Params = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    answer: Answer | None = None

    @classmethod
    def of_insights(cls, post_id: str, metrics: Sequence[str], breakdown: str = "") -> "Question":
        """The period is always the whole lifetime, so it is not said."""
        params = {"metric": ",".join(metrics)}
        if breakdown:
            params["breakdown"] = breakdown
        return cls(f"{post_id}/insights", params, tuple(metrics))

    def without(self, names: Collection[str]) -> "Question":
        """The same question for fewer metrics, not asked yet."""
        kept = tuple(name for name in self.metrics if name not in names)
        return Question(self.path, {**self.params, "metric": ",".join(kept)}, kept)

    @property
    def refusal(self) -> Refused | None:
        return self.answer if isinstance(self.answer, Refused) else None

    @property
    def is_stopped(self) -> bool:
        """No answer came, because something stopped the whole account."""
        return isinstance(self.answer, AnalyticsSyncError) and not isinstance(
            self.answer, CallFailed
        )


async def ask(graph: Graph, questions: Sequence[Question], label: str, *, together: bool) -> None:
    """Fill in the answer of each question; failures are answers too, never raised.

    `together`: in batches. What stops the whole account is the answer of every question that came
    after it.
    """
    if together:
        urls = [relative_url(question.path, question.params) for question in questions]
        answers = await ask_batch(graph, urls, label)
    else:
        answers = await _one_by_one(graph, questions, label)
    for question, answer in zip(questions, answers, strict=True):
        question.answer = answer


async def _one_by_one(graph: Graph, questions: Sequence[Question], label: str) -> list[Answer]:
    answers: list[Answer] = []
    for question in questions:
        if (stop := stopper(answers)) is not None:
            answers.append(stop)
            continue
        try:
            answers.append(await graph.get(question.path, question.params, label))
        except AnalyticsSyncError as failure:
            answers.append(failure)
    return answers
