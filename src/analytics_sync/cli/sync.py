"""`sync`: find new posts, read numbers, store what changed."""

import re
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analytics_sync.cli.options import Json, answer, opened
from analytics_sync.cli.tables import say, table
from analytics_sync.errors import WrongUsage

if TYPE_CHECKING:
    from datetime import datetime

    from analytics_sync.sync.results import RunRecord
    from analytics_sync.sync.run import Order
    from analytics_sync.wiring import Installation

NO_WAIT = "0s"
SHARD = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")


def register(app: typer.Typer) -> None:
    app.command("sync")(sync)


def sync(
    *,
    business: Annotated[
        list[str] | None, typer.Option("--business", "-b", help="Only these, by id or name.")
    ] = None,
    platform: Annotated[
        list[str] | None,
        typer.Option("--platform", "-p", help="Only these; `meta` means Facebook and Instagram."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Most posts of each account.")
    ] = None,
    due: Annotated[
        bool, typer.Option("--due", help="Only posts whose cadence has passed.")
    ] = False,
    no_discover: Annotated[
        bool, typer.Option("--no-discover", help="Don't look for new posts.")
    ] = False,
    shard: Annotated[
        str | None,
        typer.Option("--shard", metavar="I/N", help="Only this share of the businesses."),
    ] = None,
    wait: Annotated[
        str, typer.Option("--wait", help="How long to wait for an account that another run holds.")
    ] = NO_WAIT,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be read; ask no platform.")
    ] = False,
    job: Annotated[
        str | None,
        typer.Option("--job", metavar="ID", help="Run the due slot of this job, if there is one."),
    ] = None,
    run: Annotated[int | None, typer.Option("--run", metavar="ID", hidden=True)] = None,
    json: Json = False,
) -> None:
    """Find new posts, read the numbers in batches, and store what changed."""
    everything = not (business or platform or shard or limit or no_discover or dry_run)
    if job is not None:
        if not everything or due or wait != NO_WAIT:
            raise WrongUsage(
                "--job takes no other option: the job says what is synced.",
                hint="For example: analytics-sync sync --job sync_all_businesses",
            )
        _run_job(job, as_json=json)
        return
    if run is not None:
        _run_claimed(run, as_json=json)
        return
    with opened() as installation:
        if due and everything and _nothing_due(installation, as_json=json):
            return
        order = _order(
            installation,
            business,
            platform,
            shard=shard,
            wait=wait,
            choice={"limit": limit, "due_only": due, "discover": not no_discover},
        )
        if dry_run:
            _rehearse(installation, order, as_json=json)
            return
        _carry_out(installation, order, as_json=json)


def _carry_out(installation: "Installation", order: "Order", *, as_json: bool) -> None:
    from analytics_sync.wiring import sync as carry_out

    with progress_shown() as progress:
        record = carry_out(installation, order, progress)
    answer(record.as_json(), as_json=as_json, human=lambda: tell(record))
    raise typer.Exit(record.exit_status())


def _run_claimed(id: int, *, as_json: bool) -> None:
    """What the HTTP shim starts: the sync of a run whose row it has written."""
    from analytics_sync.wiring.triggers import claimed_order

    with opened() as installation:
        _carry_out(installation, claimed_order(installation, id), as_json=as_json)


def _run_job(name: str, *, as_json: bool) -> None:
    """What an installed entry calls; ends at once when none of the job's slots is due."""
    from analytics_sync.wiring import run_job

    with opened() as installation, progress_shown() as progress:
        ended = run_job(installation, name, progress)
        if ended is None:
            now = installation.clock.now()
            answer(nothing("schedule", now), as_json=as_json, human=_tell_nothing_due)
            return
    answer(ended.record.as_json(), as_json=as_json, human=lambda: tell(ended.record))
    raise typer.Exit(ended.status)


def _nothing_due(installation: "Installation", *, as_json: bool) -> bool:
    """Answer at once, with nothing heavy loaded, when there is nothing to do."""
    from analytics_sync.wiring import nothing_due

    now = installation.clock.now()
    run_id = nothing_due(installation, "manual", now)
    if run_id is None:
        return False
    answer(nothing("manual", now, run_id), as_json=as_json, human=_tell_nothing_due)
    return True


def nothing(trigger: str, now: "datetime", run_id: int | None = None) -> dict[str, Any]:
    """A run that had nothing to do, in the form of any other; `run_id` null: it has no row."""
    from analytics_sync.clock import iso

    return {
        "run_id": run_id,
        "trigger": trigger,
        "outcome": "nothing_due",
        "started_at": iso(now),
        "finished_at": iso(now),
        "seconds": 0.0,
        "requests": 0,
        "discovered": 0,
        "snapshots": 0,
        "posts": {"selected": 0, "synced": 0, "failed": 0, "deferred": 0},
        "accounts": [],
    }


def _tell_nothing_due() -> None:
    if sys.stdout.isatty():
        print("Nothing is due.")  # noqa: T201


def _order(
    installation: "Installation",
    business: list[str] | None,
    platform: list[str] | None,
    *,
    shard: str | None,
    wait: str,
    choice: dict[str, Any],
) -> "Order":
    from dataclasses import replace

    from analytics_sync.domain.spans import parse_span
    from analytics_sync.platforms import names_meant
    from analytics_sync.wiring import manual_order

    try:
        patience = parse_span(wait)
    except ValueError as error:
        raise WrongUsage(f"--wait: {error}.", hint="For example 30s or 5m.") from None
    names = frozenset(n for text in platform for n in names_meant(text)) if platform else None
    order = manual_order(installation, business or None)
    return replace(
        order,
        choice=replace(order.choice, **choice),
        platforms=names,
        shard=_shard(shard),
        wait=patience,
    )


def _shard(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    match = SHARD.fullmatch(text)
    if match is None or int(match[2]) == 0 or int(match[1]) > int(match[2]):
        raise WrongUsage(
            f"--shard: {text!r} is not I/N.", hint="For example 0/4, 1/4, 2/4 and 3/4."
        )
    return int(match[1]), int(match[2])


def _rehearse(installation: "Installation", order: "Order", *, as_json: bool) -> None:
    from analytics_sync.wiring import rehearse

    chosen = rehearse(installation, order)
    document = {
        "dry_run": True,
        "posts": {"selected": sum(count for _, count in chosen)},
        "accounts": [
            {
                "account_id": account.id,
                "business_id": account.business_id,
                "platform": account.platform,
                "platform_account_id": account.platform_account_id,
                "selected": count,
            }
            for account, count in chosen
        ],
    }

    def human() -> None:
        table(
            ("account", "business", "platform", "posts"),
            [(str(a.id), str(a.business_id), a.platform, count) for a, count in chosen],
            empty="No account takes part.",
        )
        say("Nothing was asked or stored; new posts come on top.")

    answer(document, as_json=as_json, human=human)


def progress_shown() -> Any:
    """Bars on a terminal, nothing elsewhere."""
    from contextlib import nullcontext

    if not sys.stderr.isatty():
        return nullcontext(None)
    from analytics_sync.cli.progress import Bars

    return Bars()


def tell(record: "RunRecord") -> None:
    """What came of a run, for a person at a terminal; the log tells what went wrong.

    Elsewhere nothing is said: cron would mail it, and success is no news.
    """
    if not sys.stdout.isatty():
        return
    if not record.accounts:
        return
    table(
        (
            "business",
            "platform",
            "account",
            "outcome",
            "posts",
            "synced",
            "failed",
            "deferred",
            "new",
        ),
        [
            (
                str(r.account.business_id),
                r.account.platform,
                r.account.name or r.account.platform_account_id,
                r.outcome,
                r.selected,
                r.synced,
                r.failed,
                r.deferred,
                r.discovered,
            )
            for r in record.accounts
        ],
        empty="",
    )
    say(
        f"Run {record.run_id}: {record.outcome}. {record.total('snapshots'):,} posts changed, "
        f"{record.requests:,} requests, {record.seconds:.1f} s."
    )
    if record.total("failed"):
        say(f"`analytics-sync runs {record.run_id}` shows every error.")
