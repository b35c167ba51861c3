"""`notify`: try whether people are told, and tell of runs that could not tell of themselves."""

from typing import TYPE_CHECKING, Annotated

import typer

from analytics_sync.cli.options import Json, answer, opened
from analytics_sync.cli.tables import say
from analytics_sync.errors import ConfigurationInvalid, ExitStatus

if TYPE_CHECKING:
    from analytics_sync.wiring import Installation

notify = typer.Typer(no_args_is_help=True, help="Who is told how jobs fare.")
WANTED = """\
Write one of these lines, or both, into {config}:
[notify]
url = "https://hc-ping.com/YOUR-CHECK"
command = ["/usr/local/bin/tell-me"]"""


def register(app: typer.Typer) -> None:
    app.add_typer(notify, name="notify")


@notify.command("test")
def try_all(*, json: Json = False) -> None:
    """Send a test in every way that `[notify]` sets up; status 1 when one failed."""
    with opened() as installation:
        if not installation.settings.notify:
            raise ConfigurationInvalid(
                ["Nobody is told how jobs fare: [notify] is empty."],
                hint=WANTED.format(config=installation.home.config),
            )
        came = installation.teller.test()

    def human() -> None:
        for way, failure in came.items():
            say(failure or f"{way}: sent.")

    tests = [{"way": way, "sent": not why, "message": why} for way, why in came.items()]
    answer({"tests": tests}, as_json=json, human=human)
    raise typer.Exit(ExitStatus.FAILED if any(came.values()) else ExitStatus.DONE)


@notify.command()
def failed(
    job: Annotated[str, typer.Argument(help="A job's id, or `tick`.")], *, json: Json = False
) -> None:
    """Tell of a run that ended without telling; systemd calls it when a job's unit failed."""
    with opened() as installation:
        told = _tell(installation, job) if installation.settings.notify else []

    def human() -> None:
        for _, words in told:
            say(words)

    documents = [{"job": name, "message": words} for name, words in told]
    answer({"told": documents}, as_json=json, human=human)


def _tell(installation: "Installation", name: str) -> list[tuple[str, str]]:
    """What was told, of which job. A tick runs other jobs; of those, the ones left unfinished."""
    from analytics_sync.notify.unended import tell_unended
    from analytics_sync.store.jobs import all_jobs, one_job
    from analytics_sync.store.light import reading

    with reading(installation.settings.database_url) as rows:
        found = all_jobs(rows) if name == "tick" else [one_job(rows, name)]
    told = []
    for known in found:
        if known is None:
            raise ConfigurationInvalid(
                [f"There is no job {name!r}."],
                hint="`analytics-sync jobs` lists them.",
                code="unknown_job",
            )
        words = tell_unended(
            installation.teller,
            known,
            installation.locks,
            now=installation.clock.now(),
            environ=installation.environ,
            unclaimed=name != "tick",
        )
        if words:
            told.append((known.job.name, words))
    return told
