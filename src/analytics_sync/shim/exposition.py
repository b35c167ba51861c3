"""Prometheus' text format, version 0.0.4."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from sqlalchemy import Row

    from analytics_sync.store.gauges import Gauges

SECONDS_A_DAY = 86_400


class Sample(NamedTuple):
    """One number with its labels."""

    value: float
    labels: dict[str, object]


class Family(NamedTuple):
    """All samples of one name. `kind`: counter or gauge."""

    name: str
    kind: str
    help: str
    samples: Iterable[Sample]


def exposition(found: "Gauges", now: datetime) -> str:
    """All that a monitoring system is told."""
    lines = [line for family in _families(found, now) for line in _lines(family)]
    return "\n".join(lines) + "\n"


def _families(found: "Gauges", now: datetime) -> Iterator[Family]:
    yield Family(
        "analytics_sync_runs_total",
        "counter",
        "Syncs by what started them and what came of them; none yet: running.",
        (
            Sample(r.runs, {"trigger": r.trigger, "outcome": r.outcome or "none"})
            for r in found.runs
        ),
    )
    for name, help in (
        ("requests", "Calls of platforms."),
        ("synced", "Posts whose numbers were read."),
        ("failed", "Posts whose numbers could not be read."),
        ("snapshots", "Readings in which a number had changed."),
    ):
        total = sum(getattr(row, name) or 0 for row in found.runs)
        title = {"requests": "calls", "synced": "posts_synced", "failed": "posts_failed"}
        full = f"analytics_sync_{title.get(name, name)}_total"
        yield Family(full, "counter", help, [Sample(total, {})])
    yield Family(
        "analytics_sync_failures_total",
        "counter",
        "What failed, by its code.",
        (Sample(row.number, {"code": row.code}) for row in found.failures),
    )
    yield Family(
        "analytics_sync_posts",
        "gauge",
        "Known posts.",
        (Sample(r.number, {"platform": r.platform, "state": r.state}) for r in found.posts),
    )
    yield Family(
        "analytics_sync_budget_left",
        "gauge",
        "Calls or reads that are left of a budget; period 0: as the platform told.",
        _budgets(found.budgets, now),
    )
    if found.newest_end is not None:
        age = max(0.0, (now - found.newest_end).total_seconds())
        help = "Since the end of the newest sync that worked."
        yield Family("analytics_sync_newest_sync_age_seconds", "gauge", help, [Sample(age, {})])
    yield Family(
        "analytics_sync_token_days_left",
        "gauge",
        "Until a person must connect again; 0: the platform has refused the token.",
        _tokens(found.credentials, now),
    )


def _budgets(rows: "Iterable[Row[Any]]", now: datetime) -> Iterator[Sample]:
    for row in rows:
        labels: dict[str, object] = {"bucket": row.bucket, "period": row.period}
        if row.period:
            if row.ceiling is not None:
                over = (now - row.period_start).total_seconds() >= row.period
                yield Sample(max(0, row.ceiling - (0 if over else row.used)), labels)
        elif row.not_before is not None and row.not_before > now:
            yield Sample(0, labels)
        elif row.remaining is not None and (row.resets_at is None or row.resets_at > now):
            yield Sample(row.remaining, labels)


def _tokens(rows: "Iterable[Row[Any]]", now: datetime) -> Iterator[Sample]:
    for row in rows:
        end = row.renew_until if row.renews else row.expires_at
        labels: dict[str, object] = {"credential": row.id, "platform": row.platform}
        if row.refused_at is not None:
            yield Sample(0, labels)
        elif end is not None:
            left = (end - now).total_seconds() / SECONDS_A_DAY
            yield Sample(max(0.0, round(left, 3)), labels)


def _lines(family: Family) -> Iterator[str]:
    yield f"# HELP {family.name} {family.help}"
    yield f"# TYPE {family.name} {family.kind}"
    for value, labels in family.samples:
        told = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
        yield f"{family.name}{{{told}}} {value}" if told else f"{family.name} {value}"


def _escaped(value: object) -> str:
    return str(value).replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
