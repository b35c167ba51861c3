"""Tables for people: drawn with rich on a terminal, plain text elsewhere, which needs no rich."""

import os
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rich.console import Console


# What would move a terminal's place, and rich leaves out.
CONTROLS: Final = dict.fromkeys((7, 8, 11, 12, 13))


def console() -> "Console":
    """Standard output; colour obeys NO_COLOR, wide tables are not cut on a pipe."""
    from rich.console import Console

    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=200, soft_wrap=True)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> None:
    """Print rows below a heading; `empty` is said when there are none. Numbers stand right."""
    if not rows:
        say(empty)
        return
    if not _is_drawn():
        _write_plain(columns, rows)
        return
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    texts = [[cell(value) for value in row] for row in rows]
    widest = max(range(len(columns)), key=lambda index: max(len(row[index]) for row in texts))
    for index, name in enumerate(columns):
        numeric = all(isinstance(row[index], int | None) for row in rows)
        drawn.add_column(
            name,
            justify="right" if numeric else "left",
            # In a narrow terminal only the widest column gives way; nothing is cut off.
            no_wrap=index != widest,
            overflow="fold",
            min_width=len(name),
        )
    for row in texts:
        drawn.add_row(*map(Text, row))
    console().print(drawn)


def cell(value: Any) -> str:
    """One value for people; what is not known is a dash, never 0."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)


def say(text: str) -> None:
    """One line for people."""
    if _is_drawn():
        console().print(text, markup=False, soft_wrap=True)
    else:
        sys.stdout.write(text.translate(CONTROLS) + "\n")


def _is_drawn() -> bool:
    """Whether rich is wanted, by its own rules."""
    wanted = os.environ.get("FORCE_COLOR") or os.environ.get("TTY_COMPATIBLE") == "1"
    return bool(wanted) or sys.stdout.isatty()


def _write_plain(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns two spaces apart, as rich draws them without a terminal; nothing is folded."""
    texts = [[cell(value).translate(CONTROLS).split("\n") for value in row] for row in rows]
    numeric = [
        all(isinstance(row[index], int | None) for row in rows) for index in range(len(columns))
    ]
    widths = [
        max(
            _width(line)
            for row in ([[name]], *([text[index]] for text in texts))
            for line in row[0]
        )
        for index, name in enumerate(columns)
    ]
    for row in ([[name] for name in columns], *texts):
        for line in range(max(map(len, row))):
            parts = [lines[line] if line < len(lines) else "" for lines in row]
            sys.stdout.write(_line(parts, widths, numeric) + "\n")


def _line(parts: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    placed = []
    for part, width, right in zip(parts, widths, numeric, strict=True):
        space = " " * (width - _width(part))
        placed.append(space + part if right else part + space)
    return "  ".join(placed).rstrip()


def _width(text: str) -> int:
    """How many places a text takes: wide letters take two, marks on others none."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(
        0 if combining(letter) else 1 + (east_asian_width(letter) in "WF") for letter in text
    )
