"""The simplest budgets and rules that a transport can be given."""

from collections.abc import Iterable
from datetime import datetime

from analytics_sync.transport.call import Call, Limit, Reply
from analytics_sync.transport.statuses import default_failure


class OpenBudgets:
    """Admits everything unless told otherwise; remembers what it was asked and told."""

    def __init__(self, *answers: float | Exception) -> None:
        self._answers = list(answers)
        self.admitted: list[Call] = []
        self.observed: list[Limit] = []

    async def admit(self, call: Call) -> float:
        answer = self._answers.pop(0) if self._answers else 0.0
        if isinstance(answer, Exception):
            raise answer
        self.admitted.append(call)
        return answer

    def observe(self, limit: Limit) -> None:
        self.observed.append(limit)


class StatusRules:
    """Judges by the status alone; tells `x-remaining` of each answer as a limit."""

    def failure(self, call: Call, reply: Reply, now: datetime) -> Exception | None:
        return default_failure(call, reply, now)

    def limits(self, call: Call, reply: Reply, now: datetime) -> Iterable[Limit]:
        remaining = reply.headers.get("x-remaining")
        if remaining is not None:
            yield Limit(bucket="test", remaining=int(remaining))
