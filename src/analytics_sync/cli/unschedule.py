"""`unschedule`: remove jobs from the database and from the machine."""

from typing import Annotated

import typer

from analytics_sync.cli.options import Json, answer, opened
from analytics_sync.cli.tables import say
from analytics_sync.errors import WrongUsage


def register(app: typer.Typer) -> None:
    app.command("unschedule")(unschedule)


def unschedule(
    business: Annotated[
        str | None,
        typer.Argument(metavar="[BUSINESS]", help="All jobs of this business, by id or name."),
    ] = None,
    *,
    job: Annotated[
        str | None, typer.Option("--job", metavar="ID", help="One job: sync_all_businesses, ...")
    ] = None,
    all: Annotated[
        bool, typer.Option("--all", help="Every job; no trace is left on this machine.")
    ] = False,
    json: Json = False,
) -> None:
    """Remove scheduled syncs. Businesses, posts and history stay."""
    from analytics_sync.wiring import scheduler

    if sum((business is not None, job is not None, all)) != 1:
        raise WrongUsage(
            "Say which jobs to remove: those of one BUSINESS, one --job ID, or --all.",
            hint="`analytics-sync jobs` shows them with their ids.",
        )
    elsewhere = None
    with opened() as installation:
        jobs = scheduler(installation)
        if all:
            removed, elsewhere = jobs.unschedule_all()
        else:
            removed = jobs.unschedule([word for word in (business, job) if word is not None])

    def human() -> None:
        for name in removed:
            say(f"Removed job: {name}")
        if elsewhere is not None:
            say(f"The jobs are installed on {elsewhere} and stay there; nothing is left here.")
        elif not removed:
            say("Nothing was scheduled.")

    answer({"removed": removed, "installed_on": elsewhere}, as_json=json, human=human)
