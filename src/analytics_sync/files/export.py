"""Writes the history to a file: CSV, JSON Lines or Parquet."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from analytics_sync.clock import iso
from analytics_sync.errors import WrongUsage
from analytics_sync.files import target
from analytics_sync.files.formats import Format
from analytics_sync.files.parquet import check_parquet, write_parquet
from analytics_sync.store.database import Database
from analytics_sync.store.exports import EXPORT_COLUMNS, Wanted, rows

TIMES: Final = ("published_at", "captured_at")
Row = Mapping[str, Any]


def export(database: Database, wanted: Wanted, format: Format, name: str) -> int:
    """Write the rows to a file, or to standard output for `-`; returns how many there were.

    Columns and their order are `EXPORT_COLUMNS`. What was not said is an empty field in CSV and
    null elsewhere. Values are written as they are stored, so that an import gives the same again;
    ids and platforms have forms that no spreadsheet takes for a formula.

    :raises WrongUsage: no such place, or Parquet to a terminal.
    :raises ConfigurationInvalid: Parquet without the package that writes it.
    """
    if format is Format.PARQUET:
        if target.is_terminal(name):
            raise WrongUsage(
                "Parquet is no text for a terminal.",
                hint="Name a file: analytics-sync export parquet history.parquet",
            )
        check_parquet()
    write = {Format.CSV: write_csv, Format.JSONL: write_jsonl, Format.PARQUET: write_parquet}
    counted = Counted(rows(database, wanted))
    with target.opened(name) as sink:
        write[format](counted, sink)
    return counted.rows


class Counted:
    """Rows on their way, counted."""

    def __init__(self, found: Iterable[Row]) -> None:
        self._found = found
        self.rows = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._found:
            self.rows += 1
            yield row


def write_csv(found: Iterable[Row], sink: BinaryIO) -> None:
    """A header, and a line for each row; `extra` is JSON text."""
    writer = csv.writer(AsBytes(sink), lineterminator="\n")
    writer.writerow(EXPORT_COLUMNS)
    for row in found:
        plain = {**_plain(row), "extra": json.dumps(row["extra"], ensure_ascii=False)}
        writer.writerow(plain.values())


@dataclass(frozen=True, slots=True)
class AsBytes:
    """What the csv module writes text to."""

    sink: BinaryIO

    def write(self, text: str) -> int:
        return self.sink.write(text.encode())


def write_jsonl(found: Iterable[Row], sink: BinaryIO) -> None:
    """A JSON object a line; `extra` is an object."""
    sink.writelines(json.dumps(_plain(row), ensure_ascii=False).encode() + b"\n" for row in found)


def _plain(row: Row) -> dict[str, Any]:
    """The row with its times as text, in the order of the columns."""
    return {**row, **{name: iso(row[name]) for name in TIMES}}
