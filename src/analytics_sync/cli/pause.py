"""`pause` and `resume`: let jobs do nothing for a while; their entries stay where they are."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from analytics_sync.cli.options import Json, answer, opened
from analytics_sync.cli.tables import say

if TYPE_CHECKING:
    from analytics_sync.domain.jobs import Job
    from analytics_sync.wiring import Installation

Meant = Annotated[
    str | None,
    typer.Argument(metavar="[JOB]", help="A job's id, or a business; none: all jobs."),
]


def register(app: typer.Typer) -> None:
    app.command("pause")(pause)
    app.command("resume")(resume)


def pause(
    job: Meant = None,
    *,
    wait: Annotated[
        bool, typer.Option("--wait", help="Return when syncs that run now have ended.")
    ] = False,
    json: Json = False,
) -> None:
    """Let jobs do nothing until `resume`; a sync that runs now goes on to its end."""
    from analytics_sync.wiring import scheduler

    with opened() as installation:
        paused = scheduler(installation).pause(job)
        if wait:
            _wait(installation, paused)
        running = [one.name for one in paused if installation.locks.held("slot", one.id)]

    def human() -> None:
        for one in paused:
            say(f"Paused job: {one.name}")
        for name in running:
            say(f"  {name} runs now and goes on to its end; --wait waits for it.")

    answer(_document(paused, running), as_json=json, human=human)


def resume(job: Meant = None, *, json: Json = False) -> None:
    """Let paused jobs run again; what came meanwhile is not made up, posts are read by their age."""
    from analytics_sync.clock import iso
    from analytics_sync.wiring import scheduler

    with opened() as installation:
        resumed = scheduler(installation).resume(job)
        now = installation.clock.now()

    def human() -> None:
        for one in resumed:
            at = one.next_run(now)
            say(f"Resumed job: {one.name}, next run {iso(at) if at else '–'}")

    answer(_document(resumed, []), as_json=json, human=human)


def _document(jobs: "list[Job]", running: list[str]) -> dict[str, Any]:
    return {
        "jobs": [
            {
                "id": job.name,
                "name": job.title,
                "business_id": job.business_id,
                "paused": job.paused_at is not None,
                "running": job.name in running,
            }
            for job in jobs
        ]
    }


def _wait(installation: "Installation", jobs: "list[Job]") -> None:
    """Until none of these jobs runs; each ends within `max_run` by itself."""
    import asyncio

    async def ended() -> None:
        pause = 0.05
        while any(installation.locks.held("slot", job.id) for job in jobs):
            await installation.clock.sleep(pause)
            pause = min(2 * pause, 1.0)

    asyncio.run(ended())
