"""The tables that queries use are those of the schema."""

import subprocess
import sys
from pathlib import Path

from sqlalchemy.dialects import postgresql, sqlite

from analytics_sync.store import tables
from analytics_sync.store.schema import SQLModel

TOOL = Path(__file__).resolve().parents[2] / "tools" / "tables.py"


def test_they_are_as_the_tool_writes_them_from_the_schema():
    command = [sys.executable, str(TOOL), "--check"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")


def test_every_column_has_the_name_key_default_and_type_of_the_schema():
    declared = SQLModel.metadata.tables
    assert {name: described(table) for name, table in tables.metadata.tables.items()} == {
        name: described(table) for name, table in declared.items()
    }


def described(table):
    return [
        (
            column.name,
            column.primary_key,
            column.nullable,
            column.default.arg if column.default is not None else None,
            *(column.type.compile(dialect()) for dialect in (sqlite.dialect, postgresql.dialect)),
        )
        for column in table.columns
    ]


def test_queries_load_none_of_the_classes():
    script = (
        "import sys, analytics_sync.store.readings, analytics_sync.store.runs;"
        "sys.exit(' '.join({'sqlmodel', 'pydantic', 'sqlalchemy.orm'} & set(sys.modules)) or 0)"
    )
    command = [sys.executable, "-c", script]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")
