"""What came of the demo's day, read back from the database and the simulator's request log."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from analytics_sync.clock import iso
from analytics_sync.demo.handled import Handled, what_was_handled
from analytics_sync.demo.names import AGAIN, RANKED_BY, SHOWN
from analytics_sync.demo.place import Place
from analytics_sync.demo.runs import Run
from analytics_sync.demo.trouble import Trouble
from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.report.sparkline import sampled
from analytics_sync.simulator.control import the_truth
from analytics_sync.store import posts, summaries
from analytics_sync.store.summaries import Grown, PostPlace, Span, Total
from analytics_sync.wiring import Installation

FASTEST: Final = 8


@dataclass(frozen=True, slots=True)
class Requests:
    """`sent`: as the simulator counted them. `posts_read`: answers for posts; as many requests
    would one-by-one reading have taken at least. `calls`: what the platforms count for them (each
    part of a batch). `x_charged`: posts on X's bill, at `x_price` dollars each.
    """

    sent: int
    by_platform: Mapping[str, int]
    posts_read: int
    calls: int
    x_charged: int
    x_price: float


@dataclass(frozen=True, slots=True)
class Check:
    """Stored numbers that were compared with the platforms' own at the end of the day."""

    posts: int
    numbers: int
    differing: int


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the demo shows. `samples`: the ranked number at each sync, by post id."""

    span: Span
    until: datetime
    runs: Sequence[Run]
    totals: Sequence[Total]
    grown: Sequence[Grown]
    samples: Mapping[int, Sequence[int | None]]
    found: Sequence[PostPlace]
    values: Mapping[int, int]
    handled: Sequence[Handled]
    requests: Requests
    check: Check
    accounts: int

    @property
    def posts(self) -> int:
        return sum(total.posts for total in self.totals)

    @property
    def eventful_run(self) -> int:
        """The first run in which not all went well."""
        runs = [run.record for run in self.runs]
        return next((run for run in runs if run.outcome != "complete"), runs[0]).run_id

    def as_json(self) -> dict[str, Any]:
        return {
            "since": self.span.since,
            "until": self.until,
            "businesses": len({total.business_id for total in self.totals}),
            "accounts": self.accounts,
            "posts": self.posts,
            "syncs": [run.as_json() for run in self.runs],
            "totals": [asdict(total) for total in self.totals],
            "fastest": [
                {
                    **_as_json(one.post),
                    RANKED_BY: one.value,
                    "grown_by": one.growth,
                    "history": self.samples[one.post.id],
                }
                for one in self.grown
            ],
            "new_posts": [
                {**_as_json(one), RANKED_BY: self.values.get(one.id)} for one in self.found
            ],
            "handled": [asdict(one) for one in self.handled],
            "requests": asdict(self.requests),
            "check": asdict(self.check),
        }


def gather(opened: Installation, place: Place, trouble: Trouble, runs: Sequence[Run]) -> Facts:
    """Read everything back."""
    span = Span(runs[0].record.started_at)
    instants = [run.record.started_at for run in runs if run.kind != AGAIN]
    with opened.database.read() as connection:
        grown = summaries.fastest(connection, RANKED_BY, span, limit=FASTEST)
        found = summaries.found_since(connection, span.since)
        ids = [one.post.id for one in grown]
        told = summaries.histories(connection, [*ids, *(one.id for one in found)], RANKED_BY)
        totals = summaries.totals(connection, SHOWN, span)
        handled = what_was_handled(connection, place, trouble, runs)
    return Facts(
        span=span,
        until=place.world.clock.now(),
        runs=runs,
        totals=totals,
        grown=grown,
        samples={id: sampled(told[id], instants) for id in ids},
        found=found,
        values={one.id: told[one.id][-1][1] for one in found if told[one.id]},
        handled=handled,
        requests=_requests(opened, place, runs),
        check=_check(opened, place),
        accounts=len(place.handles),
    )


def _requests(opened: Installation, place: Place, runs: Sequence[Run]) -> Requests:
    by_platform: Counter[str] = Counter()
    for run in runs:
        for account in run.record.accounts:
            by_platform[account.account.platform] += account.requests
    return Requests(
        sent=sum(run.arrived for run in runs),
        by_platform=dict(by_platform),
        posts_read=sum(run.posts_read for run in runs),
        calls=sum(run.calls for run in runs),
        x_charged=place.world.journal.billed["x post"],
        x_price=float(opened.settings.platforms["x"].own["price_per_read"]),
    )


def _check(opened: Installation, place: Place) -> Check:
    """Compare every post that a platform shows; a number that it does not say must be unsaid."""
    with opened.database.read() as connection:
        known = {
            (row.platform, row.platform_post_id): row._mapping for row in posts.listed(connection)
        }
    truth = the_truth(place.world, place.simulator.services)["posts"]
    numbers = differing = 0
    for told in truth:
        stored = known.get((told["platform"], told["platform_post_id"]))
        for name in COLUMNS:
            if told[name] is None:
                continue
            numbers += 1
            differing += stored is None or stored[name] != told[name]
    return Check(len(truth), numbers, differing)


def _as_json(post: PostPlace) -> dict[str, Any]:
    return {
        "business": post.business,
        "platform": post.platform,
        "platform_post_id": post.platform_post_id,
        "published_at": iso(post.published_at),
        "found_at": iso(post.found_at),
        "kind": post.kind,
        "text": post.text,
    }
