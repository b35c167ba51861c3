"""Tables for people, drawn with rich; on a pipe they are plain text."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def console() -> "Console":
    """Standard output; colour obeys NO_COLOR, wide tables are not cut on a pipe."""
    from rich.console import Console

    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=200, soft_wrap=True)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> None:
    """Print rows below a heading; `empty` is said when there are none. Numbers stand right."""
    if not rows:
        console().print(empty, markup=False)
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
    console().print(text, markup=False, soft_wrap=True)
