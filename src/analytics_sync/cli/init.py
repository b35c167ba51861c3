"""`init`: the config file, the key, the database, and perhaps the hourly job."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from analytics_sync.cli.options import Json, answer, opened
from analytics_sync.cli.tables import say

if TYPE_CHECKING:
    from analytics_sync.schedule.scheduler import Scheduled
    from analytics_sync.wiring import Installation


def register(app: typer.Typer) -> None:
    app.command("init")(init)


def init(
    *,
    schedule: Annotated[
        bool, typer.Option("--schedule", help="Install the hourly job for all businesses, too.")
    ] = False,
    json: Json = False,
) -> None:
    """Make the config file, the key and the database; what exists is left as it is."""
    from analytics_sync.wiring import initialise

    with opened() as installation:
        made = initialise(installation)
        if not json:
            _tell_made(made)
        job = None
        if schedule or (not json and _wanted(installation)):
            job = _install(installation)

    def human() -> None:
        if job is not None:
            say(f"Added job: Sync all businesses (hourly at :00), in {job.backend}")
            for words in job.advice:
                say(words)
        say('Next: analytics-sync business add "My business"')

    scheduled = None if job is None else {"id": job.job.name, "backend": job.backend}
    answer({**made, "job": scheduled}, as_json=json, human=human)


def _tell_made(made: dict[str, str]) -> None:
    say(f"Home: {made['home']}")
    for name in ("config", "key", "database"):
        state = "made" if name in made["made"] else "was there"
        say(f"  {name:8} {made[name]} ({state})")


def _wanted(installation: "Installation") -> bool:
    """Ask whoever sits at a terminal, unless something is scheduled already."""
    from analytics_sync.wiring import rows, scheduler

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    with rows(installation) as reading:
        if scheduler(installation).state(reading).live:
            return False
    return typer.confirm("Let this machine sync all businesses hourly?", default=False)


def _install(installation: "Installation") -> "Scheduled":
    from datetime import timedelta

    from analytics_sync.domain.timing import Every
    from analytics_sync.schedule.scheduler import Wish
    from analytics_sync.wiring import scheduler

    return scheduler(installation).schedule(Wish(None, Every(timedelta(hours=1))))
