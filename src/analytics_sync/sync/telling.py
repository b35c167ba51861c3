"""The documented lines in which a run tells of itself, word for word."""

import logging

from analytics_sync.sync.results import AccountResult, RunRecord

# As when they stood in `run`: people filter by it.
log = logging.getLogger("analytics_sync.sync.run")


def announce(*, every_business: bool) -> None:
    if every_business:
        log.info("Starting scheduled analytics sync for all businesses")


def tell(record: RunRecord, *, every_business: bool) -> None:
    by_business: dict[int, list[AccountResult]] = {}
    for result in record.accounts:
        by_business.setdefault(result.account.business_id, []).append(result)
    for business, results in by_business.items():
        synced, selected = (
            sum(getattr(r, name) for r in results) for name in ("synced", "selected")
        )
        log.info("Business %s sync complete: %s/%s posts synced", business, synced, selected)
    if not every_business:
        return
    log.info(
        "Scheduled analytics sync complete: %s/%s posts synced, %s failures in %.2fs",
        record.total("synced"),
        record.total("selected"),
        record.total("failed"),
        record.seconds,
    )
