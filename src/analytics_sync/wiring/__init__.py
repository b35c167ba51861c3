"""Builds the parts from the settings; the only module that knows them all.

Nothing heavy is imported before it is used: many commands need neither database nor HTTP.
"""

from analytics_sync.wiring.installation import Installation, initialise, installation
from analytics_sync.wiring.jobs import overview, rows, run_job, scheduler, starter, tick, watcher
from analytics_sync.wiring.syncs import listing_prices, manual_order, nothing_due, rehearse, sync

__all__ = [
    "Installation",
    "initialise",
    "installation",
    "listing_prices",
    "manual_order",
    "nothing_due",
    "overview",
    "rehearse",
    "rows",
    "run_job",
    "scheduler",
    "starter",
    "sync",
    "tick",
    "watcher",
]
