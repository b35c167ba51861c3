"""What a long listing may cost where each post listed is charged."""

from dataclasses import dataclass
from typing import Final

from analytics_sync.sync.parts import Parts
from analytics_sync.sync.run import Order, choose_accounts

# X docs: User Posts timeline. Older posts than the newest 3,200 are never listed.
MOST_LISTED: Final = 3_200


@dataclass(frozen=True, slots=True)
class Price:
    """The most that a listing of some accounts of one platform may cost, in US dollars.

    `budget`: the most posts that may be charged on one UTC day.
    """

    platform: str
    title: str
    accounts: int
    each: float
    budget: int

    @property
    def posts(self) -> int:
        return self.accounts * MOST_LISTED

    @property
    def most(self) -> float:
        return self.posts * self.each

    @property
    def today(self) -> float:
        return min(self.posts, self.budget) * self.each


async def listing_prices(parts: Parts, order: Order) -> list[Price]:
    """A price for each platform of the order that charges what it lists."""
    counted: dict[str, int] = {}
    for account in await choose_accounts(parts, order):
        counted[account.platform] = counted.get(account.platform, 0) + 1
    return [
        Price(
            name,
            parts.platforms[name].title,
            accounts,
            float(parts.settings[name].own["price_per_read"]),
            parts.settings[name].number("daily_read_budget"),
        )
        for name, accounts in counted.items()
        if parts.platforms[name].charges_reads
    ]
