"""`status`: what needs a person, what is scheduled, and how fresh everything is."""

from datetime import datetime
from typing import TYPE_CHECKING

import typer

from analytics_sync.cli import jobs
from analytics_sync.cli.options import Json, answer, opened
from analytics_sync.cli.tables import say, table

if TYPE_CHECKING:
    from analytics_sync.schedule.status import Status

# More rows than anybody reads: then only those that were not read for the longest time.
MOST = 40


def register(app: typer.Typer) -> None:
    app.command("status")(status)


def status(*, json: Json = False) -> None:
    """Show what needs attention, what is scheduled, and how fresh each business is."""
    from analytics_sync.wiring import rows, watcher

    with opened() as installation, rows(installation) as reading:
        now = installation.clock.now()
        found = watcher(installation).status(reading, now)
    answer({"status": found.as_json()}, as_json=json, human=lambda: _tell(found, now))


def _tell(found: "Status", now: datetime) -> None:
    _tell_place(found)
    _tell_attention(found, now)
    say("")
    jobs.tell(found.overview)
    say("")
    _tell_freshness(found, now)


def _tell_place(found: "Status") -> None:
    from analytics_sync.schedule.place import host
    from analytics_sync.version import __version__

    say(f"analytics-sync {__version__}, {found.user}@{host()}")
    say(f"  config    {found.home.config}")
    say(f"  database  {found.database}")
    say(f"  scheduler {_scheduler(found)}")


def _scheduler(found: "Status") -> str:
    state = found.overview.state
    if state.backend is None:
        return "none: nothing is scheduled"
    if state.elsewhere:
        return f"{state.backend} on {state.elsewhere}"
    return f"{state.backend}, {'alive' if found.overview.alive else 'not alive'}"


def _tell_attention(found: "Status", now: datetime) -> None:
    say("")
    if not found.attention:
        say("Nothing needs attention.")
        return
    say("ATTENTION")
    for one in found.attention:
        at = one.since
        since = f" (since {at:%Y-%m-%d %H:%M} UTC, {_age(at, now)})" if at else ""
        say(f"  {one.message}{since}")
        if one.command:
            say(f"    {one.command}")


def _tell_freshness(found: "Status", now: datetime) -> None:
    shown = list(found.businesses)
    if len(shown) > MOST:
        shown.sort(key=lambda one: one.last_read_at or datetime.min.replace(tzinfo=now.tzinfo))
        del shown[MOST:]
    table(
        ("business", "platform", "accounts", "last read (UTC)", "age"),
        [
            (
                one.business,
                one.platform,
                one.accounts,
                one.last_read_at,
                _age(one.last_read_at, now) if one.last_read_at else "never",
            )
            for one in shown
        ],
        empty="No account yet: analytics-sync account add",
    )
    left = len(found.businesses) - len(shown)
    if left:
        say(f"and {left:,} more, read later than these; --json has all of them.")


def _age(moment: datetime, now: datetime) -> str:
    """How long ago, to two units: `3h20m ago`, `5d2h ago`."""
    from datetime import timedelta

    from analytics_sync.domain.spans import format_span

    span = max(now - moment, timedelta(0))
    unit = timedelta(hours=1) if span >= timedelta(days=1) else timedelta(minutes=1)
    return f"{format_span(span // unit * unit)} ago" if span >= unit else "just now"
