"""Accounts, posts and what platforms say of them."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from analytics_sync.domain.metrics import Candidates, Number

NO_NUMBERS: Final[Mapping[str, int]] = MappingProxyType({})
POST_KINDS: Final = frozenset(
    [
        "text",
        "link",
        "photo",
        "image",
        "video",
        "reel",
        "album",
        "carousel",
        "document",
        "story",
        "reply",
    ]
)


class Account(NamedTuple):
    """One page, profile or channel of a business on one platform."""

    id: int
    business_id: int
    platform: str
    platform_account_id: str
    kind: str | None = None
    name: str | None = None
    credential_id: int | None = None
    app_id: int | None = None


class Post(NamedTuple):
    """A known post, with what a platform needs to know to read it.

    `versions`: ids of older versions of an edited post (X). `refused`: metrics that the platform
    said it has not for this post. `doubted`: metrics once refused that are to be asked for again,
    because the refusal may have been a fault of the platform. `said`: the columns' newest known
    values. `confirmed_at`: when the platform last said that the post exists. `charged_today`:
    reading it again on this UTC day costs nothing.
    """

    id: int
    platform_post_id: str
    published_at: datetime
    kind: str | None = None
    versions: tuple[str, ...] = ()
    refused: frozenset[str] = frozenset()
    doubted: frozenset[str] = frozenset()
    said: Mapping[str, int] = NO_NUMBERS
    confirmed_at: datetime | None = None
    charged_today: bool = False


class FoundPost(NamedTuple):
    """A post that a platform listed. `text` stays None where its keeping is not allowed."""

    platform_post_id: str
    published_at: datetime
    kind: str | None = None
    text: str | None = None
    permalink: str | None = None
    versions: tuple[str, ...] = ()


class Reading(NamedTuple):
    """What a platform answered for one post in one run.

    `platform_post_id` is the id that was asked for. `columns`: for each canonical column the
    platform's names that can fill it, best first, with their values; a column that was not said is
    absent. `extra`: every number under the platform's own name. `newest_id`: an edited post's new
    id, with its older ids in `versions`. `refused`: metrics newly found to be refused for this
    post. `confirmed`: this answer proves that the post exists. `charged`: the platform charged it.
    """

    platform_post_id: str
    columns: Candidates
    extra: Mapping[str, Number]
    kind: str | None = None
    newest_id: str | None = None
    versions: tuple[str, ...] = ()
    refused: frozenset[str] = frozenset()
    confirmed: bool = True
    charged: bool = False


class PostFailure(NamedTuple):
    """One post could not be read; the others could.

    `sighting`: the platform says that it is not there; after several such runs it counts as gone.
    `definite`: gone for certain, at once. `tried`: an answer came for this post, so it waits its
    cadence; otherwise it stays due.
    """

    platform_post_id: str
    code: str
    message: str
    sighting: bool = False
    definite: bool = False
    tried: bool = True


class AccountTotals(NamedTuple):
    """Numbers of the account itself."""

    followers: int | None
    extra: Mapping[str, Number] = NO_NUMBERS


class Identity(NamedTuple):
    """Whose token it is and what it may read, as `account add` tells it.

    `may_read` and `lacks` are short phrases for people ("public numbers of posts").
    """

    platform_account_id: str
    name: str | None = None
    kind: str | None = None
    may_read: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()


class Horizon(NamedTuple):
    """How far back a listing goes: to `since`, or to just after the newest post already known.

    `until`: newer posts are left out, to go on where a listing broke off; only where each post
    listed is charged.
    """

    since: datetime
    newest_known_id: str | None = None
    until: datetime | None = None
