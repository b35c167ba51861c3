"""Writes `store/tables.py` from the schema; `--check` only compares.

No query needs the classes of SQLModel, and loading them takes half of the time in which a sync
starts. So queries use plain tables, and this keeps them equal to the schema.
"""
# ruff: noqa: INP001

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import JSON, Column, Table

from analytics_sync.store.schema import SQLModel

PATH = Path(__file__).resolve().parent.parent / "src/analytics_sync/store/tables.py"
OPENING = '''\
"""The tables as queries use them: names, types, keys and defaults. Written by `make tables`.

The schema itself, with its constraints and indexes, is in `schema`. Loading its classes would take
half of the time in which a sync starts.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from analytics_sync.store.types import Instant

metadata = MetaData()
'''
# A `str` of SQLModel is a String that PostgreSQL gets without a length.
TYPES = {"AutoString": "String"}


def written() -> str:
    """The module's text."""
    tables = "".join(map(_table, SQLModel.metadata.sorted_tables))
    return f"{OPENING}\n{tables}"


def _table(table: Table) -> str:
    columns = "".join(f"    {_column(column)},\n" for column in table.columns)
    return f'{table.name} = Table(\n    "{table.name}",\n    metadata,\n{columns})\n'


def _column(column: Column[object]) -> str:
    return f"Column({', '.join(_arguments(column))})"


def _arguments(column: Column[object]) -> Iterator[str]:
    kind = type(column.type).__name__
    yield f'"{column.name}"'
    yield "JSON(none_as_null=True)" if _null_is_null(column) else TYPES.get(kind, kind)
    if column.primary_key:
        yield "primary_key=True"
        if column.autoincrement is False:
            yield "autoincrement=False"
    elif not column.nullable:
        yield "nullable=False"
    if column.default is not None:
        yield f"default={_quoted(column.default.arg)}"  # type: ignore[attr-defined]


def _null_is_null(column: Column[object]) -> bool:
    return isinstance(column.type, JSON) and column.type.none_as_null


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if they differ")
    if not parser.parse_args().check:
        PATH.write_text(written(), encoding="utf-8")
        return 0
    if PATH.read_text(encoding="utf-8") == written():
        return 0
    print("store/tables.py differs from the schema: run `make tables`", file=sys.stderr)  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main())
