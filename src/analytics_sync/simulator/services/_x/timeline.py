"""A user's posts in pages (X docs: Timelines)."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from analytics_sync.clock import iso
from analytics_sync.simulator.services._x.lookup import Answer, Asked, Posts
from analytics_sync.simulator.services._x.objects import Version
from analytics_sync.simulator.services._x.problems import Entries, Problem, invalid_request
from analytics_sync.simulator.world import SimulatedAccount, SimulatedPost, World

REACH = 3200
REACH_WITHOUT_REPLIES = 800


def candidates(
    world: World, account: SimulatedAccount, query: dict[str, Any]
) -> list[SimulatedPost]:
    """What the timeline can show at all, newest first: no more than X reaches back."""
    excluded = query.get("exclude", frozenset())
    posts = world.posts_of(account)
    if "retweets" not in excluded:
        posts = _with_reposts(world, account, posts)
    if "replies" in excluded:
        own = [post for post in posts if post.kind != "reply"]
        return own[:REACH_WITHOUT_REPLIES]
    return posts[:REACH]


def _with_reposts(
    world: World, account: SimulatedAccount, posts: list[SimulatedPost]
) -> list[SimulatedPost]:
    reposts = account.facts.get("reposts", ())
    assert isinstance(reposts, tuple)
    now = world.clock.now()
    shown = [post for post in reposts if post.published_at <= now]
    return sorted((*posts, *shown), key=lambda post: int(post.id), reverse=True)


def within(posts: Sequence[SimulatedPost], query: dict[str, Any]) -> list[SimulatedPost]:
    """Between the bounds: ids exclusive, `start_time` inclusive, `end_time` exclusive."""
    since, until = query.get("since_id"), query.get("until_id")
    start, end = query.get("start_time"), query.get("end_time")
    return [
        post
        for post in posts
        if (since is None or int(post.id) > int(since))
        and (until is None or int(post.id) < int(until))
        and (start is None or post.published_at >= start)
        and (end is None or post.published_at < end)
    ]


def check_bounds(asked: Asked) -> None:
    """:raises Problem: bounds the wrong way round."""
    query = asked.query
    for lower, upper, order in (
        ("start_time", "end_time", "earlier"),
        ("since_id", "until_id", "less"),
    ):
        low, high = query.get(lower), query.get(upper)
        if low is None or high is None:
            continue
        if (int(low) >= int(high)) if order == "less" else (low >= high):
            message = f"Invalid '{lower}'. '{lower}' must be {order} than '{upper}'"
            given = {lower: [_text(low)], upper: [_text(high)]}
            entry = {"parameters": given, "message": message}
            raise invalid_request(asked.dialect, [entry])


def _text(bound: str | datetime) -> str:
    return bound if isinstance(bound, str) else iso(bound)


class Timeline:
    """One page of one account's posts."""

    def __init__(self, posts: Posts, account: SimulatedAccount) -> None:
        self.posts = posts
        self.asked = posts.asked
        self.account = account

    def page(self) -> tuple[Answer, dict[str, Any]]:
        """The answer, and its `meta`.

        The pages are cut before private metrics past 30 days take rows away, so a page may be
        empty and yet have a next one.
        """
        check_bounds(self.asked)
        everything = within(
            candidates(self.posts.world, self.account, self.asked.query), self.asked.query
        )
        first, last = self._bounds(everything)
        answer = Answer()
        for post in everything[first:last]:
            self._add(answer, post)
        self.posts.finish(answer)
        return answer, self._meta(answer, everything, first, last)

    def _add(self, answer: Answer, post: SimulatedPost) -> None:
        version = Version(post, post, self.account)
        entries = Entries(self.asked.dialect, self.asked.dialect.resource, "id")
        _, refused = self.posts.allowed(version)
        own = self.asked.is_of(self.account) and post.kind != "repost"
        if refused and own and self.posts.too_old(version):
            return
        self.posts.add(answer, version, entries)

    def _bounds(self, everything: Sequence[SimulatedPost]) -> tuple[int, int]:
        size = self.asked.query.get("max_results", 10)
        token = self.asked.query.get("pagination_token")
        if token is None:
            return 0, size
        direction, post_id = self._opened(token)
        if direction == "p":
            last = sum(int(post.id) > post_id for post in everything)
            return max(0, last - size), last
        first = sum(int(post.id) >= post_id for post in everything)
        return first, first + size

    def _meta(
        self, answer: Answer, everything: Sequence[SimulatedPost], first: int, last: int
    ) -> dict[str, Any]:
        meta: dict[str, Any] = {"result_count": len(answer.data)}
        if answer.data:
            ids = [row["id"] for row in answer.data]
            meta |= {"newest_id": ids[0], "oldest_id": ids[-1]}
        page = everything[first:last]
        if page and last < len(everything):
            meta["next_token"] = self._token("n", page[-1].id)
        if page and first > 0:
            meta["previous_token"] = self._token("p", page[0].id)
        return meta

    def _token(self, direction: str, post_id: str) -> str:
        text = f"{direction}{post_id}"
        seal = hashlib.blake2b(f"{self.account.id}{text}".encode(), digest_size=6).digest()
        return base64.b32hexencode(seal + text.encode()).decode().lower().rstrip("=")

    def _opened(self, token: str) -> tuple[str, int]:
        """:raises Problem: no token of this timeline."""
        try:
            padded = token.upper() + "=" * (-len(token) % 8)
            text = base64.b32hexdecode(padded)[6:].decode()
            if self._token(text[0], text[1:]) == token:
                return text[0], int(text[1:])
        except (ValueError, IndexError):
            pass
        raise self._no_token(token)

    def _no_token(self, token: str) -> Problem:
        message = f"The `pagination_token` query parameter value [{token}] is not a valid token."
        entry = {"parameters": {"pagination_token": [token]}, "message": message}
        return invalid_request(self.asked.dialect, [entry])
