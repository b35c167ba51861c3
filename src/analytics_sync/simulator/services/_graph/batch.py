"""Many requests in one: order kept, bodies as strings, each item judged and charged alone.

Source: Meta, "Batch Requests".
"""

import json
from typing import Any

from analytics_sync.simulator.services._graph.app import GraphApp, Outcome
from analytics_sync.simulator.services._graph.call import Call
from analytics_sync.simulator.services._graph.errors import (
    GraphError,
    bad_parameter,
    too_many_items,
    unsupported,
)
from analytics_sync.simulator.services._graph.faults import token_faults, whole_faults
from analytics_sync.simulator.services._graph.finder import usual_budget
from analytics_sync.simulator.services._graph.request import GraphRequest
from analytics_sync.simulator.services._graph.tokens import authenticate

MOST_ITEMS = 50
LABEL = "batch"


def run_batch(app: GraphApp, asked: GraphRequest) -> Outcome:
    """`POST /{version}/` with `batch`; its own token is needed even if every item has one.

    Switch `instagram.batch` (False): whether Instagram's host takes batches.
    """
    call: Call | None = None
    try:
        call = Call(app.host, asked, authenticate(app.host, asked), label=LABEL)
        token_faults(call)
        if not app.host.flag("batch", default=app.host.name == "facebook"):
            raise unsupported("post", instagram=True)
        whole_faults(call)
        items = _items(asked.params["batch"])
    except GraphError as error:
        return app.refused(error, call, LABEL)
    with_headers = asked.params.get("include_headers", "true").lower() not in {"false", "0"}
    answers = [_answer(app, asked, item, with_headers=with_headers) for item in items]
    headers = app.usage.headers(usual_budget(call))
    return Outcome(200, answers, headers, LABEL, len(items))


def _items(text: str) -> list[Any]:
    """:raises GraphError: no array, or more than 50 items."""
    try:
        items = json.loads(text)
    except ValueError as error:
        raise bad_parameter("param batch must be an array.") from error
    if not isinstance(items, list):
        raise bad_parameter("param batch must be an array.")
    if len(items) > MOST_ITEMS:
        raise too_many_items()
    return items


def _answer(app: GraphApp, asked: GraphRequest, item: Any, *, with_headers: bool) -> Any:
    """One element of the answer: None for a sub-request that did not end in time."""
    outcome, target = _perform(app, asked, item)
    journal, name = app.host.world.journal, app.host.name
    journal.labels[f"{name} batch item {outcome.label}"] += 1
    if app.host.world.faults.asks(name, target, "null_item"):
        return None
    answer: dict[str, Any] = {"code": outcome.status}
    if with_headers:
        headers = {
            "Facebook-API-Version": asked.version,
            "Content-Type": "application/json; charset=UTF-8",
            **outcome.headers,
        }
        answer["headers"] = [{"name": name, "value": value} for name, value in headers.items()]
    answer["body"] = json.dumps(outcome.body, separators=(",", ":"))
    return answer


def _perform(app: GraphApp, asked: GraphRequest, item: Any) -> tuple[Outcome, str]:
    if not isinstance(item, dict) or not isinstance(item.get("relative_url"), str):
        error = bad_parameter("Each batch item needs a method and a relative_url")
        return app.refused(error, None), asked.target
    method, body = str(item.get("method", "GET")).upper(), item.get("body", "")
    request = asked.item(method, item["relative_url"], body if isinstance(body, str) else "")
    return app.perform(request), request.target
