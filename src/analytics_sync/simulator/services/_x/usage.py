"""What an application has used (X docs: Usage), and the public OpenAPI document."""

from collections.abc import Iterable
from datetime import UTC, date, timedelta
from typing import Any

from analytics_sync.simulator.services._x.dialects import DIALECTS, NEW, USAGE_FIELDS
from analytics_sync.simulator.services._x.gate import USAGE_CAP, Endpoint, Gate, application_of
from analytics_sync.simulator.services._x.ledger import CYCLE_DAY, cycle_start
from analytics_sync.simulator.services._x.lookup import Asked
from analytics_sync.simulator.services._x.problems import ACCOUNT_ID

DEFAULT_FIELDS = frozenset({"cap_reset_day", "project_cap", "project_id", "project_usage"})
DEFAULT_DAYS = 7


def usage(gate: Gate, asked: Asked) -> dict[str, Any]:
    """GET /2/usage/tweets: posts read, by day, newest day first."""
    now = gate.switches.now()
    app = application_of(asked.token)
    integers = gate.switches.text("usage_numbers", "strings") == "integers"

    def number(value: int) -> int | str:
        return value if integers else str(value)

    today = now.astimezone(UTC).date()
    days = [today - timedelta(days=back) for back in range(asked.query.get("days", DEFAULT_DAYS))]
    by_day = [
        {"date": _midnight(day), "usage": number(gate.ledger.reads(app, day))} for day in days
    ]
    cap = gate.switches.number("usage_cap")
    found = {
        "project_id": ACCOUNT_ID,
        "project_cap": number(USAGE_CAP if cap is None else int(cap)),
        "project_usage": number(gate.ledger.reads_since(app, cycle_start(now))),
        "cap_reset_day": CYCLE_DAY,
        "daily_project_usage": {"project_id": ACCOUNT_ID, "usage": by_day},
        "daily_client_app_usage": [
            {"client_app_id": app, "usage_result_count": len(by_day), "usage": by_day}
        ],
    }
    wanted = asked.words("usage.fields") or DEFAULT_FIELDS
    return {"data": {name: found[name] for name in USAGE_FIELDS if name in wanted}}


def credits_left(gate: Gate, asked: Asked) -> dict[str, Any]:
    """GET /2/usage/credits: balances in US dollars."""
    prepaid = gate.switches.number("credits") or 0.0
    left = round(prepaid - gate.ledger.dollars(application_of(asked.token)), 6)
    return {
        "data": {"free_balance": 0, "prepaid_balance": left, "total_balance": max(0, left)},
    }


def _midnight(day: date) -> str:
    return f"{day}T00:00:00.000Z"


def openapi(endpoints: Iterable[tuple[str, Endpoint]], version: str) -> dict[str, Any]:
    """GET /2/openapi.json: a small part of the public specification."""
    return {
        "openapi": "3.0.0",
        "info": {"title": "X API v2", "version": version},
        "servers": [{"url": "https://api.x.com"}],
        "paths": {
            path: {
                "get": {
                    "parameters": [
                        {"name": name, "in": "path" if name == endpoint.path_id else "query"}
                        for name in endpoint.parameters(NEW)
                        if not name.startswith("tweet.")
                    ]
                }
            }
            for path, endpoint in endpoints
        },
        "components": {
            "parameters": {
                "PostFieldsParameter": {
                    "name": "post.fields",
                    "in": "query",
                    "schema": {"type": "array", "items": {"enum": list(NEW.fields)}},
                }
            },
            "schemas": {
                "PostPublicMetrics": {
                    "type": "object",
                    "required": [
                        DIALECTS["new"].reposts,
                        "reply_count",
                        "like_count",
                        "quote_count",
                        "bookmark_count",
                        "impression_count",
                    ],
                }
            },
        },
    }
