"""Instagram media as nodes: images, videos, carousels with their children, Reels and stories."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from analytics_sync.simulator.services._graph.call import Call, Fields, Options
from analytics_sync.simulator.services._graph.errors import Answer, no_such_object
from analytics_sync.simulator.services._graph.fields import Asked
from analytics_sync.simulator.services._graph.insights import Sample
from analytics_sync.simulator.services._graph.media_insights import media_insights
from analytics_sync.simulator.services._graph.media_metrics import product_of
from analytics_sync.simulator.services._graph.nodes import Node
from analytics_sync.simulator.services._graph.paging import limit_of, listing
from analytics_sync.simulator.services._graph.time import DAY, written
from analytics_sync.simulator.services._graph.usage import Budget
from analytics_sync.simulator.world import SimulatedAccount, SimulatedPost, visible

MOST_MEDIA = 10_000
MEDIA_TYPES = {"image": "IMAGE", "carousel": "CAROUSEL_ALBUM"}
FOLDERS = {"reel": "reel", "story": "stories"}
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def instagram_budget(account: SimulatedAccount) -> Budget:
    """4,800 calls for each impression of the last 24 hours, for this account and application."""
    owner = str(account.facts.get("business_id", account.id))
    return Budget("instagram", account.id, owner, people=max(1, account.followers))


class Media(Node):
    """One media, or (`child`) one picture of a carousel. Seen on graph.facebook.com."""

    type_name = "IGMedia"
    label = "post"
    known = frozenset(
        "id alt_text boost_eligibility_info caption comments_count copyright_check_information "
        "has_poll has_slider ig_id is_ai_generated is_comment_enabled is_shared_to_feed "
        "legacy_instagram_media_id like_count media_audio_type media_product_type media_type "
        "media_url owner permalink reposts_count saved_count shares_count shortcode thumbnail_url "
        "timestamp total_comments_count total_like_count total_views_count username "
        "view_count".split()
    )
    edges = frozenset({"children", "insights"})

    def __init__(
        self, call: Call, account: SimulatedAccount, post: SimulatedPost, child: str | None = None
    ) -> None:
        super().__init__(call, child or post.id)
        self.account = account
        self.post = post
        self.child = child

    def permit(self, names: Iterable[str]) -> None:
        self.call.access.need_instagram()

    def budget(self) -> Budget:
        return instagram_budget(self.account)

    def plain(self, asked: Asked, *, listed: bool) -> Any:
        if asked.name == "like_count" and listed and self._hides_likes():
            return None
        if asked.name in self._COUNTS:
            return None if self.child else self._count(asked.name)
        return self._described(asked.name)

    _COUNTS: ClassVar[dict[str, tuple[str, float]]] = {
        "like_count": ("likes", 1.0),
        "comments_count": ("comments", 1.0),
        "saved_count": ("saves", 1.0),
        "shares_count": ("shares", 1.0),
        "reposts_count": ("quotes", 1.0),
        "total_like_count": ("likes", 1.2),
        "total_comments_count": ("comments", 1.2),
        "total_views_count": ("impressions", 1.2),
    }

    def _count(self, name: str) -> int:
        """Counts on the media may be at odds with insights: here comments, on some media."""
        sample = Sample(self.call.world, self.post)
        metric, share = self._COUNTS[name]
        odd = name == "comments_count" and sample.chance("odd") < 0.2
        return sample.part(metric, share) + int(odd)

    def _hides_likes(self) -> bool:
        return bool(self.post.facts.get("hide_likes") or self.account.facts.get("hide_likes"))

    def _described(self, name: str) -> Any:
        kind = "image" if self.child else self.post.kind
        moving = kind in {"video", "reel"} or bool(self.post.facts.get("moving"))
        silent = self.child is not None or kind == "story"
        address = f"https://cdn.example/{self.id}"
        code = shortcode(self.id)
        said: dict[str, Any] = {
            "media_type": MEDIA_TYPES.get(kind, "VIDEO" if moving else "IMAGE"),
            "media_product_type": product_of(kind),
            "timestamp": written(self.post.published_at),
            "caption": None if silent else self.post.text,
            "permalink": f"https://www.instagram.com/{FOLDERS.get(kind, 'p')}/{code}/",
            "shortcode": code,
            "media_url": None if self.post.facts.get("copyrighted") else address,
            "thumbnail_url": f"{address}/thumbnail" if moving else None,
            "username": self.account.facts.get("username", self.account.name),
            "owner": {"id": self.account.id},
            "is_comment_enabled": True,
            "is_shared_to_feed": True if kind == "reel" else None,
        }
        return said.get(name)

    def edge(self, name: str, options: Options) -> Answer | None:
        if name == "children":
            return self._children(options.fields)
        if self.child:
            raise no_such_object(self.id, instagram=True)
        return media_insights(self.call, self.post, options)

    def _children(self, fields: Fields | None) -> Answer | None:
        self.check(fields)
        children = [
            type(self)(self.call, self.account, self.post, identity)
            for identity in ([] if self.child else children_of(self.post))
        ]
        return (
            {"data": [child.show(fields, listed=True) for child in children]} if children else None
        )


class DirectMedia(Media):
    """The same on graph.instagram.com, with fewer fields."""

    known = frozenset(
        "id alt_text caption comments_count is_ai_generated is_comment_enabled is_shared_to_feed "
        "like_count media_product_type media_type media_url owner permalink shortcode "
        "thumbnail_url timestamp username".split()
    )


def shortcode(identity: str) -> str:
    """A media's id as web addresses write it."""
    number = int(identity) if identity.isdecimal() else int.from_bytes(identity.encode())
    code = ""
    while number:
        number, digit = divmod(number, len(LETTERS))
        code = LETTERS[digit] + code
    return code


def children_of(post: SimulatedPost) -> list[str]:
    children = post.facts.get("children")
    return [str(child) for child in children] if isinstance(children, (list, tuple)) else []


def find_media(call: Call, identity: str, kind: type[Media]) -> Media | None:
    """A media, or a carousel's child, of the accounts that the token reaches."""
    for account in call.access.instagram():
        post = account.posts.get(identity)
        if post is not None and is_live(post, call.now):
            return kind(call, account, post)
        for album in account.posts.values():
            if identity in children_of(album) and is_live(album, call.now):
                return kind(call, account, album, identity)
    return None


def is_live(post: SimulatedPost, now: datetime) -> bool:
    """Published, not deleted, and no story of more than 24 hours, unless it is highlighted."""
    expired = post.kind == "story" and now - post.published_at >= DAY
    return visible(post, now) and not (expired and not post.facts.get("highlighted"))


def list_media(
    call: Call, account: SimulatedAccount, options: Options, kind: type[Media], *, stories: bool
) -> Answer:
    """Newest first; either live stories or everything else."""
    kind.check(options.fields)
    call.access.need_instagram()
    since, until = options.moment("since"), options.moment("until")
    found = [
        post
        for post in call.world.posts_of(account)
        if (post.kind == "story") is stories
        and is_live(post, call.now)
        and (since is None or post.published_at >= since)
        and (until is None or post.published_at < until)
    ][:MOST_MEDIA]
    return listing(
        call,
        options,
        found,
        lambda post: post.id,
        lambda post: kind(call, account, post).show(options.fields, listed=True),
        limit=limit_of(options, refuse_more=False),
    )
