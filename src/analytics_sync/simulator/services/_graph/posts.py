"""Posts of a Page as nodes: fields, attachments, and the counts of comments and reactions.

Source: Meta, "Page feed". Comments, reactions and likes need `pages_read_user_content`; without
it the whole list of fields is refused.
"""

from collections.abc import Iterable
from typing import Any

from analytics_sync.simulator.services._graph.call import Call, Options
from analytics_sync.simulator.services._graph.errors import Answer, must_be_one_of
from analytics_sync.simulator.services._graph.fields import Asked
from analytics_sync.simulator.services._graph.insights import Sample
from analytics_sync.simulator.services._graph.nodes import Node
from analytics_sync.simulator.services._graph.paging import limit_of
from analytics_sync.simulator.services._graph.post_insights import post_insights
from analytics_sync.simulator.services._graph.post_metrics import reactions
from analytics_sync.simulator.services._graph.time import written
from analytics_sync.simulator.services._graph.usage import Budget
from analytics_sync.simulator.world import SimulatedAccount, SimulatedPost, Token

USER_CONTENT = frozenset({"comments", "reactions", "likes"})
STATUS_TYPES = {
    "text": "mobile_status_update",
    "photo": "added_photos",
    "album": "added_photos",
    "video": "added_video",
    "link": "shared_story",
}
REACTION_TYPES = {
    "LOVE": "love",
    "WOW": "wow",
    "HAHA": "haha",
    "SAD": "sorry",
    "ANGRY": "anger",
}
ALBUM_SIZE = 3


def page_budget(page: SimulatedAccount, token: Token) -> Budget:
    """With a person's token the person's own budget; else 4,800 calls for each engaged user."""
    if token.kind == "user":
        return Budget("user", token.subject, code=32)
    owner = str(page.facts.get("business_id", page.id))
    return Budget("pages", page.id, owner, people=max(1, page.followers // 20))


class PageNode(Node):
    """Something that belongs to a Page."""

    def __init__(self, call: Call, page: SimulatedAccount, identity: str) -> None:
        super().__init__(call, identity)
        self.page = page

    def budget(self) -> Budget:
        return page_budget(self.page, self.call.token)

    def permit(self, names: Iterable[str]) -> None:
        if any(name != "id" for name in names):
            self.call.access.need("pages_read_engagement")


class Attachment(PageNode):
    """What hangs on a post. Has no id of its own; sub-attachments are further ones."""

    type_name = "StoryAttachment"
    label = "attachment"
    known = frozenset(
        "description description_tags media media_type target title type unshimmed_url url".split()
    )
    edges = frozenset({"subattachments"})
    usual = ("media", "media_type", "target", "title", "type", "url", "subattachments")

    def __init__(
        self, call: Call, page: SimulatedAccount, post: SimulatedPost, part: int | None = None
    ) -> None:
        super().__init__(call, page, f"{post.id}_{part or 0}")
        self.post = post
        self.part = part

    def show(self, fields: tuple[Asked, ...] | None, *, listed: bool = False) -> Answer:
        shown = super().show(fields, listed=listed)
        del shown["id"]
        return shown

    def plain(self, asked: Asked, *, listed: bool) -> Any:
        kind = "photo" if self.part is not None else self.post.kind
        address = f"https://www.facebook.com/{self.page.id}/{kind}s/{self.id}"
        match asked.name:
            case "media_type":
                return kind
            case "type":
                return {"link": "share", "video": "video_inline"}.get(kind, kind)
            case "title":
                return self.post.text or None
            case "url" | "unshimmed_url":
                return address
            case "target":
                return {"id": self.post.facts.get("object_id", self.id), "url": address}
            case "media":
                source = f"https://cdn.example/{self.id}?oh={self.call.world.seed}"
                return {"image": {"height": 720, "src": source, "width": 720}}
            case _:
                return None

    def edge(self, name: str, options: Options) -> Answer | None:
        if self.part is not None or self.post.kind != "album":
            return None
        parts = [Attachment(self.call, self.page, self.post, part) for part in range(ALBUM_SIZE)]
        return {"data": [part.show(options.fields) for part in parts]}


class Post(PageNode):
    """`{page-id}_{post-id}`."""

    type_name = "Post"
    label = "post"
    known = frozenset(
        "actions admin_creator allowed_advertising_objectives application backdated_time "
        "call_to_action can_reply_privately child_attachments comments_mirroring_domain "
        "coordinates created_time event expanded_height expanded_width feed_targeting from "
        "full_picture height icon id instagram_eligibility is_app_share "
        "is_eligible_for_promotion is_expired is_hidden is_inline_created is_instagram_eligible "
        "is_popular is_published is_spherical message message_tags multi_share_end_card "
        "multi_share_optimized parent_id permalink_url picture place privacy promotable_id "
        "promotion_status properties scheduled_publish_time shares status_type story story_tags "
        "subscribed target targeting timeline_visibility to updated_time via "
        "video_buying_eligibility width".split()
    )
    edges = frozenset({"attachments", "comments", "reactions", "likes", "insights"})
    usual = ("created_time", "message", "id")

    def __init__(self, call: Call, page: SimulatedAccount, post: SimulatedPost) -> None:
        super().__init__(call, page, post.id)
        self.post = post

    def permit(self, names: Iterable[str]) -> None:
        wanted = set(names)
        super().permit(wanted)
        if wanted & USER_CONTENT:
            self.call.access.need("pages_read_user_content")

    def plain(self, asked: Asked, *, listed: bool) -> Any:
        post, number = self.post, self.id.partition("_")[2]
        match asked.name:
            case "created_time" | "updated_time":
                return written(post.published_at)
            case "message":
                return post.text or None
            case "status_type":
                return STATUS_TYPES.get(post.kind)
            case "permalink_url":
                return f"https://www.facebook.com/{self.page.id}/posts/{number}"
            case "shares":
                count = self.call.world.value(post, "shares")
                return {"count": count} if count else None
            case "from":
                return post.facts.get("from", {"id": self.page.id, "name": self.page.name})
            case "is_published":
                return not post.facts.get("unpublished")
            case "is_expired" | "is_hidden":
                return bool(post.facts.get(asked.name))
            case "full_picture" | "picture" if post.kind not in {"text", "link"}:
                return f"https://cdn.example/{number}/{asked.name}?oh={self.call.world.seed}"
            case _:
                return None

    def edge(self, name: str, options: Options) -> Answer | None:
        if name == "insights":
            return post_insights(self.call, self.page, self.post, options)
        if name == "attachments":
            return self._attachments(options)
        self.permit([name])
        return self._comments(options) if name == "comments" else self._reactions(name, options)

    def _attachments(self, options: Options) -> Answer | None:
        Attachment.check(options.fields)
        if self.post.kind == "text":
            return None
        return {"data": [Attachment(self.call, self.page, self.post).show(options.fields)]}

    def _comments(self, options: Options) -> Answer:
        """With a person's token the list stays empty, without a word."""
        total = self.call.world.value(self.post, "comments")
        shown = min(total, limit_of(options, refuse_more=False))
        numbers = range(0 if self.call.token.kind == "user" else shown)
        created = written(self.post.published_at)
        answer: Answer = {
            "data": [
                {"created_time": created, "message": f"Comment {n + 1}", "id": f"{self.id}_{n}"}
                for n in numbers
            ]
        }
        return self._summed(answer, options, total, order="ranked")

    def _reactions(self, name: str, options: Options) -> Answer:
        """Who reacted is not shown to Pages' tokens; how many is."""
        counts = reactions(Sample(self.call.world, self.post))
        kind = options.params.get("type", "NONE" if name == "reactions" else "LIKE").upper()
        if kind not in {"NONE", "LIKE", "CARE", *REACTION_TYPES}:
            raise must_be_one_of("type", ("NONE", "LIKE", *REACTION_TYPES, "CARE"), instagram=False)
        care = counts["like"] // 20
        by_type = {
            "NONE": sum(counts.values()),
            "LIKE": counts["like"] - care,
            "CARE": care,
            **{wire: counts[ours] for wire, ours in REACTION_TYPES.items()},
        }
        return self._summed({"data": []}, options, by_type[kind])

    @staticmethod
    def _summed(answer: Answer, options: Options, total: int, **more: str) -> Answer:
        """`summary`: true, or the names wanted in it."""
        if options.params.get("summary", "false").lower() not in {"false", "0", ""}:
            answer["summary"] = {"total_count": total, **more}
        return answer
