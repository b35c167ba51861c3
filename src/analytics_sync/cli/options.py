"""Options that many commands share, and how commands open the installation and answer."""

import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from enum import Enum, auto
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analytics_sync import logs
from analytics_sync.clock import iso
from analytics_sync.errors import WrongUsage

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from analytics_sync.store.businesses import BusinessRow
    from analytics_sync.wiring import Installation

Json = Annotated[bool, typer.Option("--json", help="Answer with one JSON document.")]
BusinessOption = Annotated[
    str | None, typer.Option("--business", "-b", help="A business, by id or name.")
]
PlatformOption = Annotated[
    str | None, typer.Option("--platform", "-p", help="linkedin, x, facebook or instagram.")
]


class Verbosity(Enum):
    """How much goes to standard error; the log file always gets everything."""

    QUIET = auto()
    USUAL = auto()
    LOUD = auto()


_verbosity = Verbosity.USUAL


def set_verbosity(wanted: Verbosity) -> None:
    global _verbosity  # noqa: PLW0603 - one command line, one process
    _verbosity = wanted


@contextmanager
def opened() -> "Iterator[Installation]":
    """The installation that this environment names, with logging set up.

    :raises ConfigurationInvalid: the settings have mistakes.
    """
    from analytics_sync.logs.setup import set_up
    from analytics_sync.wiring import installation

    with installation() as found:
        set_up(found.home.logs, found.environ, level=_level(found.settings.log_level))
        yield found


def _level(configured: str | None) -> int | None:
    """What standard error shows: option, then setting; None leaves it to the place."""
    levels = {Verbosity.QUIET: logging.ERROR, Verbosity.LOUD: logging.DEBUG}
    named = logging.getLevelNamesMapping().get((configured or "").upper())
    return levels.get(_verbosity, named)


def answer(document: Mapping[str, Any], *, as_json: bool, human: Callable[[], None]) -> None:
    """Print the document as JSON, or let `human` print it for people."""
    if as_json:
        sys.stdout.write(in_json(document) + "\n")
    else:
        human()


def in_json(document: Mapping[str, Any]) -> str:
    """JSON text, with times in their usual form, and without any secret that is known by now."""
    # Elsewhere letters beyond ASCII would be shown in a form that is no JSON.
    utf_8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    return logs.concealed(json.dumps(document, default=_plain, ensure_ascii=not utf_8))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def business_of(connection: "Connection", text: str | None) -> "BusinessRow | None":
    """The business that was named, if one was.

    :raises WrongUsage: there is none of this id or name.
    """
    from analytics_sync.store import businesses

    return businesses.find(connection, text) if text is not None else None


def moment(text: str | None, option: str) -> datetime | None:
    """A date or time that was typed; without a zone it is UTC.

    :raises WrongUsage: it is neither.
    """
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text.strip())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise WrongUsage(
            f"{option}: {text!r} is not a date or time.",
            hint="Write 2026-11-23, or 2026-11-23T14:00:00Z.",
        ) from None
