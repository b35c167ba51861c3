"""What callers may say: ids, spans, times and places in a listing, each within its bounds."""

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any, Final

from fastapi import Path, Query
from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from analytics_sync.clock import EPOCH, from_milliseconds, to_milliseconds
from analytics_sync.errors import WrongUsage
from analytics_sync.platforms import all_platforms, names_meant

LARGEST_ID: Final = 2**31 - 1
# 90 days, the longest span between two runs of a job.
LONGEST_HOURS: Final = 2160
LARGEST_PAGE: Final = 500
LATEST: Final = datetime(9998, 1, 1, tzinfo=UTC)
LONGEST_TIME: Final = 64


def _moment(value: Any) -> datetime:
    """A date, or a time with its zone; kept within what databases hold."""
    text = value.strip().upper() if isinstance(value, str) else ""
    # A second more than a minute has is inserted now and then.
    text = text.replace(":60", ":59")
    try:
        found = datetime.fromisoformat(text[:LONGEST_TIME])
    except ValueError:
        raise ValueError(
            "write a date like 2026-11-23 or a time like 2026-11-23T14:00:00Z"
        ) from None
    if found.tzinfo is None:
        if ":" in text or "T" in text:
            raise ValueError("the time has no zone; write it like 2026-11-23T14:00:00Z")
        found = found.replace(tzinfo=UTC)
    try:
        found = found.astimezone(UTC)
    except OverflowError:
        return EPOCH if found.year == 1 else LATEST
    return min(max(found, EPOCH), LATEST)


_MOMENT = {
    "anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]
}


def _platform(value: str) -> str:
    try:
        names_meant(value)
    except WrongUsage as error:
        raise ValueError(f"{error.message} {error.hint}") from None
    return value


def _known_names() -> list[str]:
    known = all_platforms().values()
    return sorted({name for one in known for name in (one.name, *one.aliases, one.family) if name})


BusinessPath = Annotated[int, Path(ge=1, le=LARGEST_ID, description="The business's id.")]
BusinessQuery = Annotated[int, Query(ge=1, le=LARGEST_ID, description="A business's id.")]
RunPath = Annotated[int, Path(ge=1, le=LARGEST_ID, description="The run's id.")]
Hours = Annotated[int, Query(ge=1, le=LONGEST_HOURS, description="Hours between two runs.")]
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="Rows of a page, at most.")]
Moment = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema(_MOMENT)]
PlatformName = Annotated[
    str,
    AfterValidator(_platform),
    WithJsonSchema({"type": "string", "enum": _known_names()}),
]
PostPath = Annotated[
    str,
    Path(min_length=1, max_length=300, pattern=r"^[!-.0-~]+$", description="The platform's id."),
]
Cursor = Annotated[
    str,
    Query(
        min_length=1,
        max_length=300,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="`next_cursor` of the page before; leave all else as it was.",
    ),
]


def make_cursor(moment: datetime, id: int, listing: Sequence[object]) -> str:
    """Where the next page of a listing begins; `listing`: what was asked for."""
    told = json.dumps([to_milliseconds(moment), id, _mark(listing)]).encode()
    return base64.urlsafe_b64encode(told).rstrip(b"=").decode()


def read_cursor(cursor: str, listing: Sequence[object]) -> tuple[datetime, int]:
    """:raises WrongUsage: we never gave it, or for another listing."""
    try:
        told = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        milliseconds, id, mark = told
        if type(milliseconds) is int and type(id) is int and mark == _mark(listing):
            moment = from_milliseconds(milliseconds)
            if 0 <= id <= LARGEST_ID and moment < LATEST:
                return moment, id
    except (binascii.Error, ValueError, TypeError, OverflowError, RecursionError):
        pass
    raise WrongUsage(
        "The cursor belongs to no page of this listing.",
        hint="Take `next_cursor` as it was answered, with the same other parameters; or leave it out.",
        code="cursor_invalid",
    )


def _mark(listing: Sequence[object]) -> str:
    return sha256(repr(list(listing)).encode()).hexdigest()[:12]
