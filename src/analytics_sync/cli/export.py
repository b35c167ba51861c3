"""`export`: the history as CSV, JSON Lines or Parquet."""

from datetime import datetime
from typing import Annotated

import typer

from analytics_sync.cli.options import BusinessOption, Json, answer, business_of, moment, opened
from analytics_sync.cli.tables import say
from analytics_sync.errors import WrongUsage
from analytics_sync.files.formats import Format

STANDARD_OUTPUT = "-"


def register(app: typer.Typer) -> None:
    app.command("export")(export)


def export(
    format: Annotated[Format, typer.Argument(metavar="FORMAT", help="csv, jsonl or parquet.")],
    file: Annotated[
        str, typer.Argument(metavar="[FILE]", help="Left out, or -: standard output.")
    ] = STANDARD_OUTPUT,
    *,
    business: BusinessOption = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Only what was read at or after this time (UTC).")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="Only what was read before this time (UTC).")
    ] = None,
    latest: Annotated[
        bool, typer.Option("--latest", help="One row a post, with its newest numbers.")
    ] = False,
    json: Json = False,
) -> None:
    """Write the history: one row for each reading in which a number of a post had changed."""
    from analytics_sync.files.export import export as write
    from analytics_sync.store.exports import Wanted

    first, last = _span(since, until)
    if json and file == STANDARD_OUTPUT:
        raise WrongUsage(
            "With --json the rows need a file of their own.",
            hint=f"analytics-sync export {format} FILE --json",
        )
    with opened() as installation:
        with installation.database.read() as connection:
            named = business_of(connection, business)
        wanted = Wanted(named.id if named else None, first, last, newest_only=latest)
        exported = write(installation.database, wanted, format, file)
    if file != STANDARD_OUTPUT:
        # A file's name may hold bytes that are no text.
        name = file.encode(errors="replace").decode()
        answer(
            {"exported": exported, "file": name},
            as_json=json,
            human=lambda: say(f"Exported {exported:,} rows to {name}"),
        )


def _span(since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    first, last = moment(since, "--since"), moment(until, "--until")
    if first is not None and last is not None and first >= last:
        raise WrongUsage(
            f"--since {since} is not before --until {until}.",
            hint="Rows are taken from the first to before the second.",
        )
    return first, last
