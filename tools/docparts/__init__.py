"""Makes the generated parts of the pages, one module for each subject."""

from collections.abc import Callable, Iterable, Sequence

Maker = Callable[[str], str]


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table. Bars in a cell are escaped; an empty cell is a dash."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ") or "–"


def code(text: str) -> str:
    return f"`{text}`"


def block(text: str, language: str = "text") -> str:
    return f"```{language}\n{text.strip()}\n```"


def sentence(docstring: str | None) -> str:
    """The first sentence or line of a docstring, without its full stop."""
    first = " ".join((docstring or "").strip().partition("\n\n")[0].split())
    return first.removesuffix(".")
