"""`tick`: run every slot that is due and not done."""

import typer

from analytics_sync.cli.options import Json, answer, opened


def register(app: typer.Typer) -> None:
    app.command("tick")(tick)


def tick(*, json: Json = False) -> None:
    """Run every job whose time has come and that nobody has run: missed, killed, to be tried again.

    An hourly entry of the installation calls it; where nothing is installed (`external`), a timer
    of your own should, as often as jobs may be late.
    """
    from analytics_sync.cli.sync import progress_shown, tell
    from analytics_sync.wiring import tick as run_due

    with opened() as installation, progress_shown() as progress:
        ticked = run_due(installation, progress)

    def human() -> None:
        for one in ticked.ended:
            tell(one.record)

    answer({"runs": [one.record.as_json() for one in ticked.ended]}, as_json=json, human=human)
    raise typer.Exit(ticked.status)
