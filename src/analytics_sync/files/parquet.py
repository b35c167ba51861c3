"""Writes Parquet, where the package for it is installed."""

import json
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from typing import Any, BinaryIO, Final

from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.errors import ConfigurationInvalid
from analytics_sync.store.exports import EXPORT_COLUMNS

# Rows of one row group: read as a whole, so enough to compress well and to stay small in memory.
GROUP: Final = 20_000


def check_parquet() -> None:
    """:raises ConfigurationInvalid: the package is missing; says how to get it."""
    if find_spec("pyarrow") is None:
        raise ConfigurationInvalid(
            ["Parquet needs the package pyarrow, which is not installed"],
            hint="pip install 'analytics-sync[parquet]'",
            code="extra_missing",
        )


def write_parquet(found: Iterable[Mapping[str, Any]], sink: BinaryIO) -> None:
    """Typed columns: ids as text, times in UTC with milliseconds, counts with 64 bits.

    `extra` is JSON text.
    """
    pa, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    schema = _schema(pa)
    with parquet.ParquetWriter(sink, schema, compression="zstd") as writer:
        for group in _groups(iter(found)):
            columns = [
                pa.array([_value(name, row) for row in group], schema.field(name).type)
                for name in EXPORT_COLUMNS
            ]
            writer.write_batch(pa.record_batch(columns, schema=schema))


def _schema(pa: Any) -> Any:
    time = pa.timestamp("ms", tz="UTC")
    types = {"business_id": pa.int64(), "published_at": time, "captured_at": time}
    types |= dict.fromkeys(COLUMNS, pa.int64())
    return pa.schema([(name, types.get(name, pa.string())) for name in EXPORT_COLUMNS])


def _value(name: str, row: Mapping[str, Any]) -> Any:
    return json.dumps(row[name], ensure_ascii=False) if name == "extra" else row[name]


def _groups(found: Iterator[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    while group := list(islice(found, GROUP)):
        yield group
