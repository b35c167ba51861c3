"""The request log and its totals, as the server counted them."""

from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request that arrived. `charged`: calls that the platform counts for it."""

    at: str
    platform: str
    method: str
    path: str
    query: str
    status: int
    label: str
    charged: int = 1


@dataclass
class Journal:
    """Requests by platform and label; the last 10,000 of them whole.

    `billed`: what a platform charges money for, by platform and kind ("x post"), each once. For
    faults of the simulator itself `crashes` keeps the traceback.
    """

    requests: deque[Request] = field(default_factory=lambda: deque(maxlen=10_000))
    totals: Counter[str] = field(default_factory=Counter)
    charged: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    billed: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = field(default_factory=list)

    def note(self, request: Request) -> None:
        self.requests.append(request)
        self.totals[request.platform] += 1
        self.charged[request.platform] += request.charged
        self.labels[f"{request.platform} {request.label}"] += 1

    def clear(self) -> None:
        self.requests.clear()
        self.crashes.clear()
        for counter in (self.totals, self.charged, self.labels, self.billed):
            counter.clear()

    def as_json(self) -> dict[str, Any]:
        return {
            "totals": dict(self.totals),
            "charged": dict(self.charged),
            "labels": dict(self.labels),
            "billed": dict(self.billed),
            "crashes": list(self.crashes),
            "requests": [asdict(request) for request in self.requests],
        }
