"""Many objects and listings at once, each page of all of them in one batch POST."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from analytics_sync.errors import AnalyticsSyncError, AnswerNotUnderstood, CallFailed, Refused
from analytics_sync.platforms._circles import Pages
from analytics_sync.platforms._graph.batch import Answer, ask_batch
from analytics_sync.platforms._graph.errors import wants_less
from analytics_sync.platforms._graph.paging import next_position
from analytics_sync.platforms._graph.requests import Graph, Params, relative_url, rows_of
from analytics_sync.platforms._graph.sizes import LARGEST_PAGE


@dataclass(slots=True)
class Question:
    """One object, or a listing with all its pages.

    `body`: the first answer, of an object the only one. `rows`: of all pages that came. `failure`:
    why there is no (further) answer.
    """

    path: str
    params: Params = field(default_factory=dict)
    listing: bool = True
    body: dict[str, Any] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    failure: AnalyticsSyncError | None = None
    _position: dict[str, str] = field(default_factory=dict)
    _limit: int = LARGEST_PAGE
    _so_far: Pages | None = None

    @property
    def relative_url(self) -> str:
        paging: Params = {**self._position, "limit": self._limit} if self.listing else {}
        return relative_url(self.path, {**self.params, **paging})

    def take(self, answer: Answer, label: str) -> bool:
        """Keep an answer; whether more is to be asked."""
        if isinstance(answer, AnalyticsSyncError):
            return self._refused(answer)
        rows = rows_of(answer)
        self.body = self.body or answer
        self.rows += rows
        self._position = next_position(answer) if self.listing else {}
        return bool(self._position) and self._goes_on(rows, label)

    def _refused(self, failure: AnalyticsSyncError) -> bool:
        """A page that is too large is asked for again at half its size."""
        too_large = isinstance(failure, Refused) and wants_less(failure)
        if too_large and self.listing and self._limit > 1:
            self._limit //= 2
            return True
        self.failure = failure
        return False

    def _goes_on(self, rows: Sequence[dict[str, Any]], label: str) -> bool:
        self._so_far = self._so_far or Pages(label)
        ids = [str(row.get("id")) for row in rows]
        try:
            self._so_far.check(ids, tuple(sorted(self._position.items())))
        except AnswerNotUnderstood as circle:
            self.failure = circle
            return False
        return True


async def ask_all(graph: Graph, questions: Sequence[Question], label: str) -> None:
    """Fill in every answer; what fails alone is kept in its question.

    :raises AnalyticsSyncError: what stops all of them: a dead token, a limit, a wrong secret.
    """
    waiting = list(questions)
    while waiting:
        urls = [question.relative_url for question in waiting]
        answers = await ask_batch(graph, urls, label)
        taken = zip(waiting, answers, strict=True)
        waiting = [question for question, answer in taken if question.take(answer, label)]
    for question in questions:
        if question.failure is not None and not isinstance(question.failure, CallFailed):
            raise question.failure
