"""X's objects as JSON: posts, users and media, with the fields that were asked for and no others.

Names and access of the metrics: X docs, Metrics. What has no value is left out, never null.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from analytics_sync.clock import iso
from analytics_sync.simulator.growth import fraction
from analytics_sync.simulator.services._x.accounts import EDIT_WINDOW, MOST_EDITS, time_of
from analytics_sync.simulator.services._x.dialects import Dialect
from analytics_sync.simulator.world import SimulatedAccount, SimulatedPost, World

PRIVATE = ("non_public_metrics", "organic_metrics", "promoted_metrics")
PRIVATE_AGE = timedelta(days=30)
PLAYBACK = {f"playback_{share}_count": share for share in (0, 25, 50, 75, 100)}
# The prefix of a media key tells its kind.
MEDIA = {"photo": "3", "video": "7"}


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a post; `newest` is the post as it is now."""

    shown: SimulatedPost
    newest: SimulatedPost
    author: SimulatedAccount

    @property
    def chain(self) -> list[str]:
        return [post.id for post in (*self.newest.versions, self.newest)]

    @property
    def linked(self) -> bool:
        return bool(self.newest.facts.get("link"))


def version_of(world: World, post_id: str) -> Version | None:
    """The version with this id of a post that exists now."""
    newest = world.newest("x", post_id)
    if newest is None:
        return None
    chain = (*newest.versions, newest)
    shown = next(post for post in chain if post.id == post_id)
    return Version(shown, newest, world.accounts["x", newest.account_id])


def created_at(moment: datetime) -> str:
    """Whole seconds, yet written with milliseconds."""
    return f"{iso(moment.replace(microsecond=0))[:-1]}.000Z"


class Objects:
    """Writes objects in one dialect."""

    def __init__(self, world: World, dialect: Dialect) -> None:
        self.world = world
        self.dialect = dialect

    def post(self, version: Version, wanted: Iterable[str]) -> dict[str, Any]:
        """A post with the fields `wanted`, as far as they have a value."""
        asked = set(wanted)
        row = {
            name: value
            for name, value in self._plain(version).items()
            if name in asked and value is not None
        }
        value = _Numbers(self.world, version.shown)
        return row | {
            group: self._group(group, value, linked=version.linked)
            for group in ("public_metrics", *PRIVATE)
            if group in asked
        }

    def _plain(self, version: Version) -> dict[str, Any]:
        post, facts = version.shown, version.newest.facts
        parent = facts.get("replied_to")
        history = version.chain
        return {
            "id": post.id,
            "text": post.text,
            "created_at": created_at(post.published_at),
            "author_id": post.account_id,
            "conversation_id": parent or history[0],
            "in_reply_to_user_id": facts.get("replied_to_user"),
            "lang": "en",
            "source": "Simulated X",
            "possibly_sensitive": False,
            "reply_settings": "everyone",
            "edit_controls": _edit_controls(version),
            "entities": _entities(post.text, linked=version.linked),
            "attachments": {"media_keys": [key]} if (key := media_key(version)) else None,
            self.dialect.history: history,
            self.dialect.references: _references(facts),
        }

    def _group(self, group: str, value: "_Numbers", *, linked: bool) -> dict[str, int]:
        if group == "public_metrics":
            return {
                self.dialect.reposts: value("shares"),
                "reply_count": value("comments"),
                "like_count": value("likes"),
                "quote_count": value("quotes"),
                "bookmark_count": value("saves"),
                "impression_count": value("impressions"),
            }
        numbers = self._private(value)
        return {
            name: numbers[name]
            for name in self.private_fields(group)
            if name != "url_link_clicks" or linked
        }

    def _private(self, value: "_Numbers") -> dict[str, int]:
        engaged = ("likes", "comments", "shares", "quotes", "saves", "clicks", "profile_visits")
        return {
            "impression_count": value("impressions"),
            "like_count": value("likes"),
            "reply_count": value("comments"),
            self.dialect.reposts: value("shares"),
            "url_link_clicks": value("clicks"),
            "user_profile_clicks": value("profile_visits"),
            "engagements": sum(value(name) for name in engaged),
        }

    def private_fields(self, group: str) -> tuple[str, ...]:
        """The sub-fields of a group of private metrics."""
        if group == "non_public_metrics":
            return ("impression_count", "url_link_clicks", "user_profile_clicks", "engagements")
        counts = ("impression_count", "like_count", "reply_count", self.dialect.reposts)
        return (*counts, "url_link_clicks", "user_profile_clicks")

    def media(self, version: Version, wanted: Iterable[str]) -> dict[str, Any]:
        """The photo or video of a post. Photos have no metrics."""
        key = media_key(version)
        video = version.newest.kind == "video"
        plain: dict[str, Any] = {
            "media_key": key,
            "type": version.newest.kind,
            "width": 1280,
            "height": 720,
            "duration_ms": 30_000 if video else None,
            "url": None if video else f"https://pbs.twimg.com/media/{key}.jpg",
            "preview_image_url": f"https://pbs.twimg.com/media/{key}.jpg" if video else None,
        }
        if video:
            views = _Numbers(self.world, version.shown)("video_views")
            played = {name: views * (100 - share // 2) // 100 for name, share in PLAYBACK.items()}
            plain |= {
                "public_metrics": {"view_count": views},
                "non_public_metrics": played,
                "organic_metrics": {**played, "view_count": views},
            }
        names = {"media_key", "type", *wanted}
        return {name: plain[name] for name in plain if name in names and plain[name] is not None}

    def user(self, account: SimulatedAccount, wanted: Iterable[str], counts: str) -> dict[str, Any]:
        """A profile. `counts`: whether like_count and media_count are there, null or missing."""
        plain = {
            "id": account.id,
            "name": account.name,
            "username": account.facts.get("username"),
            "created_at": created_at(time_of(account.id)),
            "description": f"What is new at {account.name}",
            "protected": bool(account.facts.get("protected")),
            "verified": False,
            "verified_type": "none",
        }
        names = {"id", "name", "username", *wanted}
        found = {name: plain[name] for name in plain if name in names}
        if "public_metrics" in names:
            found["public_metrics"] = self._account_numbers(account, counts)
        return found

    def _account_numbers(self, account: SimulatedAccount, counts: str) -> dict[str, int | None]:
        posts = self.world.posts_of(account)
        numbers: dict[str, int | None] = {
            "followers_count": self.world.followers(account),
            "following_count": int(20 + 200 * fraction(self.world.seed, account.id, "following")),
            self.dialect.posts_written: 850 + len(posts),
            "listed_count": int(30 * fraction(self.world.seed, account.id, "listed")),
        }
        optional = {"like_count": 300, "media_count": 210}
        if counts == "missing":
            return numbers
        return {**numbers, **(dict.fromkeys(optional) if counts == "null" else optional)}


class _Numbers:
    """A version's numbers, now, by the names of `growth.FINAL`; each is worked out once."""

    def __init__(self, world: World, post: SimulatedPost) -> None:
        self._world = world
        self._post = post
        self._known: dict[str, int] = {}

    def __call__(self, metric: str) -> int:
        if metric not in self._known:
            self._known[metric] = self._world.value(self._post, metric)
        return self._known[metric]


def media_key(version: Version) -> str | None:
    prefix = MEDIA.get(version.newest.kind)
    return f"{prefix}_{version.chain[0]}" if prefix else None


def _references(facts: Mapping[str, object]) -> list[dict[str, object]] | None:
    kinds = {"replied_to": "replied_to", "reposted": "retweeted"}
    return [
        {"type": kind, "id": facts[fact]} for fact, kind in kinds.items() if fact in facts
    ] or None


def _edit_controls(version: Version) -> dict[str, Any]:
    versions = (*version.newest.versions, version.newest)
    until = versions[0].published_at + EDIT_WINDOW
    return {
        "edits_remaining": MOST_EDITS - len(version.newest.versions),
        "is_edit_eligible": version.newest.kind not in {"repost", "reply"},
        "editable_until": created_at(until),
    }


def _entities(text: str, *, linked: bool) -> dict[str, Any] | None:
    start = text.find("https://t.co/")
    if not linked or start < 0:
        return None
    url = text[start:].split(maxsplit=1)[0]
    return {
        "urls": [
            {
                "start": start,
                "end": start + len(url),
                "url": url,
                "expanded_url": "https://shop.example/news",
                "display_url": "shop.example/news",
            }
        ]
    }
