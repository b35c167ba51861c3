"""Column types: an instant in UTC, and JSON text."""

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

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no zone")
        milliseconds = to_milliseconds(value)
        return milliseconds if dialect.name == "sqlite" else from_milliseconds(milliseconds)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if dialect.name == "sqlite":
            return from_milliseconds(value)
        moment: datetime = value
        return moment.astimezone(UTC)
