"""Reads insights rows, and finds the metrics that spoil a call for all the others."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from analytics_sync.domain.metrics import Number, as_count, as_number
from analytics_sync.errors import Refused
from analytics_sync.platforms._graph.errors import codes, field_missing

LIFETIME: Final = "lifetime"

# A metric's value as it was said: a number, or an object of numbers by kind of action.
Said = Number | dict[str, Number]

_UNSUPPORTED = re.compile(r"does not support the (.*?) metrics?\b", re.DOTALL)
_ONE_OF = re.compile(r"metric\[(\d+)\] must be one of(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class MetricRefusal:
    """A whole insights call was refused for some of its metrics.

    `retired`: the names are not known to the platform any more; otherwise this object has not got
    them. `names` is empty when the platform does not tell which: then `culprits` finds them.
    """

    retired: bool
    names: tuple[str, ...]


def metric_refusal(refusal: Refused, asked: Sequence[str]) -> MetricRefusal | None:
    """What a refusal says about the metrics asked for; None when it is about something else."""
    if codes(refusal)[0] != 100 or field_missing(refusal) is not None:
        return None
    if match := _UNSUPPORTED.search(refusal.detail):
        return MetricRefusal(retired=False, names=_named(asked, match[1]))
    if match := _ONE_OF.search(refusal.detail):
        return MetricRefusal(retired=True, names=_not_among(asked, int(match[1]), match[2]))
    if "must be a valid insights metric" in refusal.detail:
        return MetricRefusal(retired=True, names=())
    # Messages may be in the caller's language; names of metrics stay as they are.
    named = _named(asked, refusal.detail)
    return MetricRefusal(retired=False, names=named) if named else None


async def culprits(
    names: Sequence[str],
    ask: Callable[[Sequence[Sequence[str]]], Awaitable[Sequence[Any]]],
    is_refusal: Callable[[Any], bool],
    *,
    pieces: int = 2,
) -> tuple[str, ...]:
    """The names that are refused even alone, found by cutting a refused list into pieces.

    `ask` puts one question for each list of names and returns their answers in order.
    `is_refusal` tells an answer that refuses its list. `pieces`: 2 where each question is a
    request; 50 where one batch asks them all, so that one round is enough. A failure of another
    kind clears its names: it says nothing against them.
    """
    found: list[str] = list(names) if len(names) == 1 else []
    suspects: list[Sequence[str]] = [] if found else [list(names)]
    while suspects:
        lists = [part for suspect in suspects for part in _cut(suspect, pieces)]
        answers = await ask(lists)
        refused = [part for part, told in zip(lists, answers, strict=True) if is_refusal(told)]
        found += [part[0] for part in refused if len(part) == 1]
        suspects = [part for part in refused if len(part) > 1]
    return tuple(name for name in names if name in found)


def said_metrics(
    rows: Iterable[Mapping[str, Any]], period: str | None = LIFETIME, *, place: int = -1
) -> dict[str, Said]:
    """The value of each metric that was said, from rows of an insights answer.

    `total_value` when present, else the element of `values` at `place`: the last on Facebook, the
    first on Instagram. Rows of another period are passed over: some metrics exist per day too. An
    empty `data` says nothing, which is not zero.
    """
    said: dict[str, Said] = {}
    for row in rows:
        name, value = row.get("name"), _value(row, place)
        if isinstance(name, str) and row.get("period", period) == period and value is not None:
            said[name] = value
    return said


def flattened(said: Mapping[str, Said]) -> dict[str, Number]:
    """Every number under the platform's own name; those of objects as `metric.key`."""
    flat: dict[str, Number] = {}
    for name, value in said.items():
        if isinstance(value, dict):
            flat.update({f"{name}.{key}": number for key, number in value.items()})
        else:
            flat[name] = value
    return flat


def count_of(value: Any) -> int | None:
    """A metric's value as a whole number; None for an object or when it was not said."""
    return None if isinstance(value, dict) else as_count(value)


def total_of(value: Said | None) -> int | None:
    """The sum of an object's numbers (all reactions; 0 for `{}`), or the number itself."""
    if isinstance(value, dict):
        return sum(filter(None, map(as_count, value.values())))
    return as_count(value)


def part_of(value: Said | None, key: str) -> int | None:
    """One number of an object, its key compared without regard to case; None when not said."""
    if not isinstance(value, dict):
        return None
    return next((as_count(n) for k, n in value.items() if k.lower() == key.lower()), None)


def _value(row: Mapping[str, Any], place: int) -> Said | None:
    total = row.get("total_value")
    if isinstance(total, dict) and "value" in total:
        return _said(total["value"])
    values = row.get("values")
    chosen = values[place] if isinstance(values, list) and values else None
    return _said(chosen.get("value")) if isinstance(chosen, dict) else None


def _said(value: Any) -> Said | None:
    if isinstance(value, dict):
        numbers = {str(key): as_number(number) for key, number in value.items()}
        told = {key: number for key, number in numbers.items() if number is not None}
        # Parts without a single number say nothing; `{}` says that there was nothing to count.
        return told if told or not value else None
    return as_number(value)


def _named(asked: Sequence[str], text: str) -> tuple[str, ...]:
    words = set(re.findall(r"\w+", text))
    return tuple(name for name in asked if name in words)


def _not_among(asked: Sequence[str], index: int, listed: str) -> tuple[str, ...]:
    """The names outside the list of allowed ones, or the one at fault by its place."""
    allowed = _named(asked, listed)
    if allowed:
        return tuple(name for name in asked if name not in allowed)
    return tuple(asked[index : index + 1])


def _cut(names: Sequence[str], pieces: int) -> list[Sequence[str]]:
    """Into at most `pieces` parts of about the same length, at least one name each."""
    size = max(1, -(-len(names) // pieces))
    return [names[start : start + size] for start in range(0, len(names), size)]
