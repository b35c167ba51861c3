"""Adds single posts by id or web address, after asking the platform when they were published."""

from collections.abc import Sequence
from dataclasses import dataclass

from analytics_sync.connect.session import talking
from analytics_sync.domain.codes import ErrorCode
from analytics_sync.domain.records import Account, FoundPost
from analytics_sync.errors import Refused, WrongUsage
from analytics_sync.platforms._contract import Platform
from analytics_sync.store import accounts, posts
from analytics_sync.sync.parts import Parts


@dataclass(frozen=True, slots=True)
class AddedPost:
    """A post as taken up. `new` is False where it was known, `refused` set where it is not shown."""

    account: Account
    platform_post_id: str
    new: bool = False
    refused: WrongUsage | None = None


async def add_posts(
    parts: Parts, texts: Sequence[str], *, business_id: int | None, platform: str | None
) -> list[AddedPost]:
    """Take up posts; each new one is looked up with the token of the account that it belongs to.

    :raises WrongUsage: a text is no post id or address, or it is not clear which account is meant;
        then nothing was asked.
    """
    found = await parts.read(accounts.listed, business_id)
    known = [a for a in found if platform in {None, a.platform} and a.platform in parts.platforms]
    meant = [_meant(parts, known, text) for text in texts]
    return [await _add(parts, account, id) for account, id in meant]


def _meant(parts: Parts, known: Sequence[Account], text: str) -> tuple[Account, str]:
    """The account and the stored form of the id that a text means."""
    fitting: list[tuple[Account, str]] = []
    mistakes: dict[str, str] = {}
    for account in known:
        try:
            fitting.append(
                (account, parts.platforms[account.platform].parse_post_id(text, account))
            )
        except ValueError as error:
            mistakes[account.platform] = str(error)
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        places = ", ".join(f"{a.platform} account {a.id}" for a, _ in fitting)
        raise WrongUsage(
            f"{text!r} could be a post of several accounts: {places}.",
            hint="Say which with --business and --platform.",
        )
    words = "; ".join(f"{name}: {words}" for name, words in sorted(mistakes.items()))
    raise WrongUsage(
        f"{text!r} is no post of a known account. {words}".strip(),
        hint="Name it in that form."
        if known
        else "Add the account first: `analytics-sync account add`.",
        code="post_id_invalid",
    )


async def _add(parts: Parts, account: Account, platform_post_id: str) -> AddedPost:
    known = await parts.read(posts.at, account.id, platform_post_id)
    if known is not None and known.state == "active":
        return AddedPost(account, platform_post_id)
    try:
        found = await _look_up(parts, account, platform_post_id)
    except WrongUsage as refused:
        return AddedPost(account, platform_post_id, refused=refused)
    taken = await parts.write(posts.take, account.id, [found], now=parts.clock.now(), listed=False)
    return AddedPost(account, found.platform_post_id, taken.new > 0)


async def _look_up(parts: Parts, account: Account, platform_post_id: str) -> FoundPost:
    """Ask the platform; where it does not show single posts, the id may tell the time."""
    platform = parts.platforms[account.platform]
    if not platform.can_list(account):
        found = from_id(platform, platform_post_id)
        if found is not None:
            return found
    try:
        async with talking(parts, account, None) as context:
            return await platform.look_up(context, platform_post_id)
    except Refused as error:
        raise WrongUsage(
            f"{platform.title} does not show the post {platform_post_id}: {error.message}",
            hint="Check the id, and that the post belongs to this account.",
            code=ErrorCode.POST_GONE,
        ) from error


def from_id(platform: Platform, platform_post_id: str) -> FoundPost | None:
    """The post with the time that its id tells; None where it tells none."""
    published = platform.published_from_id(platform_post_id)
    return FoundPost(platform_post_id, published) if published is not None else None
