"""`jobs`: what is scheduled, its next and last run, and whether the machine still has it."""

from typing import TYPE_CHECKING

import typer

from analytics_sync.cli.options import Json, answer, opened
from analytics_sync.cli.tables import say, table

if TYPE_CHECKING:
    from analytics_sync.schedule.overview import Overview, Shown

OUTCOMES = {0: "done", 1: "failed", 75: "try later", 77: "credential refused", 78: "unusable"}


def register(app: typer.Typer) -> None:
    app.command("jobs")(jobs)


def jobs(*, json: Json = False) -> None:
    """Show what is scheduled: next and last run, and where the machine differs."""
    from analytics_sync.wiring import overview, rows

    with opened() as installation, rows(installation) as reading:
        found = overview(installation, reading)
    document = {"jobs": [shown.as_json() for shown in found.jobs]}
    answer(document, as_json=json, human=lambda: tell(found))


def tell(found: "Overview") -> None:
    """The jobs as a table, and below it what belongs to none of them."""
    table(
        ("job", "when", "next (UTC)", "last (UTC)", "came of it", "machine"),
        [
            (
                shown.known.job.name,
                _when(shown),
                shown.next_run,
                shown.known.claimed_at,
                _outcome(shown),
                shown.drift or "as it should be",
            )
            for shown in found.jobs
        ],
        empty="Nothing is scheduled: analytics-sync schedule",
    )
    if found.strays:
        say(f"On this machine: {found.strays}")
    if found.strays or any(shown.drift for shown in found.jobs):
        say("`analytics-sync schedule --apply` mends what differs.")


def _when(shown: "Shown") -> str:
    from analytics_sync.schedule.words import said

    job = shown.known.job
    state = "paused, " if job.paused_at else "archived, " if job.archived else ""
    return f"{state}{said(job.timing)}"


def _outcome(shown: "Shown") -> str | None:
    last = shown.known.last
    if shown.running:
        return "running"
    if last is None:
        return None
    if last.status is None:
        return "killed"
    return OUTCOMES.get(last.status, f"status {last.status}")
