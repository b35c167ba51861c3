"""Keeps the history of your LinkedIn, X, Facebook and Instagram posts' numbers.

Two functions are public; both need what the command line needs: a home with its settings.
"""

from typing import TYPE_CHECKING

from analytics_sync.version import __version__

if TYPE_CHECKING:
    from analytics_sync.sync.results import RunRecord

__all__ = ["__version__", "sync_all_businesses", "sync_business"]


def sync_all_businesses() -> "RunRecord":
    """Sync every account of every business, as `analytics-sync sync` does.

    :raises ConfigurationInvalid: the settings have mistakes.
    :raises StoreUnusable: the database can't be used.
    """
    return _sync(None)


def sync_business(business_id: int) -> "RunRecord":
    """Sync every account of one business, as `analytics-sync sync --business ID` does.

    :raises WrongUsage: there is no such business.
    :raises ConfigurationInvalid: the settings have mistakes.
    :raises StoreUnusable: the database can't be used.
    """
    return _sync(str(business_id))


def _sync(business: str | None) -> "RunRecord":
    # Imported here, because importing the package must cost nothing.
    from analytics_sync.wiring import installation, manual_order, sync

    with installation() as opened:
        return sync(opened, manual_order(opened, [business] if business else None))
