"""Which metrics the platforms have retired: known to all accounts of a run, kept for the next."""

import asyncio
import logging
from collections.abc import Mapping

from analytics_sync.clock import Clock
from analytics_sync.store import metrics as stored
from analytics_sync.store.database import Database

log = logging.getLogger(__name__)


class RetiredMetrics:
    """One platform's share of the memory."""

    def __init__(self, platform: str, known: Mapping[tuple[str, str], set[str]]) -> None:
        self.platform = platform
        self._known = {
            scope: set(names) for (name, scope), names in known.items() if name == platform
        }
        self._news: list[tuple[str, str, str]] = []

    def retired(self, scope: str) -> frozenset[str]:
        return frozenset(self._known.get(scope, ()))

    def retire(self, scope: str, metric: str, reason: str) -> None:
        if metric in self._known.setdefault(scope, set()):
            return
        self._known[scope].add(metric)
        self._news.append((scope, metric, reason))
        log.warning(
            "%s no longer answers the metric %s (%s): the other metrics go on without it",
            self.platform,
            metric,
            reason,
        )

    async def flush(self, database: Database, clock: Clock) -> None:
        """Write what was found since the last time."""
        news, self._news = self._news, []
        if news:
            await asyncio.to_thread(self._write, database, clock, news)

    def _write(self, database: Database, clock: Clock, news: list[tuple[str, str, str]]) -> None:
        with database.write() as connection:
            for scope, metric, reason in news:
                stored.retire(
                    connection,
                    platform=self.platform,
                    scope=scope,
                    metric=metric,
                    reason=reason,
                    now=clock.now(),
                )
