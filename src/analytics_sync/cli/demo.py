"""`demo`: a day of syncs on made-up data."""

import os
import shlex
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analytics_sync.cli.options import Json, answer
from analytics_sync.settings.home import HOME_VARIABLE

if TYPE_CHECKING:
    from analytics_sync.demo.audience import Audience
    from analytics_sync.demo.drawing import Drawing
    from analytics_sync.demo.facts import Facts

NEXT = (
    "analytics-sync init",
    'analytics-sync business add "My business"',
    "analytics-sync account add 1 x --token-file token.txt",
)
THEN = "And then `analytics-sync schedule`: from now on every hour, by cron or systemd."
GONE = "Its platforms are gone. For your own data begin with `analytics-sync init`."

# Lines that are wider are harder to read.
WIDEST = 110


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    *,
    keep: Annotated[
        Path | None,
        typer.Option("--keep", metavar="DIR", help="Keep the home that is made, in a new folder."),
    ] = None,
    json: Json = False,
) -> None:
    """Show a day of syncs of made-up businesses: no account needed, nothing leaves this machine."""
    from analytics_sync.clock import SystemClock
    from analytics_sync.demo.audience import Listener

    clock = SystemClock()
    started = clock.monotonic()
    if json:
        facts, home = _play(keep, Listener(_bars))
        seconds = clock.monotonic() - started
        answer(_document(facts, home, seconds), as_json=True, human=lambda: None)
        return
    drawing = _drawing()
    facts, home = _play(keep, drawing)
    drawing.show(facts, clock.monotonic() - started)
    if home is None:
        drawing.end("Next, with your own data", _commands(facts, home), THEN)
    else:
        drawing.end(f"Next, look around in {home}", _commands(facts, home), GONE)


def _play(keep: Path | None, audience: "Audience") -> "tuple[Facts, Path | None]":
    """Tell the story; gives also the folder in which its home is now, if it was kept."""
    from analytics_sync.demo.ending import tidy_ending
    from analytics_sync.demo.home import copy, kept_home, temporary_home
    from analytics_sync.platforms import all_platforms

    kept = nullcontext(None) if keep is None else kept_home(keep)
    with tidy_ending(), kept as folder, temporary_home(all_platforms()) as home:
        audience.begin(folder or home.path, kept=folder is not None)
        # Heavy; by now there is something to look at.
        from analytics_sync.demo.story import tell

        facts = tell(home, audience)
        if folder is not None:
            copy(home, folder)
    return facts, folder


def _commands(facts: "Facts", home: Path | None) -> list[str]:
    """What to type next: with real data, or in the kept home, whose platforms are gone."""
    if home is None:
        return list(NEXT)
    variable = f"{HOME_VARIABLE}={shlex.quote(str(home))}"
    look_around = ("runs", f"runs {facts.eventful_run}", "db stats")
    return [f"{variable} analytics-sync {words}" for words in look_around]


def _document(facts: "Facts", home: Path | None, seconds: float) -> dict[str, Any]:
    kept = str(home) if home else None
    return {
        **facts.as_json(),
        "seconds": round(seconds, 3),
        "home": kept,
        "next": _commands(facts, home),
    }


def _drawing() -> "Drawing":
    from rich.console import Console

    from analytics_sync.demo.drawing import Drawing
    from analytics_sync.platforms import all_platforms
    from analytics_sync.report.glyphs import glyphs_for
    from analytics_sync.report.tables import NARROW, Look

    console = Console(highlight=False, emoji=False)
    # A narrower terminal had better break lines than lose digits.
    console.width = max(NARROW, console.width)
    look = Look(
        glyphs_for(sys.stdout, os.environ),
        lambda name: all_platforms()[name].title,
        min(WIDEST, console.width),
    )
    return Drawing(console, look, _bars)


def _bars() -> Any:
    """Bars on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        return nullcontext(None)
    from analytics_sync.cli.progress import Bars

    return Bars()
