"""Asks many things in batch POSTs and judges each item alone (Meta docs: Batch Requests)."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from analytics_sync.errors import (
    AnalyticsSyncError,
    AnswerNotUnderstood,
    CallFailed,
    Refused,
    Temporary,
)
from analytics_sync.platforms._graph.batch_items import item_reply
from analytics_sync.platforms._graph.errors import wants_less
from analytics_sync.platforms._graph.requests import Graph, json_object
from analytics_sync.platforms._graph.sizes import LARGEST_BATCH
from analytics_sync.transport.call import Call, Reply

# An item's answer as a JSON object, or why there is none.
Answer = dict[str, Any] | AnalyticsSyncError

ROUNDS: Final = 3
PAUSE_SECONDS: Final = 1.0


class BatchFailed(CallFailed):
    """The POST itself failed, after the transport's own tries: asking again now won't help."""


async def ask_batch(
    graph: Graph, relative_urls: Sequence[str], label: str, *, largest: int = LARGEST_BATCH
) -> list[Answer]:
    """One answer for each relative URL, in their order; failures are returned, never raised.

    Items that timed out (`null`) or may work in a moment are asked again in batches half as
    large, a few times. What stops the whole account (a limit, a dead token) is the answer of every
    item that was not answered before; `stopper` finds it.
    """
    answers: dict[int, Answer] = {}
    waiting: Sequence[int] = range(len(relative_urls))
    size = largest
    for round_number in range(ROUNDS):
        await graph.context.clock.sleep(PAUSE_SECONDS * round_number)
        for part in (waiting[i : i + size] for i in range(0, len(waiting), size)):
            told = await _ask_once(graph, [relative_urls[index] for index in part], label)
            answers.update(zip(part, told, strict=True))
            if (stop := stopper(told)) is not None:
                return [answers.get(index, stop) for index in range(len(relative_urls))]
        waiting = [index for index in waiting if _worth_asking_again(answers[index])]
        if not waiting:
            break
        size = max(1, min(size, len(waiting)) // 2)
    return [answers[index] for index in range(len(relative_urls))]


def stopper(answers: Iterable[Answer]) -> AnalyticsSyncError | None:
    """The first failure that stops the whole account; None when there is none."""
    for answer in answers:
        if isinstance(answer, AnalyticsSyncError) and not isinstance(answer, CallFailed):
            return answer
    return None


async def _ask_once(graph: Graph, relative_urls: Sequence[str], label: str) -> list[Answer]:
    """One POST. When it fails as a whole, its failure is every item's answer."""
    call = graph.batch_call(relative_urls, label)
    try:
        reply = await graph.context.send(call)
        items = _items(reply, label)
    except AnalyticsSyncError as failure:
        return [_for_each_item(failure)] * len(relative_urls)
    padded = [*items, *([None] * len(relative_urls))][: len(relative_urls)]
    return [_judged(graph, call, item) for item in padded]


def _for_each_item(failure: AnalyticsSyncError) -> AnalyticsSyncError:
    if isinstance(failure, Temporary | AnswerNotUnderstood):
        return BatchFailed(failure.message, hint=failure.hint, code=failure.code)
    return failure


def _items(reply: Reply, label: str) -> list[Any]:
    body = reply.json()
    if isinstance(body, list):
        return body
    raise AnswerNotUnderstood(
        f"{label}: the answer to a batch must be a list, not {json.dumps(body)[:80]}",
        hint="Tried again next run.",
    )


def _judged(graph: Graph, call: Call, item: Any) -> Answer:
    """One item by the account's rules, as if it had been a request of its own."""
    reply = item_reply(item)
    if reply is None:
        return Temporary(f"{call.label}: an item of the batch timed out at the platform")
    reply = replace(reply, label=call.label)
    failure = graph.context.rules.failure(call, reply, graph.context.clock.now())
    if isinstance(failure, AnalyticsSyncError):
        return failure
    if failure is not None:
        return CallFailed(str(failure))
    try:
        return json_object(reply, call.label)
    except AnswerNotUnderstood as problem:
        return problem


def _worth_asking_again(answer: Answer) -> bool:
    return isinstance(answer, Temporary) or (isinstance(answer, Refused) and wants_less(answer))
