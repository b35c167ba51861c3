"""Makes a home with all accounts of a simulated world; a process, told what to do by JSON.

Standard input: {"environ": {...}, "accounts": [...]}, as `scene.prepare` writes it.
"""

import asyncio
import json
import sys
from typing import Any

from analytics_sync.connect.accounts import NewAccount, add_account
from analytics_sync.store import businesses
from analytics_sync.tokens import parse_token
from analytics_sync.wiring import Installation, initialise, installation


def main() -> None:
    told = json.load(sys.stdin)
    with installation(told["environ"]) as opened:
        initialise(opened)
        add_businesses(opened, {account["business"] for account in told["accounts"]})
        asyncio.run(add_accounts(opened, told["accounts"]))


def add_businesses(opened: Installation, numbers: set[int]) -> None:
    now = opened.clock.now()
    with opened.database.write() as connection:
        for number in sorted(numbers):
            businesses.add(connection, f"Business {number}", timezone="UTC", now=now, id=number)


async def add_accounts(opened: Installation, accounts: list[dict[str, Any]]) -> None:
    parts = opened.parts()
    for account in accounts:
        new = NewAccount(
            business_id=account["business"],
            platform=account["platform"],
            platform_account_id=account["platform_account_id"],
            kind=account["kind"],
            token=parse_token(account["token"], "the simulator"),
        )
        await add_account(parts, opened.vault, new, check=False)


if __name__ == "__main__":
    main()
