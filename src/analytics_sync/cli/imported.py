"""How the importing commands tell what came of a file."""

from typing import TYPE_CHECKING, Final

import typer

from analytics_sync.cli.options import answer
from analytics_sync.cli.tables import say
from analytics_sync.errors import ExitStatus

if TYPE_CHECKING:
    from analytics_sync.files.outcome import Outcome

# People read the first ones; `--json` has them all.
SHOWN: Final = 20


def tell(outcome: "Outcome", *, as_json: bool) -> None:
    """Answer, and end with status 1 where lines were refused; the others are stored."""
    answer(outcome.as_json(), as_json=as_json, human=lambda: _say(outcome))
    if outcome.refused:
        raise typer.Exit(ExitStatus.FAILED)


def kept(*, as_json: bool) -> int | None:
    """How many refusals are kept with their words."""
    return None if as_json else SHOWN


def _say(outcome: "Outcome") -> None:
    lines = "line" if outcome.imported == 1 else "lines"
    say(
        f"Imported {outcome.imported:,} {lines}; {outcome.unchanged:,} told nothing new, "
        f"{outcome.refused:,} were refused."
    )
    for found in sorted(outcome.refusals, key=lambda refusal: refusal.line):
        field = f"{found.field}: " if found.field and found.field not in found.message else ""
        say(f"  line {found.line}: {field}{found.message}")
    more = outcome.refused - len(outcome.refusals)
    if more > 0:
        say(f"  … and {more:,} more; --json names them all.")
