"""Statements that SQLite and PostgreSQL spell alike, but SQLAlchemy keeps in two places."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Executable, Table, text

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

# SQLite takes at most 32,766 parameters in a statement; lists for IN are cut well below.
IN_LIST = 500
LARGEST_ID = 2**31 - 1


def upsert(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, replace: bool = True
) -> int:
    """Insert rows; on the same primary key replace the others, or leave the old row alone.

    All rows must have the same keys. Returns the number of rows written, where the driver says it.
    """
    if not rows:
        return 0
    statement = _upsert(connection.dialect.name, table, tuple(rows[0]), replace=replace)
    return connection.execute(statement, list(rows)).rowcount


@cache
def _upsert(dialect: str, table: Table, names: Sequence[str], *, replace: bool) -> Executable:
    """Built once for each table: a sync of many accounts uses few such statements, very often."""
    statement = _insert(dialect, table)
    keys = [column.name for column in table.primary_key]
    if not replace:
        return statement.on_conflict_do_nothing()
    changed = {name: statement.excluded[name] for name in names if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=changed)


def _insert(dialect: str, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """The dialect's own; loading PostgreSQL's takes longer than most syncs of SQLite."""
    if dialect == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def rows_written(
    connection: Connection, statement: Executable, rows: Sequence[Mapping[str, Any]]
) -> int:
    """Run a statement for each row; returns how many rows it inserted or changed in all."""
    told = {"preserve_rowcount": True}
    return connection.execute(statement, list(rows), execution_options=told).rowcount


def pieces(values: Sequence[Any], size: int = IN_LIST) -> list[Sequence[Any]]:
    """Cut a long list for IN (...)."""
    return [values[start : start + size] for start in range(0, len(values), size)]


def follow_sequence(connection: Connection, table: Table) -> None:
    """PostgreSQL's sequence doesn't see ids that were given: move it past the largest."""
    if connection.dialect.name == "postgresql":
        sequence = f"{table.name}_id_seq"
        connection.execute(
            text(
                f"SELECT setval('{sequence}', greatest((SELECT max(id) FROM {table.name}),"  # noqa: S608
                f" (SELECT last_value FROM {sequence})))"
            )
        )


def row_id(number: int) -> int:
    """An id that a person typed, kept within what PostgreSQL's integer columns can be asked."""
    return max(-LARGEST_ID, min(number, LARGEST_ID))
