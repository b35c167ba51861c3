"""Reads X's query parameters as strictly as X, and says what is wrong in X's words."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from analytics_sync.simulator.services._x.dialects import Dialect
from analytics_sync.simulator.services._x.problems import invalid_request

Given = Mapping[str, Sequence[str]]
# From a parameter's name and text to its value and the messages of what is wrong with it.
Check = Callable[[str, str], tuple[Any, list[str]]]

ID = re.compile(r"[0-9]{1,19}")
INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?Z")
# The earliest time that timelines take.
EARLIEST = datetime(2010, 11, 6, tzinfo=UTC)


def given_in(query: str) -> dict[str, list[str]]:
    """Every parameter with every value it was given, in order."""
    given: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        given.setdefault(name, []).append(value)
    return given


def read(
    given: Given, expected: Mapping[str, Check], required: Sequence[str], dialect: Dialect
) -> dict[str, Any]:
    """The values of the given parameters.

    :raises Problem: unknown, repeated, missing or wrong ones, all told at once.
    """
    values: dict[str, Any] = {}
    errors = [
        _error({name: []}, f"The `{name}` query parameter can not be empty")
        for name in required
        if name not in given
    ]
    for name, check in expected.items():
        if name in given:
            values[name], wrong = _one(name, given[name], check)
            errors.extend(_error({name: given[name]}, message) for message in wrong)
    names = ",".join(name for name in expected if "." not in name or _spoken(name, dialect))
    errors.extend(
        _error({name: texts}, f"The query parameter [{name}] is not one of [{names}]")
        for name, texts in given.items()
        if name not in expected
    )
    if errors:
        raise invalid_request(dialect, errors)
    return values


def _spoken(name: str, dialect: Dialect) -> bool:
    return not name.startswith(("tweet.", "post.")) or name == dialect.fields_parameter


def _error(parameters: Mapping[str, Sequence[str]], message: str) -> dict[str, Any]:
    return {"parameters": {k: list(v) for k, v in parameters.items()}, "message": message}


def _one(name: str, texts: Sequence[str], check: Check) -> tuple[Any, list[str]]:
    value = None
    wrong: list[str] = []
    for text in texts:
        if text:
            value, messages = check(name, text)
            wrong.extend(messages)
        else:
            wrong.append(f"The `{name}` query parameter can not be empty")
    if len(texts) > 1:
        wrong.append(f"Duplicate parameters are not allowed: the `{name}` query parameter")
    return value, wrong


def identifier(name: str, text: str) -> tuple[str, list[str]]:
    return text, [] if ID.fullmatch(text) else [_not_valid(name, text)]


def identifiers(repeats: str) -> Check:
    """1 to 100 ids; `repeats` says what becomes of one that is given twice."""

    def check(name: str, text: str) -> tuple[list[str], list[str]]:
        ids = text.split(",")
        wrong = [_not_valid(name, one) for one in ids if not ID.fullmatch(one)]
        if len(ids) > 100:
            wrong.append(
                f"The number of values in the `{name}` query parameter list [{len(ids)}] is not "
                "between 1 and 100"
            )
        distinct = list(dict.fromkeys(ids))
        if repeats == "refuse" and len(distinct) < len(ids):
            wrong.append(f"The `{name}` query parameter list has duplicate values")
        return ids if repeats == "repeat" else distinct, wrong

    return check


def words(
    allowed: Sequence[str],
    *,
    drop: bool,
    withheld: frozenset[str] = frozenset(),
    synonyms: Mapping[str, str] | None = None,
) -> Check:
    """A comma list of known words; unknown ones are dropped in silence, or refused."""
    known = [word for word in allowed if word not in withheld]

    def check(name: str, text: str) -> tuple[frozenset[str], list[str]]:
        given = [(synonyms or {}).get(word, word) for word in text.split(",")]
        unknown = [] if drop else [word for word in given if word not in known]
        return frozenset(given) & frozenset(known), [
            f"The `{name}` query parameter value [{word}] is not one of [{','.join(known)}]"
            for word in unknown
        ]

    return check


def whole(least: int, most: int) -> Check:
    def check(name: str, text: str) -> tuple[int, list[str]]:
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            return least, [_not_valid(name, text)]
        if not least <= int(text) <= most:
            message = f"value [{text}] is not between {least} and {most}"
            return least, [f"The `{name}` query parameter {message}"]
        return int(text), []

    return check


def instant(name: str, text: str) -> tuple[datetime, list[str]]:
    """RFC 3339 in UTC; fractions of a second are taken and ignored."""
    form = INSTANT.fullmatch(text)
    try:
        moment = datetime.fromisoformat(form[1]).replace(tzinfo=UTC) if form else None
    except ValueError:
        moment = None
    if moment is None:
        return EARLIEST, [_not_valid(name, text)]
    if moment < EARLIEST:
        return EARLIEST, [f"Invalid '{name}':'{text}'. '{name}' must be on or after 2010-11-06"]
    return moment, []


def _not_valid(name: str, text: str) -> str:
    return f"The `{name}` query parameter value [{text}] is not valid"
