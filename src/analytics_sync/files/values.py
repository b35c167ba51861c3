"""Reads the values of a record's fields, and refuses those of the wrong form."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from analytics_sync.domain.metrics import COLUMNS, Number, as_count, as_number
from analytics_sync.domain.records import POST_KINDS
from analytics_sync.files.outcome import Refused, shown

# What both databases hold as an id.
LARGEST_ID: Final = 2**31 - 1
# None of the platforms is older; and a date that lies further ahead is a mistake in the file.
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
FURTHEST: Final = timedelta(days=366)


def text(fields: Mapping[str, Any], name: str) -> str | None:
    """A text as it stands; None where there is none. Whole numbers are taken as their digits."""
    value = fields.get(name)
    if isinstance(value, str):
        return _storable(value, name) if value else None
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        raise Refused(name, f"{name} is a number that may have lost digits; put it in quotes.")
    raise Refused(name, f"{name} must be a text.")


def _storable(value: str, name: str) -> str:
    """The text, if every database can hold it."""
    if "\0" in value:
        raise Refused(name, f"{name} holds a NUL character.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Refused(name, f"{name} holds half of a character (a lone surrogate).") from None
    return value


def word(fields: Mapping[str, Any], name: str) -> str | None:
    """A text without the spaces around it; None where nothing is left."""
    found = text(fields, name)
    return (found.strip() or None) if found is not None else None


def needed(fields: Mapping[str, Any], name: str) -> str:
    found = word(fields, name)
    if found is None:
        raise Refused(name, f"{name} is missing.")
    return found


def moment(fields: Mapping[str, Any], name: str, now: datetime) -> datetime:
    """A time with a zone, in UTC."""
    said = needed(fields, name)
    form = "write it like 2026-11-23T14:00:00Z"
    try:
        found = datetime.fromisoformat(said)
        found = found if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused(name, f"{name} {shown(said)} is not a time; {form}.") from None
    if found.tzinfo is None:
        raise Refused(name, f"{name} {shown(said)} is without a zone; {form}.")
    if found < EARLIEST:
        raise Refused(name, f"{name} {shown(said)} lies before the year 2000.")
    if found - now > FURTHEST:
        raise Refused(name, f"{name} {shown(said)} lies more than a year ahead.")
    return found


def id_of(fields: Mapping[str, Any], name: str) -> int | None:
    """An id of the old system; None where none is said."""
    said = word(fields, name)
    if said is None:
        return None
    if not (said.isascii() and said.isdigit() and len(said) <= 10 and 0 < int(said) <= LARGEST_ID):
        words = f"{name} {shown(said)} is not a whole number from 1 to {LARGEST_ID}."
        raise Refused(name, words)
    return int(said)


def kind(fields: Mapping[str, Any]) -> str | None:
    """The kind of a post; one that is not known is kept as it stands."""
    said = word(fields, "kind")
    if said is None:
        return None
    return said.lower() if said.lower() in POST_KINDS else said


def zone(fields: Mapping[str, Any]) -> str | None:
    """A zone of the IANA list."""
    said = word(fields, "timezone")
    try:
        return said and ZoneInfo(said).key
    except (ValueError, OSError, LookupError):
        raise Refused("timezone", f"timezone: there is no zone {shown(said)}.") from None


def web_address(fields: Mapping[str, Any], name: str) -> str | None:
    """An address that a browser may be sent to."""
    said = word(fields, name)
    if said is not None and not said.lower().startswith(("https://", "http://")):
        raise Refused(name, f"{name} {shown(said)} does not begin with https://.")
    return said


def numbers(fields: Mapping[str, Any]) -> dict[str, int]:
    """The canonical columns that are said."""
    said = {}
    for name in COLUMNS:
        value = fields.get(name)
        if value is None or value == "":
            continue
        count = as_count(value)
        if count is None:
            raise Refused(name, f"{name} {shown(value)} is not a whole number.")
        said[name] = count
    return said


def own_numbers(fields: Mapping[str, Any]) -> dict[str, Number]:
    """`extra`: numbers under the platform's own names."""
    told = fields.get("extra")
    if told is None:
        return {}
    if not isinstance(told, dict):
        raise Refused("extra", "extra must be an object of names and numbers.")
    found = {}
    for name, value in told.items():
        number = as_number(value)
        if value is not None and number is None:
            raise Refused("extra", f"extra: {shown(name)} is not a number.")
        if number is not None:
            found[_storable(name, "extra")] = number
    return found
