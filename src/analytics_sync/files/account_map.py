"""Reads which business each account of a log-in belongs to, from a file."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, NamedTuple

from analytics_sync.errors import WrongUsage
from analytics_sync.files.directory import Directory, account_id
from analytics_sync.files.lines import Stream
from analytics_sync.files.outcome import Refusal, Refused
from analytics_sync.files.records import Record
from analytics_sync.files.source import records
from analytics_sync.platforms._contract import Platform
from analytics_sync.store.database import Database

COLUMNS: Final = ("platform_account_id", "business_id", "business")


class MapLine(NamedTuple):
    """The business of one account."""

    line: int
    platform_account_id: str
    business_id: int


def read_map(
    database: Database, stream: Stream, name: str, platform: Platform
) -> tuple[list[MapLine], list[Refusal]]:
    """The lines of a map, and those that name no account's id or no business there is.

    :raises WrongUsage: a column is missing, or the header can't be read.
    """
    directory = Directory.of(database)
    taken: list[MapLine] = []
    refused: list[Refusal] = []
    for found in _lines(records(stream, name, COLUMNS, _check), directory, platform):
        if isinstance(found, Refusal):
            refused.append(found)
        else:
            taken.append(found)
    return taken, refused


def _lines(
    found: Iterator[Record | Refusal], directory: Directory, platform: Platform
) -> Iterator[MapLine | Refusal]:
    for record in found:
        if isinstance(record, Refusal):
            yield record
            continue
        try:
            yield _map_line(record.line, record.fields, directory, platform)
        except Refused as refused:
            yield Refusal(record.line, refused.field, refused.message)


def _map_line(
    line: int, fields: Mapping[str, Any], directory: Directory, platform: Platform
) -> MapLine:
    wanted = account_id(platform, fields)
    return MapLine(line, wanted, directory.business(fields).id)


def _check(names: Collection[str]) -> None:
    missing = [] if "platform_account_id" in names else ["platform_account_id"]
    if not {"business_id", "business"} & set(names):
        missing.append("business")
    if missing:
        raise WrongUsage(
            f"--map: the file has no column {' and no column '.join(missing)}.",
            hint="Its first line must name the columns: platform_account_id, business (id or name).",
        )
