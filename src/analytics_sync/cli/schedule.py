"""`schedule`: let the operating system start syncs, for all businesses or for one."""

from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Annotated

import typer

from analytics_sync.cli.options import Json, answer, opened
from analytics_sync.cli.tables import say
from analytics_sync.errors import WrongUsage

if TYPE_CHECKING:
    from analytics_sync.domain.timing import Timing
    from analytics_sync.schedule._backend import Change
    from analytics_sync.schedule.scheduler import Applied, Scheduled, Scheduler, Wish
    from analytics_sync.sync.forecast import Cost
    from analytics_sync.wiring import Installation

WHEN = "Say one of --every 24h, --cron '0 9 * * *' and --at '2026-12-01 15:30:00'."


def register(app: typer.Typer) -> None:
    app.command("schedule")(schedule)


def schedule(
    business: Annotated[
        str | None,
        typer.Argument(metavar="[BUSINESS]", help="Id or name; none: all businesses."),
    ] = None,
    *,
    every: Annotated[
        str | None, typer.Option("--every", metavar="SPAN", help="So often: 90m, 24h, 1d12h.")
    ] = None,
    cron: Annotated[
        str | None, typer.Option("--cron", metavar="FIELDS", help="By five fields: '0 9-17 * * *'.")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="Once: '2026-12-01 15:30:00'.")
    ] = None,
    tz: Annotated[
        str | None,
        typer.Option("--tz", metavar="ZONE", help="Read --cron or --at in this zone, not in UTC."),
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option("--backend", help="systemd, crontab, cron.d or external."),
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="At :00, not at a minute of the business's own.")
    ] = False,
    apply: Annotated[
        bool,
        typer.Option("--apply", help="Install again what is scheduled, here or in --backend."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be written; write nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Let cron or systemd start syncs; with nothing else said, of all businesses hourly at :00."""
    from analytics_sync.wiring import scheduler

    chosen = {"BUSINESS": business, "--every": every, "--cron": cron, "--at": at, "--tz": tz}
    if apply:
        _refuse_with_apply([name for name, value in chosen.items() if value is not None])
    with opened() as installation:
        jobs = scheduler(installation)
        if apply and dry_run:
            _show_change(*jobs.rehearse_apply(backend), as_json=json)
        elif apply:
            _apply(jobs, backend, as_json=json)
        else:
            now = installation.clock.now()
            wish = _wish(business, _timing(every, cron, at, tz, now), exact, backend)
            if dry_run:
                _show_change(*jobs.rehearse(wish), as_json=json)
            else:
                install(installation, jobs, wish, as_json=json)


def _wish(
    business: str | None,
    timing: "Timing",
    exact: bool,
    backend: str | None,
) -> "Wish":
    from analytics_sync.schedule.scheduler import Wish

    return Wish(business, timing, exact=exact, backend=backend)


def _refuse_with_apply(said: list[str]) -> None:
    if said:
        raise WrongUsage(
            f"--apply installs again what is scheduled already; {said[0]} says something new.",
            hint="Leave one of them out.",
        )


def _timing(
    every: str | None, cron: str | None, at: str | None, tz: str | None, now: datetime
) -> "Timing":
    """What was said of the time; nothing: hourly.

    :raises WrongUsage: more than one was said, or one in a wrong form.
    """
    from datetime import timedelta

    from analytics_sync.domain.timing import Every, known_zone, parse_at, parse_cron, parse_every

    if sum(one is not None for one in (every, cron, at)) > 1:
        raise WrongUsage("A job has one timing, not several.", hint=WHEN)
    if tz is not None and cron is None and at is None:
        raise WrongUsage(
            "--tz has a meaning with --cron and --at only: spans are the same in every zone.",
            hint=WHEN,
        )
    zone = "UTC" if tz is None else tz
    try:
        option, example = "--tz", "For example Europe/Berlin or America/New_York."
        known_zone(zone)
        if every is not None:
            option, example = "--every", "For example 90m, 24h or 1d12h."
            return Every(parse_every(every))
        if cron is not None:
            option, example = "--cron", "Five fields, for example '0 9-17 * * 1-5'."
            return parse_cron(cron, zone)
        if at is not None:
            option, example = "--at", "For example '2026-12-01 15:30:00', in UTC unless --tz says."
            return parse_at(at, zone, now)
    except ValueError as error:
        raise WrongUsage(f"{option}: {error}.", hint=example) from None
    return Every(timedelta(hours=1))


def install(
    installation: "Installation", jobs: "Scheduler", wish: "Wish", *, as_json: bool
) -> None:
    """Schedule, and tell what came of it."""
    from analytics_sync.schedule.answer import as_document
    from analytics_sync.wiring import rows, watcher

    made = jobs.schedule(wish)
    now = installation.clock.now()
    watching = watcher(installation)
    with rows(installation) as reading:
        cost = watching.forecast(reading, made.state, now, only=made.job).cost
    answer(as_document(made, cost, now), as_json=as_json, human=lambda: _tell(made, cost, now))


def _tell(made: "Scheduled", cost: "Cost", now: datetime) -> None:
    from analytics_sync.schedule.words import said

    say(f"{made.job.name}: {said(made.job.timing)}, in {made.backend}")
    say(f"  next run  {_times(made, made.job.next_run(now))}")
    if made.replaced is not None:
        say(f"  replaces  {said(made.replaced.timing)}")
    if made.left_out:
        say("  The job for all businesses leaves this business out from now on.")
    say(f"  costs     {_costs(cost)}")
    for words in made.advice:
        say(words)


def _times(made: "Scheduled", at: datetime | None) -> str:
    """In UTC, and in the zones that the business or the job lives in."""
    from zoneinfo import ZoneInfo

    if at is None:
        return "–"
    zone = getattr(made.job.timing, "timezone", "UTC")
    names = dict.fromkeys([zone, made.business.timezone if made.business else "UTC"])
    others = [f"{_local(at, ZoneInfo(name))} {name}" for name in names if name != "UTC"]
    return ", ".join([f"{at:%Y-%m-%d %H:%M} UTC", *others])


def _local(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _costs(cost: "Cost") -> str:
    if cost.calls_per_day is None:
        return "not known before the first sync: no post is known yet"
    text = f"about {cost.calls_per_day:,.0f} calls a day"
    if cost.reads_charged_per_day:
        text += f", {cost.reads_charged_per_day:,.0f} paid reads of X"
        text += f" (${cost.dollars_per_day or 0:,.2f})"
    return text


def _apply(jobs: "Scheduler", backend: str | None, *, as_json: bool) -> None:
    applied = jobs.apply(backend)
    document = {
        "backend": applied.backend,
        "changed": applied.changed,
        "moved_from": applied.moved_from,
        "jobs": [job.name for job in applied.state.jobs],
        "advice": applied.advice,
    }
    answer(document, as_json=as_json, human=lambda: _tell_applied(applied))


def _tell_applied(applied: "Applied") -> None:
    number = len(applied.state.jobs)
    moved = f", moved from {applied.moved_from}" if applied.moved_from else ""
    say(f"{number:,} job{'s' * (number != 1)} in {applied.backend}{moved}")
    say("  What was different there was written." if applied.changed else "  Nothing differed.")
    for words in applied.advice:
        say(words)


def _show_change(backend: str, change: "Change", *, as_json: bool) -> None:
    import sys

    from analytics_sync.schedule.machine import as_diff

    diff = as_diff(change)
    document = {
        "dry_run": True,
        "backend": backend,
        "changes": [piece.where for piece in change.pieces],
        # Bytes that are no UTF-8 have no form in JSON.
        "diff": diff.encode(errors="surrogateescape").decode(errors="replace"),
    }

    def human() -> None:
        if diff:
            sys.stdout.flush()
            sys.stdout.buffer.write(diff.encode(errors="surrogateescape"))
            sys.stdout.buffer.flush()
        else:
            say(f"Nothing would be written in {backend}.")

    answer(document, as_json=as_json, human=human)
