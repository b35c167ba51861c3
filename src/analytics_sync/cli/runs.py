"""`runs`: the history of syncs, and every error of one."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from analytics_sync.cli.options import Json, answer, opened
from analytics_sync.cli.tables import say, table

if TYPE_CHECKING:
    from sqlalchemy import Row


def register(app: typer.Typer) -> None:
    app.command("runs")(runs)


def runs(
    id: Annotated[
        int | None, typer.Argument(metavar="[ID]", help="Show this run's errors.")
    ] = None,
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="How many.")] = 20,
    json: Json = False,
) -> None:
    """Show the newest runs; with an ID, every error of that run."""
    from analytics_sync.report.runs import as_document, with_errors
    from analytics_sync.store import runs as stored

    with opened() as installation, installation.database.read() as connection:
        if id is None:
            found = stored.listed(connection, limit)
            answer(
                {"runs": [as_document(row) for row in found]},
                as_json=json,
                human=lambda: _list(found),
            )
            return
        row, errors = stored.get(connection, id), stored.errors_of(connection, id)
    answer(with_errors(row, errors), as_json=json, human=lambda: _show(row, errors))


def _list(found: "list[Row[Any]]") -> None:
    table(
        (
            "run",
            "started (UTC)",
            "job",
            "outcome",
            "synced",
            "failed",
            "changed",
            "requests",
        ),
        [
            (
                str(row.id),
                row.started_at,
                _whose(row),
                row.outcome or "running",
                f"{row.synced:,}/{row.selected:,}",
                row.failed,
                row.snapshots,
                row.requests,
            )
            for row in found
        ],
        empty="No run yet: analytics-sync sync",
    )


def _show(row: "Row[Any]", errors: "list[Row[Any]]") -> None:
    say(
        f"Run {row.id} ({row.trigger}), {row.started_at:%Y-%m-%d %H:%M:%S} UTC: {row.outcome or 'running'}"
    )
    if row.job is not None:
        say(f"  {row.job}, due {row.slot_at:%Y-%m-%d %H:%M:%S} UTC{_made_up(row)}")
    say(
        f"  {row.synced:,}/{row.selected:,} posts synced, {row.failed:,} failed, {row.requests:,} requests"
    )
    table(
        ("platform", "account", "post", "code", "message"),
        [
            (
                error.platform,
                None if error.account_id is None else str(error.account_id),
                error.platform_post_id,
                error.code,
                error.message,
            )
            for error in errors
        ],
        empty="No errors.",
    )


def _whose(row: "Row[Any]") -> str:
    """The job that it ran, or how it was started."""
    if row.job is None:
        return str(row.trigger)
    by_tick = " (tick)" if row.trigger == "tick" else ""
    return f"{row.job}{by_tick}{_made_up(row)}"


def _made_up(row: "Row[Any]") -> str:
    if not row.made_up:
        return ""
    return f", makes up {row.made_up:,} missed {'slot' if row.made_up == 1 else 'slots'}"
