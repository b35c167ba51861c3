"""LinkedIn's call quotas: two counters for each endpoint and UTC day, told by nothing but a 429."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from analytics_sync.simulator.services._linkedin.wire import day_quota, too_fast
from analytics_sync.simulator.world import World

# Community Management API, Development tier: calls a day over all endpoints.
DEVELOPMENT_APP, DEVELOPMENT_MEMBER = 500, 100
BURST_SECONDS = 30.0
_ALL = ""


@dataclass
class Quotas:
    """Counts calls by application, member, endpoint and UTC day on the world's clock.

    Switches: `linkedin.app_calls_a_day` and `linkedin.member_calls_a_day`, a number for every
    endpoint or a mapping from endpoints to numbers (none by default); `linkedin.tier` adds the
    ceilings of the Development tier. The fault "burst" refuses its endpoint for `facts.seconds`
    (30) from then on.
    """

    world: World
    counts: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    bursts: dict[str, datetime] = field(default_factory=dict)

    def admit(self, app: str, member: str, endpoint: str, target: str) -> None:
        """Count one call.

        :raises Refusal: 429; the call is not counted then.
        """
        self._stop_bursts(endpoint, target)
        now = self.world.clock.now()
        day = now.astimezone(UTC).date().isoformat()
        kept = []
        for name in (endpoint, _ALL):
            for holder, key, limit in (
                ("APPLICATION", (day, app, "", name), self._app_limit(name)),
                ("MEMBER", (day, app, member, name), self._member_limit(name)),
            ):
                if limit is not None and self.counts[key] >= limit:
                    raise day_quota(holder)
                kept.append(key)
        self.counts.update(kept)

    def _stop_bursts(self, endpoint: str, target: str) -> None:
        now = self.world.clock.now()
        fault = self.world.faults.asks("linkedin", target, "burst")
        if fault is not None:
            seconds = float(fault.facts.get("seconds", BURST_SECONDS))
            self.bursts[endpoint] = now + timedelta(seconds=seconds)
        if now < self.bursts.get(endpoint, now):
            raise too_fast()

    def _app_limit(self, endpoint: str) -> int | None:
        return self._limit("linkedin.app_calls_a_day", endpoint, DEVELOPMENT_APP)

    def _member_limit(self, endpoint: str) -> int | None:
        return self._limit("linkedin.member_calls_a_day", endpoint, DEVELOPMENT_MEMBER)

    def _limit(self, switch: str, endpoint: str, development: int) -> int | None:
        if endpoint == _ALL:
            return development if self.development else None
        limit = self.world.switches.get(switch)
        if isinstance(limit, dict):
            limit = limit.get(endpoint)
        return limit if isinstance(limit, int) else None

    @property
    def development(self) -> bool:
        return self.world.switches.get("linkedin.tier", "standard") == "development"
