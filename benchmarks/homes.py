"""Installations to measure: a home in a temporary folder with the accounts of a simulated world."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from measure import ENVIRON
from world import Running

from analytics_sync.connect.accounts import NewAccount, add_account
from analytics_sync.store import businesses
from analytics_sync.tokens import parse_token
from analytics_sync.wiring import Installation, initialise, installation

# Reading is charged on X: nothing here may end for want of a budget.
PLENTY = {"ANALYTICS_SYNC_PLATFORMS__X__DAILY_READ_BUDGET": "3000000"}


def environment(home: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of a command: this one's, without any of its own settings."""
    kept = {k: v for k, v in ENVIRON.items() if not k.startswith("ANALYTICS_SYNC_")}
    return {**kept, "ANALYTICS_SYNC_HOME": str(home), **PLENTY, **settings}


def prepare(home: Path, world: Running, **settings: str) -> dict[str, str]:
    """Make a home with all of the world's accounts; returns the environment that names it.

    `settings` are those of the environment, without their prefix.
    """
    own = {f"ANALYTICS_SYNC_{name}": value for name, value in settings.items()}
    environ = environment(home, {**world.settings, **own})
    with installation(environ) as opened:
        initialise(opened)
        _add_businesses(opened, world)
        asyncio.run(_add_accounts(opened, world))
    return environ


def _add_businesses(opened: Installation, world: Running) -> None:
    with opened.database.write() as connection:
        for number in sorted({account["business"] for account in world.accounts}):
            businesses.add(
                connection,
                f"Business {number}",
                timezone="UTC",
                now=opened.clock.now(),
                id=number,
            )


async def _add_accounts(opened: Installation, world: Running) -> None:
    parts = opened.parts()
    for account in world.accounts:
        new = NewAccount(
            business_id=account["business"],
            platform=account["platform"],
            platform_account_id=account["platform_account_id"],
            kind=account["kind"],
            token=parse_token(account["token"], "the simulator"),
        )
        await add_account(parts, opened.vault, new, check=False)
