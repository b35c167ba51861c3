"""Days, weeks and months as LinkedIn's statistics cut time, all in UTC."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from analytics_sync.clock import from_milliseconds, to_milliseconds
from analytics_sync.simulator.services._linkedin.resource import Asked
from analytics_sync.simulator.services._linkedin.restli import Value
from analytics_sync.simulator.services._linkedin.wire import JSON, field_invalid

DAY = timedelta(days=1)
WINDOW = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A span of time; `start` belongs to it, `end` does not."""

    start: datetime
    end: datetime

    def as_milliseconds(self) -> JSON:
        return {"start": to_milliseconds(self.start), "end": to_milliseconds(self.end)}

    def as_dates(self) -> JSON:
        return {"start": _parts(self.start), "end": _parts(self.end)}


def midnight(moment: datetime) -> datetime:
    return datetime.combine(moment.astimezone(UTC).date(), time(), UTC)


def buckets(span: Bucket, granularity: str) -> Iterator[Bucket]:
    """The whole days, weeks (from Monday) or months that touch the span."""
    start = midnight(span.start)
    if granularity == "WEEK":
        start -= timedelta(days=start.weekday())
    elif granularity == "MONTH":
        start = start.replace(day=1)
    while start < span.end:
        end = _next(start, granularity)
        yield Bucket(start, end)
        start = end


def _next(start: datetime, granularity: str) -> datetime:
    if granularity == "MONTH":
        return (start + timedelta(days=31)).replace(day=1)
    return start + (timedelta(days=7) if granularity == "WEEK" else DAY)


def time_intervals(
    asked: Asked, granularities: Collection[str], now: datetime
) -> tuple[Bucket, str]:
    """`timeIntervals=(timeRange:(start:..,end:..),timeGranularityType:DAY)`, in milliseconds.

    What lies before the last twelve months is left out; `end` is now when it is not said.

    :raises Refusal: 400, a field is missing, unknown or wrong.
    """
    name = "timeIntervals"
    record = asked.record(name)
    _only(name, record, {"timeRange", "timeGranularityType"})
    granularity = record.get("timeGranularityType")
    if not isinstance(granularity, str) or granularity not in granularities:
        raise field_invalid(f"{name}/timeGranularityType", f"one of {sorted(granularities)} needed")
    span = record.get("timeRange")
    if not isinstance(span, dict):
        raise field_invalid(f"{name}/timeRange", "Field is required")
    return clipped(time_range(f"{name}/timeRange", span, now), now - WINDOW, now), granularity


def time_range(name: str, record: Mapping[str, Value], now: datetime) -> Bucket:
    """`(start:..,end:..)` in milliseconds; `start` is required.

    :raises Refusal: 400.
    """
    _only(name, record, {"start", "end"})
    if "start" not in record:
        raise field_invalid(f"{name}/start", "Field is required")
    start = _moment(f"{name}/start", record["start"])
    end = _moment(f"{name}/end", record["end"]) if "end" in record else now
    if end <= start:
        raise field_invalid(name, "start is not before end")
    return Bucket(start, end)


def date_range(asked: Asked) -> Bucket | None:
    """`dateRange=(start:(day:1,month:11,year:2026),end:(...))`; None when it was not said.

    :raises Refusal: 400.
    """
    if not asked.has("dateRange"):
        return None
    record = asked.record("dateRange")
    _only("dateRange", record, {"start", "end"})
    start, end = (_day(f"dateRange/{side}", record.get(side)) for side in ("start", "end"))
    if end <= start:
        raise field_invalid("dateRange", "start is not before end")
    return Bucket(start, end)


def clipped(span: Bucket, earliest: datetime, latest: datetime) -> Bucket:
    """What of the span lies in a window; an empty span when nothing does."""
    start = max(span.start, earliest)
    return Bucket(start, max(start, min(span.end, latest)))


def _only(name: str, record: Mapping[str, Value], fields: Collection[str]) -> None:
    for field in record:
        if field not in fields:
            raise field_invalid(f"{name}/{field}", "unrecognized field found but not allowed")


def _whole(name: str, value: Value | None) -> int:
    if not isinstance(value, str) or not (value.isascii() and value.isdigit() and len(value) < 16):
        raise field_invalid(name, "a whole number is required")
    return int(value)


def _moment(name: str, value: Value) -> datetime:
    try:
        return from_milliseconds(_whole(name, value))
    except OverflowError:
        raise field_invalid(name, "out of range") from None


def _day(name: str, value: Value | None) -> datetime:
    if not isinstance(value, dict):
        raise field_invalid(name, "record type is not backed by a DataMap")
    _only(name, value, {"day", "month", "year"})
    year, month, day = (
        _whole(f"{name}/{part}", value.get(part)) for part in ("year", "month", "day")
    )
    try:
        return datetime.combine(date(year, month, day), time(), UTC)
    except (ValueError, OverflowError):
        raise field_invalid(name, "no such day") from None


def _parts(moment: datetime) -> JSON:
    return {"day": moment.day, "month": moment.month, "year": moment.year}
