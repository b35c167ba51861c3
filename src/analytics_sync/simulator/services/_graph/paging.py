"""Pages of a listing: cursors, limits, and links to the next page.

Source: Meta, "Paginated results". Stop only when `next` is absent: pages may be empty.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from analytics_sync.simulator.services._graph.call import Call, Options
from analytics_sync.simulator.services._graph.errors import Answer, bad_parameter

Item = TypeVar("Item")
USUAL_LIMIT = 25
LARGEST_LIMIT = 100
# Parameters of the request that its own links repeat.
REPEATED = ("fields", "since", "until", "include_hidden", "show_expired", "with", "summary")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cursor points: at an item, or where it stood before it vanished."""

    index: int
    identity: str
    rested: bool = False

    def encode(self, edge: str) -> str:
        text = f"{edge}|{self.index}|{self.identity}|{int(self.rested)}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str, edge: str) -> Place:
    """:raises GraphError: code 100, not a cursor of this edge."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        name, index, identity, rested = text.split("|")
        place = Place(int(index), identity, rested == "1")
    except (ValueError, binascii.Error) as error:
        raise bad_parameter("Invalid cursors values") from error
    if name != edge:
        raise bad_parameter("Invalid cursors values")
    return place


def limit_of(options: Options, *, refuse_more: bool, usual: int = USUAL_LIMIT) -> int:
    """`limit`; more than 100 is refused by Pages and cut by Instagram."""
    limit = options.count("limit", usual)
    if limit > LARGEST_LIMIT and refuse_more:
        raise bad_parameter(f"Param limit must be at most {LARGEST_LIMIT}")
    return min(limit, LARGEST_LIMIT)


def listing(
    call: Call,
    options: Options,
    items: Sequence[Item],
    identify: Callable[[Item], str],
    show: Callable[[Item], Answer],
    *,
    limit: int,
) -> Answer:
    """`{"data": [...], "paging": {...}}` for one page of `items`.

    The fault "empty_page", or the switch `<host>.empty_pages`, puts an empty page that has a
    `next` before the page that was asked for.
    """
    edge = options.path.rpartition("/")[2]
    positions = {identify(item): index for index, item in enumerate(items)}
    start, end, rested = _window(options, edge, positions, limit)
    if not rested and limit and start < len(items) and _rests(call):
        return _empty_page(call, options, edge, start, limit)
    shown = items[start:end]
    answer: Answer = {"data": [show(item) for item in shown]}
    if shown:
        first, last = (
            Place(start, identify(shown[0])).encode(edge),
            Place(start + len(shown) - 1, identify(shown[-1])).encode(edge),
        )
        answer["paging"] = {"cursors": {"before": first, "after": last}}
        if end < len(items):
            answer["paging"]["next"] = _link(call, options, limit, after=last)
        if start > 0:
            answer["paging"]["previous"] = _link(call, options, limit, before=first)
    return answer


def _window(
    options: Options, edge: str, positions: dict[str, int], limit: int
) -> tuple[int, int, bool]:
    """First and last index of the page, and whether the empty page before it was given."""
    after, before = options.params.get("after"), options.params.get("before")
    if after:
        place = decode(after, edge)
        start = place.index + place.rested
        if place.identity in positions:
            start = positions[place.identity] + 1
        return start, start + limit, place.rested
    if before:
        place = decode(before, edge)
        end = positions.get(place.identity, place.index)
        return max(0, end - limit), end, place.rested
    return 0, limit, False


def _rests(call: Call) -> bool:
    return call.host.flag("empty_pages") or call.fault("empty_page") is not None


def _empty_page(call: Call, options: Options, edge: str, start: int, limit: int) -> Answer:
    """Nothing here, and yet more to come."""
    cursor = Place(start - 1, "", rested=True).encode(edge)
    return {
        "data": [],
        "paging": {
            "cursors": {"before": cursor, "after": cursor},
            "next": _link(call, options, limit, after=cursor),
        },
    }


def _link(call: Call, options: Options, limit: int, **cursor: str) -> str:
    repeated = {name: options.params[name] for name in REPEATED if name in options.params}
    return call.link(options.path, {**repeated, "limit": str(limit), **cursor})
