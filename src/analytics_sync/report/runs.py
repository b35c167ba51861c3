"""Runs as documents: what `runs --json` and the HTTP shim answer."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sqlalchemy import Row

COUNTS: Final = ("selected", "synced", "failed", "deferred")


def as_document(row: "Row[Any]") -> dict[str, Any]:
    """A run in the form of `sync --json`; `outcome` is null while it runs."""
    finished = row.finished_at
    return {
        "id": row.id,
        "run_id": row.id,
        "trigger": row.trigger,
        "job": row.job,
        "slot": row.slot_at,
        "made_up": row.made_up,
        "outcome": row.outcome,
        "started_at": row.started_at,
        "finished_at": finished,
        "seconds": (finished - row.started_at).total_seconds() if finished else None,
        "requests": row.requests,
        "discovered": row.discovered,
        "snapshots": row.snapshots,
        "posts": {name: getattr(row, name) for name in COUNTS},
    }


def with_errors(row: "Row[Any]", errors: "Sequence[Row[Any]]") -> dict[str, Any]:
    """The whole run: accounts as `sync --json` gives them, with their errors."""
    by_account: dict[int | None, list[dict[str, Any]]] = {}
    for error in errors:
        told = {name: getattr(error, name) for name in ("platform_post_id", "code", "message")}
        by_account.setdefault(error.account_id, []).append(told)
    accounts = [
        {**account, "errors": by_account.get(account["account_id"], [])} for account in row.accounts
    ]
    return {**as_document(row), "accounts": accounts}


def error_document(error: "Row[Any]") -> dict[str, Any]:
    """One error of a run, with what to do about it."""
    from analytics_sync.domain.advice import advice

    names = (
        "business_id",
        "account_id",
        "platform",
        "platform_account_id",
        "platform_post_id",
        "code",
        "message",
    )
    return {**{name: getattr(error, name) for name in names}, "hint": advice(error.code)}
