"""The items of a Graph batch answer, each as an answer of its own (Meta docs: Batch Requests)."""

from typing import Any

from analytics_sync.domain.metrics import as_count
from analytics_sync.transport.call import Reply, read_json


def item_replies(reply: Reply) -> list[Reply]:
    """The answered items of a batch's answer; none when it is no batch's answer.

    The answer is an array; nothing else that the Graph API sends is one.
    """
    if reply.body.lstrip()[:1] != b"[":
        return []
    try:
        items = read_json(reply.body)
    except (ValueError, RecursionError):
        return []
    return [answer for answer in map(item_reply, items) if answer is not None]


def item_reply(item: Any) -> Reply | None:
    """One item's answer; None for the `null` of a request that timed out, or for a malformed one."""
    if not isinstance(item, dict):
        return None
    status, body = as_count(item.get("code")), item.get("body")
    if status is None or not isinstance(body, str):
        return None
    return Reply(status, _headers(item.get("headers")), body.encode())


def _headers(told: Any) -> dict[str, str]:
    """The headers, given as a list of {"name", "value"}."""
    entries = told if isinstance(told, list) else ()
    return {
        entry["name"].lower(): entry["value"]
        for entry in entries
        if isinstance(entry, dict)
        and isinstance(entry.get("name"), str)
        and isinstance(entry.get("value"), str)
    }
