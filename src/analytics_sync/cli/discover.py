"""`post discover`: find new posts now, and read no numbers."""

import sys
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from analytics_sync.cli.options import (
    BusinessOption,
    Json,
    PlatformOption,
    answer,
    moment,
    opened,
)
from analytics_sync.cli.tables import say, table
from analytics_sync.errors import WrongUsage

if TYPE_CHECKING:
    from analytics_sync.sync.price import Price
    from analytics_sync.sync.results import RunRecord
    from analytics_sync.sync.run import Order
    from analytics_sync.wiring import Installation


def discover(
    *,
    business: BusinessOption = None,
    platform: PlatformOption = None,
    since: Annotated[
        str | None,
        typer.Option("--since", help="How far back (UTC); left out, 90 days. X charges by post."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Don't ask before what X charges.")
    ] = False,
    json: Json = False,
) -> None:
    """Find the accounts' posts now; their numbers are read by the next sync."""
    from analytics_sync.cli.sync import progress_shown
    from analytics_sync.wiring import sync

    with opened() as installation:
        order, is_far = _order(installation, business, platform, moment(since, "--since"))
        if is_far:
            _tell_prices(installation, order, ask=not yes and is_interactive())
        with progress_shown() as progress:
            record = sync(installation, order, progress)
    answer(record.as_json(), as_json=json, human=lambda: _tell(record))
    raise typer.Exit(record.exit_status())


def _order(
    installation: "Installation",
    business: str | None,
    platform: str | None,
    since: datetime | None,
) -> "tuple[Order, bool]":
    """What is to be listed, and whether it reaches back further than a first sync does."""
    from analytics_sync.platforms import names_meant
    from analytics_sync.sync.work import FIRST_REACH
    from analytics_sync.wiring import manual_order

    platforms = frozenset(names_meant(platform)) if platform is not None else None
    order = manual_order(installation, [business] if business is not None else None)
    reach = order.choice.started - since if since is not None else FIRST_REACH
    if reach <= timedelta(0):
        raise WrongUsage("--since lies ahead.", hint="Name a day that is over.")
    choice = replace(order.choice, discover_now=True, read=False, reach=reach)
    order = replace(order, choice=choice, trigger="discover", platforms=platforms)
    return order, reach > FIRST_REACH


def _tell_prices(installation: "Installation", order: "Order", *, ask: bool) -> None:
    """Say what it may cost before anything is asked; on a terminal a person decides."""
    from analytics_sync.wiring import listing_prices

    prices = listing_prices(installation, order)
    for price in prices:
        typer.echo(_in_words(price), err=True)
    if prices and ask:
        typer.confirm("Go on?", abort=True, err=True)


def is_interactive() -> bool:
    """Whether somebody can be asked. Under cron nobody can, and nothing waits."""
    return sys.stdin.isatty()


def _in_words(price: "Price") -> str:
    accounts = "1 account" if price.accounts == 1 else f"{price.accounts:,} accounts"
    words = (
        f"{price.title} charges for each post that it lists: up to {price.posts:,} posts of "
        f"{accounts} at ${price.each:g}, at most ${price.most:,.2f}"
    )
    if price.today < price.most:
        words += (
            f"; daily_read_budget ({price.budget:,} posts) lets ${price.today:,.2f} of it go today"
        )
    return f"{words}."


def _tell(record: "RunRecord") -> None:
    from analytics_sync.platforms import all_platforms

    table(
        ("business", "platform", "account", "outcome", "new"),
        [
            (
                str(result.account.business_id),
                result.account.platform,
                result.account.name or result.account.platform_account_id,
                result.outcome,
                result.discovered,
            )
            for result in record.accounts
        ],
        empty="No account takes part: analytics-sync account add BUSINESS PLATFORM --token-file FILE",
    )
    platforms = all_platforms()
    for result in record.accounts:
        account = result.account
        if not platforms[account.platform].can_list(account):
            say(
                f"{platforms[account.platform].title} shows no list of account {account.id}'s "
                "posts: analytics-sync post add URL_OR_ID, or post import FILE"
            )
        for failure in result.failures:
            say(f"{account.platform} account {account.id}: {failure.message}")
            if failure.hint:
                say(f"  {failure.hint}")
