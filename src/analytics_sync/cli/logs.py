"""`logs`: the end of the log file, which has all levels."""

import logging
from typing import Annotated

import typer

from analytics_sync.cli.options import Json, answer, opened
from analytics_sync.cli.tables import say
from analytics_sync.errors import WrongUsage


def register(app: typer.Typer) -> None:
    app.command("logs")(logs)


def logs(
    *,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many records.")] = 50,
    level: Annotated[
        str, typer.Option("--level", help="Only this level and graver ones.")
    ] = "DEBUG",
    json: Json = False,
) -> None:
    """Show the newest records of the log, oldest first."""
    from analytics_sync.logs.reading import read_log

    least = logging.getLevelNamesMapping().get(level.upper())
    if least is None:
        raise WrongUsage(
            f"--level: there is no level {level!r}.", hint="DEBUG, INFO, WARNING or ERROR."
        )
    with opened() as installation:
        found = read_log(installation.home.logs, lines, least)

    def human() -> None:
        for entry in found:
            say(str(entry))
        if not found:
            say("Nothing is in the log yet.")

    answer({"logs": [entry._asdict() for entry in found]}, as_json=json, human=human)
