"""One sync of the demo, as our side recorded it and as the simulator saw it."""

from dataclasses import dataclass
from typing import Any

from analytics_sync.demo.trouble import Where
from analytics_sync.sync.results import AccountResult, RunRecord


@dataclass(frozen=True, slots=True)
class Run:
    """`kind`: the first sync, one of posts that are due, one asked too early again, or the last.

    `arrived`: requests that the simulator counted; `calls`: what the platforms charge for them.
    """

    kind: str
    record: RunRecord
    arrived: int
    calls: int

    @property
    def posts_read(self) -> int:
        """Posts for which an answer came."""
        return self.record.total("synced") + self.record.total("failed")

    def result(self, where: Where) -> AccountResult | None:
        """What came of one account; None where it took no part."""
        for one in self.record.accounts:
            if (one.account.business_id, one.account.platform) == (where.business, where.platform):
                return one
        return None

    def as_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "arrived": self.arrived, **self.record.as_json()}
