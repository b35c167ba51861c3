"""Counts the posts that there are to read, by account and age; light, for `status`."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from analytics_sync.domain.records import Account
from analytics_sync.store.light import Rows

COLUMNS: Final = """
    account.id, account.business_id, account.platform_account_id, account.kind,
    account.credential_id, credential.app_id, CAST(account.discovered AS TEXT)
"""
ACCOUNTS: Final = """
    FROM account JOIN business ON business.id = account.business_id
    LEFT JOIN credential ON credential.id = account.credential_id
    WHERE account.platform = ? AND account.removed_at IS NULL
    AND business.removed_at IS NULL AND business.archived_at IS NULL
    ORDER BY account.business_id, account.id
"""
# Along the index ix_post_due, a tenth of the time of loading the rows.
POSTS: Final = (
    "SELECT count(*) FROM post WHERE post.account_id = account.id AND post.state = 'active'"
)


class Stock(NamedTuple):
    """An account and how many posts of each age it has that may still be read.

    `posts`: one number for each span between the ages asked for, the youngest first. `listed`:
    whether its posts were ever listed.
    """

    account: Account
    posts: tuple[int, ...]
    listed: bool

    @property
    def is_known(self) -> bool:
        return self.listed or any(self.posts)


def stocks(
    rows: Rows,
    platform: str,
    ages: Sequence[timedelta],
    *,
    now: datetime,
    lifetimes: Mapping[str, timedelta],
) -> list[Stock]:
    """The accounts of a platform that take part in syncs, with their posts counted.

    `ages`: where one span of ages ends and the next begins, ascending. `lifetimes`: kinds of posts
    that can be read only this long.
    """
    columns = [COLUMNS]
    values: list[object] = []
    for younger, older in zip((None, *ages), (*ages, None), strict=True):
        count = POSTS
        bounds: list[object] = []
        if older is not None:
            count, bounds = f"{count} AND post.published_at > ?", [now - older]
        if younger is not None:
            count, bounds = f"{count} AND post.published_at <= ?", [*bounds, now - younger]
        for kind, lifetime in lifetimes.items():
            count += " AND NOT (coalesce(post.kind, '') = ? AND post.published_at <= ?)"
            bounds += [kind, now - lifetime]
        columns.append(f"({count})")
        values += bounds
    return [
        _stock(platform, row)
        for row in rows(f"SELECT {', '.join(columns)} {ACCOUNTS}", *values, platform)
    ]


def _stock(platform: str, row: tuple[Any, ...]) -> Stock:
    id, business_id, place, kind, credential_id, app_id, discovered, *posts = row
    account = Account(
        id, business_id, platform, place, kind, credential_id=credential_id, app_id=app_id
    )
    return Stock(account, tuple(posts), listed=discovered not in {"{}", "null", None})
