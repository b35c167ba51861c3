"""Help texts of the commands."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from analytics_sync.cli.app import command
from docparts import Maker, block, code, table

PROGRAM = "analytics-sync"
WIDTH = 88


@cache
def all_commands() -> Mapping[str, Any]:
    """Each command by its words ("business add"), the program itself as ""."""
    return dict(_walk(command(), ()))


def _walk(found: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    yield " ".join(words), found
    for name, child in getattr(found, "commands", {}).items():
        yield from _walk(child, (*words, name))


def does_something(found: Any) -> bool:
    """Whether it is more than the name of a group."""
    return not getattr(found, "commands", None) or found.invoke_without_command


def help_of(words: str) -> str:
    """What `--help` says, without the frames that a terminal gets.

    :raises ValueError: there is no such command.
    """
    if words not in all_commands():
        raise ValueError(f"there is no command {words!r}")
    context = None
    for step in _steps(words):
        found = all_commands()[step]
        found.rich_markup_mode = None
        name = step.rpartition(" ")[2] or PROGRAM
        context = found.context_class(
            found, info_name=name, parent=context, terminal_width=WIDTH, max_content_width=WIDTH
        )
    return block(found.get_help(context))


def _steps(words: str) -> list[str]:
    parts = words.split()
    return [" ".join(parts[:end]) for end in range(len(parts) + 1)]


def overview(_: str) -> str:
    """All commands that do something, with one line each."""
    return table(
        ("command", "what it does"),
        [
            (f"[{code(words)}](#{words.replace(' ', '-')})", found.get_short_help_str(limit=200))
            for words, found in all_commands().items()
            if words and does_something(found)
        ],
    )


MAKERS: Mapping[str, Maker] = {"help": help_of, "commands": overview}
