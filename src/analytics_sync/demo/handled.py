"""What went wrong in the demo's day and what became of it, from records, database and request log."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from analytics_sync.clock import iso
from analytics_sync.demo.names import AGAIN, RANKED_BY
from analytics_sync.demo.place import BUSINESSES, Place
from analytics_sync.demo.runs import Run
from analytics_sync.demo.trouble import DELETED, EDITED, LIMITED, OUT_OF_ORDER, REFUSED, Trouble
from analytics_sync.platforms import all_platforms
from analytics_sync.report import words
from analytics_sync.store import posts, summaries
from analytics_sync.store.summaries import Span
from analytics_sync.sync.results import AccountResult


@dataclass(frozen=True, slots=True)
class Handled:
    """One kind of trouble. `facts`: what was read of it; `story`: the same in words."""

    kind: str
    title: str
    facts: dict[str, Any]
    story: str


def what_was_handled(
    connection: Connection, place: Place, trouble: Trouble, runs: Sequence[Run]
) -> list[Handled]:
    """Every trouble of the day that can be found in what was recorded."""
    return [
        *_deleted(connection, trouble, runs),
        *_limited(runs),
        *_refused(runs),
        *_out_of_order(place, runs),
        *_edited(connection, trouble),
        *_fallen(connection, runs),
    ]


def _deleted(connection: Connection, trouble: Trouble, runs: Sequence[Run]) -> Iterator[Handled]:
    if trouble.deleted is None:
        return
    id = trouble.deleted.id
    failures = [
        failure
        for run in runs
        for account in run.record.accounts
        for failure in account.failures
        if failure.platform_post_id == id
    ]
    row = _stored(connection, DELETED.platform, id)
    if row is None or not failures:
        return
    readings = len(summaries.histories(connection, [row.id], RANKED_BY)[row.id])
    yield Handled(
        "deleted_post",
        "A deleted post",
        {
            "platform_post_id": id,
            "code": str(failures[0].code),
            "message": failures[0].message,
            "missed": len(failures),
            "state": row.state,
            "readings": readings,
        },
        f"{_quoted(row)} was deleted on {_title(row.platform)}. {len(failures)} syncs missed it "
        f"({failures[0].code}) and read everything else. Now it counts as {row.state}: it is not "
        f"asked for again, and its history stays ({readings} readings).",
    )


def _limited(runs: Sequence[Run]) -> Iterator[Handled]:
    refused, first = _first(runs, "rate_limited")
    if refused is None or first is None or first.not_before is None:
        return
    meanwhile = [run for run in runs if run.kind == AGAIN]
    after = next(
        (
            (run, result)
            for run in runs
            if run.record.started_at > first.not_before
            and (result := run.result(LIMITED))
            and result.outcome == "ok"
        ),
        None,
    )
    if after is None:
        return
    run, result = after
    asked = sum(one.arrived for one in meanwhile)
    yield Handled(
        "rate_limit",
        "A rate limit",
        {
            "run_id": refused.record.run_id,
            "business_id": LIMITED.business,
            "platform": LIMITED.platform,
            "outcome": first.outcome,
            "message": first.failures[0].message,
            "not_before": iso(first.not_before),
            "deferred": first.deferred,
            "requests_meanwhile": asked,
            "went_on_in_run": run.record.run_id,
            "synced_then": result.synced,
        },
        f"{_title(LIMITED.platform)} asked {BUSINESSES[LIMITED.business]} to wait: not before "
        f"{first.not_before:%a %H:%M}. {first.deferred} posts stayed due. "
        + "".join(
            f"The sync at {one.record.started_at:%H:%M} sent it {one.arrived} requests; "
            for one in meanwhile
        )
        + f"the one at {run.record.started_at:%H:%M} went on by itself and read {result.synced}.",
    )


def _refused(runs: Sequence[Run]) -> Iterator[Handled]:
    refused, first = _first(runs, "credential_refused")
    if refused is None or first is None:
        return
    after = next((run for run in runs if run.record.started_at > refused.record.started_at), None)
    result = after.result(REFUSED) if after is not None else None
    if result is None:
        return
    fine = sum(one.outcome == "ok" for one in refused.record.accounts)
    status = int(refused.record.exit_status())
    yield Handled(
        "refused_token",
        "A refused token",
        {
            "run_id": refused.record.run_id,
            "business_id": REFUSED.business,
            "platform": REFUSED.platform,
            "outcome": first.outcome,
            "message": first.failures[0].message,
            "hint": first.failures[0].hint,
            "exit_status": status,
            "accounts_read": fine,
            "synced_after_new_token": result.synced,
        },
        f"{_gist(first.failures[0].message)}. The other {fine} accounts were read, and exit "
        f"status {status} told the scheduler to call a person. With a new token the next sync "
        f"read {result.synced} posts of {BUSINESSES[REFUSED.business]}.",
    )


def _out_of_order(place: Place, runs: Sequence[Run]) -> Iterator[Handled]:
    answers = [one for one in place.world.journal.requests if one.status == 503]
    if not answers:
        return
    moment = answers[0].at
    run = next((run for run in runs if iso(run.record.started_at) == moment), None)
    result = run.result(OUT_OF_ORDER) if run is not None else None
    if run is None or result is None:
        return
    yield Handled(
        "server_error",
        "A server error",
        {
            "run_id": run.record.run_id,
            "business_id": OUT_OF_ORDER.business,
            "platform": OUT_OF_ORDER.platform,
            "status": 503,
            "times": len(answers),
            "outcome": result.outcome,
            "selected": result.selected,
            "synced": result.synced,
        },
        f"{_title(OUT_OF_ORDER.platform)} answered 503 to {BUSINESSES[OUT_OF_ORDER.business]}. The "
        f"call was sent again in the same sync: {result.synced} of {result.selected} posts read.",
    )


def _edited(connection: Connection, trouble: Trouble) -> Iterator[Handled]:
    if trouble.edited is None:
        return
    row = _stored(connection, EDITED.platform, trouble.edited.id)
    if row is None:
        return
    readings = len(summaries.histories(connection, [row.id], RANKED_BY)[row.id])
    yield Handled(
        "edited_post",
        "An edited post",
        {
            "platform_post_id": row.platform_post_id,
            "older_ids": list(row.versions),
            "readings": readings,
        },
        f"{_quoted(row)} was edited, and {_title(row.platform)} gave it a new id. It is still one "
        f"post here: {readings} readings, the numbers of both versions together.",
    )


def _fallen(connection: Connection, runs: Sequence[Run]) -> Iterator[Handled]:
    found = summaries.falls(connection, "likes", Span(runs[0].record.started_at))
    if not found:
        return
    worst = found[0]
    yield Handled(
        "fallen_number",
        "A falling number",
        {
            "falls": len(found),
            "platform_post_id": worst.post.platform_post_id,
            "platform": worst.post.platform,
            "before": worst.before,
            "after": worst.after,
            "at": iso(worst.at),
        },
        f"Likes can be taken back: {_quoted(worst.post)} went from {worst.before:,} to "
        f"{worst.after:,}. What a platform says is stored: likes fell {len(found):,} times that day.",
    )


def _first(runs: Sequence[Run], outcome: str) -> tuple[Run | None, AccountResult | None]:
    """The first account that ended so, with its run."""
    for run in runs:
        for one in run.record.accounts:
            if one.outcome == outcome:
                return run, one
    return None, None


def _stored(connection: Connection, platform: str, id: str) -> Row[Any] | None:
    return next((row for row in posts.find(connection, id) if row.platform == platform), None)


def _quoted(row: Any) -> str:
    return f'"{words.title(row.text, row.kind, row.published_at)}"'


def _gist(message: str) -> str:
    """A platform's message without its own long words: `Instagram: the token has expired`."""
    return ": ".join(message.split(": ")[:2]).rstrip(".")


def _title(platform: str) -> str:
    return all_platforms()[platform].title
