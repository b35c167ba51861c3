"""Call budgets: counting, the usage headers, and the refusals that follow.

Source: Meta, "Rate Limits". The numbers in the headers are percent of a budget.
"""

import json
import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from analytics_sync.simulator.services._graph.errors import GraphError, limit_reached
from analytics_sync.simulator.services._graph.host import Host
from analytics_sync.simulator.services._graph.time import MINUTE

CALLS_A_PERSON = 4800
CALLS_A_DAILY_USER = 200
DAILY_USERS = 1000
# Headers appear once a budget has seen more calls than this.
SILENT_CALLS = 2


@dataclass(frozen=True, slots=True)
class Budget:
    """One budget. `kind`: "pages", "instagram" (business use cases), "user" or "app".

    `owner`: the id under which the header names it; `people`: whose attention earns calls;
    `code`: what refusals say, where it is not the kind's usual one.
    """

    kind: str
    identity: str
    owner: str = ""
    people: int = 1
    code: int = 0

    @property
    def is_business(self) -> bool:
        return self.kind in {"pages", "instagram"}

    @property
    def window(self) -> timedelta:
        return timedelta(hours=24 if self.is_business else 1)


CODES = {"pages": 80001, "instagram": 80002, "user": 32, "app": 4}


@dataclass
class Meter:
    """What was used of one budget lately."""

    calls: deque[list[Any]] = field(default_factory=deque)
    total: int = 0
    seen: int = 0
    blocked_until: datetime | None = None
    code: int | None = None

    def add(self, now: datetime) -> None:
        """Count one call; calls of one minute share an entry."""
        minute = now.replace(second=0, microsecond=0)
        if not self.calls or self.calls[-1][0] != minute:
            self.calls.append([minute, 0])
        self.calls[-1][1] += 1
        self.total += 1
        self.seen += 1

    def used(self, now: datetime, window: timedelta) -> int:
        while self.calls and self.calls[0][0] <= now - window:
            self.total -= self.calls.popleft()[1]
        return self.total

    def clear(self) -> None:
        self.calls.clear()
        self.total = 0
        self.blocked_until = self.code = None

    def minutes_blocked(self, now: datetime) -> int:
        if self.blocked_until is None or self.blocked_until <= now:
            return 0
        return math.ceil((self.blocked_until - now) / MINUTE)


class Usage:
    """All meters of one host.

    Switches, each as `<host>.<switch>`: `page_quota`, `account_quota`, `user_quota`, `app_quota`:
    calls per window (24 h, 24 h, 1 h, 1 h); left out, Meta's formulas hold, and the application's
    budget binds only application tokens. `throttle_minutes` (60): how long a spent budget is
    refused; `throttle_penalty_minutes` (5): added for each call meanwhile; `throttle_status`
    (400); `business_usage`: entries added to X-Business-Use-Case-Usage; `usage`: fields that
    replace those of every entry (`{"total_cputime": 91}`); `silent_calls` (2): calls without
    headers at the beginning. For an Instagram account the prefix is that of the host.
    """

    def __init__(self, host: Host) -> None:
        self.host = host
        self.meters: dict[tuple[str, str], Meter] = {}

    def charge(self, budget: Budget) -> None:
        """Count one call.

        :raises GraphError: the budget is spent, or still refused; a call then makes it longer.
        """
        app = Budget("app", self.host.app_id)
        for counted in dict.fromkeys((budget, app)):
            self._charge_one(counted, enforced=counted == budget or self._app_binds_all)

    @property
    def _app_binds_all(self) -> bool:
        return self.host.switch("app_quota") is not None

    def _charge_one(self, budget: Budget, *, enforced: bool) -> None:
        now, meter = self.host.now, self.meter(budget)
        if meter.minutes_blocked(now):
            self._lengthen(meter)
        elif meter.blocked_until is not None:
            meter.clear()
        meter.add(now)
        if enforced and meter.used(now, budget.window) > self.quota(budget):
            self.block(budget, self.host.number("throttle_minutes", 60))
        if meter.minutes_blocked(now):
            raise self._refusal(budget, meter)

    def _lengthen(self, meter: Meter) -> None:
        if meter.blocked_until is not None:
            meter.blocked_until += self.host.number("throttle_penalty_minutes", 5) * MINUTE

    def _refusal(self, budget: Budget, meter: Meter) -> GraphError:
        code = meter.code or budget.code or CODES[budget.kind]
        return limit_reached(code, self.host.number("throttle_status", 400))

    def block(self, budget: Budget, minutes: int, code: int | None = None) -> None:
        """Refuse this budget's calls for so long; an earlier, longer refusal stays."""
        meter, until = self.meter(budget), self.host.now + minutes * MINUTE
        if meter.blocked_until is None or meter.blocked_until < until:
            meter.blocked_until = until
        meter.code = code or meter.code

    def meter(self, budget: Budget) -> Meter:
        return self.meters.setdefault((budget.kind, budget.identity), Meter())

    def quota(self, budget: Budget) -> int:
        """Calls per window."""
        match budget.kind:
            case "pages":
                return self.host.number("page_quota", CALLS_A_PERSON * budget.people)
            case "instagram":
                return self.host.number("account_quota", CALLS_A_PERSON * budget.people)
            case "user":
                return self.host.number("user_quota", CALLS_A_DAILY_USER)
            case _:
                return self.host.number("app_quota", CALLS_A_DAILY_USER * DAILY_USERS)

    def headers(self, budget: Budget) -> dict[str, str]:
        """`X-App-Usage` and, for a business use case, `X-Business-Use-Case-Usage`."""
        said: dict[str, str] = {}
        app = Budget("app", self.host.app_id) if budget.kind != "user" else budget
        if self._speaks(app):
            said["X-App-Usage"] = _compact(self._percentages(app))
        if budget.is_business and self._speaks(budget):
            said["X-Business-Use-Case-Usage"] = _compact(self._by_owner(budget))
        return said

    def _speaks(self, budget: Budget) -> bool:
        return self.meter(budget).seen > self.host.number("silent_calls", SILENT_CALLS)

    def _by_owner(self, budget: Budget) -> dict[str, Any]:
        """Several entries under one id, as for a business with more than one use case."""
        minutes = self.meter(budget).minutes_blocked(self.host.now)
        entry = {
            "type": budget.kind,
            **self._percentages(budget),
            "estimated_time_to_regain_access": minutes,
        }
        quiet = {name: 0 if name != "type" else "messenger" for name in entry}
        owners: dict[str, Any] = {budget.owner or budget.identity: [quiet, entry]}
        extra = self.host.switch("business_usage")
        if isinstance(extra, Mapping):
            for owner, entries in extra.items():
                owners[str(owner)] = [*owners.get(str(owner), []), *entries]
        return owners

    def _percentages(self, budget: Budget) -> dict[str, int]:
        meter, now = self.meter(budget), self.host.now
        used = meter.used(now, budget.window) * 100 // max(1, self.quota(budget))
        calls = 100 if meter.minutes_blocked(now) else used
        said = {
            "call_count": calls,
            "total_cputime": calls * 8 // 10,
            "total_time": calls * 9 // 10,
        }
        overlay = self.host.switch("usage")
        if isinstance(overlay, Mapping):
            said |= {str(name): int(value) for name, value in overlay.items()}
        return said


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
