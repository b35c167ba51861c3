"""Which posts of an account are read now, and in which order."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from analytics_sync.domain.cadence import YOUNG, Cadence


class Datable(Protocol):
    """What is looked at to choose a post."""

    @property
    def published_at(self) -> datetime: ...
    @property
    def last_tried_at(self) -> datetime | None: ...
    @property
    def kind(self) -> str | None: ...


P = TypeVar("P", bound=Datable)


def alive(posts: Iterable[P], lifetimes: Mapping[str, timedelta], now: datetime) -> list[P]:
    """Without the posts whose kind can no longer be read at this age (stories)."""
    return [
        post
        for post in posts
        if now - post.published_at < lifetimes.get(post.kind or "", timedelta.max)
    ]


def newest(posts: Sequence[P], limit: int) -> list[P]:
    """The newest posts, whatever their cadence: `sync` without `--due`."""
    return sorted(posts, key=lambda post: post.published_at, reverse=True)[:limit]


def due(
    posts: Sequence[P],
    cadence: Cadence,
    slot: datetime,
    limit: int,
    interval: timedelta = timedelta(0),
    now: datetime | None = None,
) -> list[P]:
    """The posts that are due, at most `limit` of them.

    Half of the places are for posts under 7 days, so that a long history can't crowd out today's
    posts; the rest goes by how long a post is overdue in terms of its own cadence, posts that were
    never read first. What does not fit becomes more overdue and so comes next time.
    """
    waiting = [
        post
        for post in posts
        if cadence.is_due(post.published_at, post.last_tried_at, slot, interval, now)
    ]
    if len(waiting) <= limit:
        return sorted(waiting, key=lambda post: post.published_at, reverse=True)

    def urgency(post: P) -> tuple[int, float, float]:
        """Smaller comes first."""
        if post.last_tried_at is None:
            return (0, 0.0, -post.published_at.timestamp())
        every = cadence.at(slot - post.published_at) or timedelta(minutes=1)
        return (1, -((slot - post.last_tried_at) / every), -post.published_at.timestamp())

    ordered = sorted(waiting, key=urgency)
    young = [post for post in ordered if slot - post.published_at < YOUNG]
    reserved = young[: limit - limit // 2]
    taken = {id(post) for post in reserved}
    rest = [post for post in ordered if id(post) not in taken]
    return reserved + rest[: limit - len(reserved)]


def left_behind(posts: Iterable[P], cadence: Cadence, slot: datetime) -> bool:
    """Whether one of these posts waits for more than twice its cadence."""
    return any(
        post.last_tried_at is not None
        and (every := cadence.at(slot - post.published_at))
        and slot - post.last_tried_at > 2 * every
        for post in posts
    )
