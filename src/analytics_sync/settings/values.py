"""Turns what was written into values, and values into what is shown."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from analytics_sync.domain.masking import HIDDEN, mask, mask_path, mask_url
from analytics_sync.domain.spans import FORM as SPAN_FORM
from analytics_sync.domain.spans import format_span, parse_span
from analytics_sync.settings.address import check_address, check_ping_address
from analytics_sync.settings.database import check_database_url
from analytics_sync.settings.fields import Field, Kind

WORDS: Final = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
EVERY_RUN: Final = "every run"
OFF: Final = "off"
LARGEST: Final = 2**63 - 1
SHOWN_AT_MOST: Final = 80

Shown = str | int | float | bool | list[str] | None


def read(field: Field, raw: object) -> object:
    """The value that TOML or an option gave, in the form that the program uses.

    :raises ValueError: with words that say what is allowed, and never a secret's value.
    """
    return READERS[field.kind](field, raw)


def read_text(field: Field, text: str) -> object:
    """Like `read`, for the environment, where everything is text.

    :raises ValueError: as `read`.
    """
    return read(field, _typed(field.kind, text.strip()))


def _typed(kind: Kind, text: str) -> object:
    """The number or truth value that a text says where one is wanted, else the text."""
    if kind is Kind.FLAG:
        return WORDS.get(text.lower(), text)
    if kind is Kind.WHOLE and re.fullmatch(r"-?[0-9]{1,19}", text):
        return int(text)
    if kind is Kind.NUMBER and re.fullmatch(r"-?[0-9]{1,19}(\.[0-9]{1,19})?", text):
        return float(text)
    return text


def form(field: Field) -> str:
    """What is allowed, in words that follow "must be"."""
    if field.choices:
        return "one of " + ", ".join(field.choices)
    if field.form:
        return field.form
    return FORMS[field.kind] + _bounds(field)


def _bounds(field: Field) -> str:
    least, most = (
        format_span(timedelta(seconds=bound))
        if bound is not None and field.kind is Kind.SPAN
        else f"{bound:,}"
        if bound is not None
        else None
        for bound in (field.least, field.most)
    )
    if least is not None and most is not None:
        return f", from {least} to {most}"
    if least is not None:
        return f", at least {least}"
    return f", at most {most}" if most is not None else ""


def _text(field: Field, raw: object) -> str:
    # An all-digit id is easily written without its quotes.
    text = str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else raw
    if not isinstance(text, str) or not text:
        raise ValueError(f"must be {form(field)}")
    if field.choices and text not in field.choices:
        raise ValueError(f"must be {form(field)}")
    if field.pattern and not re.fullmatch(field.pattern, text):
        raise ValueError(f"must be {form(field)}")
    return text


def _number(field: Field, raw: object) -> int | float:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise ValueError(f"must be {form(field)}")  # noqa: TRY004 - told to a person, not a caller
    if not math.isfinite(raw) or abs(raw) > LARGEST or not _within(field, raw):
        raise ValueError(f"must be {form(field)}")
    return float(raw)


def _whole(field: Field, raw: object) -> int:
    if not isinstance(raw, int):
        raise ValueError(f"must be {form(field)}")  # noqa: TRY004
    _number(field, raw)
    return raw


def _within(field: Field, number: float) -> bool:
    return (field.least is None or number >= field.least) and (
        field.most is None or number <= field.most
    )


def _flag(field: Field, raw: object) -> bool:
    if not isinstance(raw, bool):
        raise ValueError(f"must be {form(field)}")  # noqa: TRY004
    return raw


def _span(field: Field, raw: object) -> timedelta:
    span = _any_span(field, raw)
    if not _within(field, span.total_seconds()):
        raise ValueError(f"must be {form(field)}")
    return span


def _any_span(field: Field, raw: object) -> timedelta:
    if not isinstance(raw, str):
        raise ValueError(f"must be {form(field)}, in quotes")  # noqa: TRY004
    try:
        return parse_span(raw)
    except ValueError:
        raise ValueError(f"must be {form(field)}") from None


def _cadence(field: Field, raw: object) -> timedelta | None:
    if raw == OFF:
        return None
    if raw == EVERY_RUN:
        return timedelta(0)
    span = _any_span(field, raw)
    if span < timedelta(minutes=1):
        raise ValueError(f"must be at least 1m, or {EVERY_RUN!r}")
    return span


def _command(field: Field, raw: object) -> tuple[str, ...]:
    """Words of a command: a list, or a text that is split as a shell would, but run without one."""
    import shlex

    try:
        words = shlex.split(raw) if isinstance(raw, str) else raw
    except ValueError as error:
        raise ValueError(f"can't be split into words: {error}") from None
    if not isinstance(words, list) or not words or not all(isinstance(w, str) for w in words):
        raise ValueError(f"must be {form(field)}")
    return tuple(words)


def _checked(check: Callable[[str], str]) -> Callable[[Field, object], str]:
    def reader(field: Field, raw: object) -> str:
        if not isinstance(raw, str):
            raise ValueError(f"must be {form(field)}")  # noqa: TRY004
        return check(raw)

    return reader


READERS: Final[Mapping[Kind, Callable[[Field, object], object]]] = {
    Kind.TEXT: _text,
    Kind.WHOLE: _whole,
    Kind.NUMBER: _number,
    Kind.FLAG: _flag,
    Kind.SPAN: _span,
    Kind.COMMAND: _command,
    Kind.ADDRESS: _checked(check_address),
    Kind.PING: _checked(check_ping_address),
    Kind.DATABASE: _checked(check_database_url),
    Kind.CADENCE: _cadence,
}
FORMS: Final = {
    Kind.TEXT: "a text that is not empty",
    Kind.WHOLE: "a whole number",
    Kind.NUMBER: "a number",
    Kind.FLAG: "true or false",
    Kind.SPAN: SPAN_FORM,
    Kind.COMMAND: "a command, or a list of its words",
    Kind.ADDRESS: "an address in quotes",
    Kind.PING: "an address in quotes",
    Kind.DATABASE: "an address in quotes",
    Kind.CADENCE: f"{EVERY_RUN!r}, {OFF!r} or {SPAN_FORM}",
}


def show(field: Field, value: object) -> Shown:
    """A value as `config show` and its JSON give it: spans as text, secrets masked."""
    if field.secret and value is not None:
        return mask_path(str(value)) if field.kind is Kind.PING else mask(str(value))
    if field.kind is Kind.CADENCE:
        return show_cadence(value if isinstance(value, timedelta) else None)
    if isinstance(value, timedelta):
        return format_span(value)
    if isinstance(value, tuple):
        return [str(word) for word in value]
    if field.kind in (Kind.DATABASE, Kind.ADDRESS) and isinstance(value, str):
        return mask_url(value)
    return value if isinstance(value, str | int | float | bool) else None


def show_cadence(every: timedelta | None) -> str:
    if every is None:
        return OFF
    return format_span(every) if every else EVERY_RUN


def show_raw(field: Field, raw: object) -> str:
    """What was written, for the words of a mistake: never a secret, never endless."""
    if field.secret:
        return HIDDEN
    if field.kind in (Kind.DATABASE, Kind.ADDRESS):
        # Without "://" nothing tells where in it a password stands.
        text = repr(mask_url(raw)) if isinstance(raw, str) and "://" in raw else HIDDEN
    else:
        text = str(raw).lower() if isinstance(raw, bool) else repr(raw)
    return text if len(text) <= SHOWN_AT_MOST else text[: SHOWN_AT_MOST - 1] + "…"
