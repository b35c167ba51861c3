"""Column types: an instant in UTC, and JSON text."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from analytics_sync.clock import from_milliseconds, to_milliseconds


class Instant(TypeDecorator[datetime]):
    """An instant to the millisecond, always with a zone.

    SQLite keeps milliseconds since 1970 (it has no zones and loses them on reading), PostgreSQL
    a `timestamptz`. A time without a zone is refused before it reaches the database.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(DateTime(timezone=True))

    # The processors themselves instead of `process_bind_param` and `process_result_value`: a sync
    # converts instants by the thousand, and this is half the calls for each.

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        return _milliseconds if dialect.name == "sqlite" else _whole_milliseconds

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[Any], datetime | None]:
        return _from_milliseconds if dialect.name == "sqlite" else _in_utc


def _milliseconds(value: datetime | None) -> int | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError(f"{value} has no zone")
    return to_milliseconds(value)


def _whole_milliseconds(value: datetime | None) -> datetime | None:
    milliseconds = _milliseconds(value)
    return None if milliseconds is None else from_milliseconds(milliseconds)


def _from_milliseconds(value: int | None) -> datetime | None:
    return None if value is None else from_milliseconds(value)


def _in_utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)
