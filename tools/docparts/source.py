"""The house itself: rooms, error codes, tables, make targets."""

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import analytics_sync
from analytics_sync.domain.codes import ErrorCode
from analytics_sync.errors import AnalyticsSyncError
from analytics_sync.store import schema
from analytics_sync.store.exports import EXPORT_COLUMNS
from docparts import Maker, block, code, sentence, table

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE = Path(analytics_sync.__file__).parent


def rooms(_: str) -> str:
    """The layers of the import contract, highest first, with what each package says of itself."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        contract = tomllib.load(file)["tool"]["importlinter"]["contracts"][0]
    rows = [
        (str(floor), code(name), sentence(import_module(f"analytics_sync.{name}").__doc__))
        for floor, layer in enumerate(reversed(contract["layers"]))
        for name in layer.split(" | ")
        if _exists(name)
    ]
    return table(("floor", "room", "what it is for"), reversed(rows))


def _exists(name: str) -> bool:
    return (SOURCE / name / "__init__.py").exists() or (SOURCE / f"{name}.py").exists()


def run_codes(_: str) -> str:
    """The closed list that runs record, as links to their meanings."""
    return " · ".join(f"[{code(one)}](#{one})" for one in ErrorCode)


def command_codes(_: str) -> str:
    """Codes that only commands end with, in `{"error": {"code": ...}}`."""
    found = {*_class_codes(AnalyticsSyncError), *_written_codes()} - {*ErrorCode}
    return " · ".join(f"[{code(one)}](#{one})" for one in sorted(found))


def _class_codes(kind: type[AnalyticsSyncError]) -> Iterator[str]:
    yield kind.code
    for child in kind.__subclasses__():
        yield from _class_codes(child)


def _written_codes() -> Iterator[str]:
    """`code="..."` where an error is made, and the first word of `_say(...)` in the frame."""
    for path in sorted(SOURCE.rglob("*.py")):
        if "simulator" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield from _codes_in(node, in_frame=path.name == "frame.py")


def _codes_in(call: ast.Call, *, in_frame: bool) -> Iterator[str]:
    said: list[ast.expr] = [word.value for word in call.keywords if word.arg == "code"]
    if in_frame and isinstance(call.func, ast.Name) and call.func.id == "_say":
        said += call.args[:1]
    for value in said:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value


def table_of(name: str) -> str:
    """The columns of one table, as this release's schema has them.

    :raises ValueError: there is no such table.
    """
    tables = schema.SQLModel.metadata.tables
    if name not in tables:
        raise ValueError(f"there is no table {name!r}; there are {', '.join(tables)}")
    rows = [(code(column.name), _kind(column), _notes(column)) for column in tables[name].columns]
    return table(("column", "kind", "notes"), rows)


def _kind(column: Any) -> str:
    names = {
        "Instant": "time (UTC)",
        "AutoString": "text",
        "Text": "text",
        "Integer": "whole number",
        "BigInteger": "whole number (64 bits)",
        "JSON": "JSON",
        "Date": "date",
        "Boolean": "true or false",
    }
    return names[type(column.type).__name__] + (", or NULL" if column.nullable else "")


def _notes(column: Any) -> str:
    keys = ["key"] if column.primary_key else []
    return ", ".join([*keys, *(code(key.target_fullname) for key in column.foreign_keys)])


def export_columns(_: str) -> str:
    return ", ".join(map(code, EXPORT_COLUMNS))


def make_targets(_: str) -> str:
    """What `make help` lists."""
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    found = [match for line in lines if (match := re.match(r"([a-z-]+):.*## (.*)", line))]
    return block("\n".join(f"make {target[1]:12} {target[2]}" for target in found))


MAKERS: Mapping[str, Maker] = {
    "rooms": rooms,
    "run-codes": run_codes,
    "command-codes": command_codes,
    "table": table_of,
    "export-columns": export_columns,
    "make-targets": make_targets,
}
