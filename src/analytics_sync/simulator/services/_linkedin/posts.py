"""Posts: the finder by author, one post, and several."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from analytics_sync.clock import to_milliseconds
from analytics_sync.simulator.services._linkedin.resource import (
    POST_TYPES,
    Asked,
    Method,
    Resource,
    checked_urn,
    elements,
)
from analytics_sync.simulator.services._linkedin.site import Site, batch
from analytics_sync.simulator.services._linkedin.wire import (
    JSON,
    Refusal,
    access_denied,
    not_found,
)
from analytics_sync.simulator.world import SimulatedPost

ORGANIZATION_POSTS, MEMBER_POSTS = "r_organization_social", "r_member_social"
_SCOPES = frozenset({ORGANIZATION_POSTS, MEMBER_POSTS})
_MEDIA = {"image": "urn:li:image:{}", "video": "urn:li:video:{}", "document": "urn:li:document:{}"}


@dataclass(frozen=True)
class Posts:
    """Handlers over one site."""

    site: Site

    def resources(self) -> list[Resource]:
        paging = frozenset({"author", "start", "count", "sortBy"})
        return [
            Resource(
                "posts",
                [
                    Method("FINDER-author", "posts finder", self.by_author, paging, _SCOPES),
                    Method("GET", "post", self.one, scopes=_SCOPES),
                    Method("BATCH_GET", "posts batch", self.several, scopes=_SCOPES),
                ],
            )
        ]

    def by_author(self, asked: Asked) -> JSON:
        """A page, newest or last modified first; the end is a page shorter than `count`."""
        author = asked.urn("author", {"organization", "person"})
        order = asked.choice("sortBy", {"LAST_MODIFIED", "CREATED"}, "LAST_MODIFIED")
        start, count = asked.page()
        if not self._may_list(asked, author):
            return elements([], start, count)
        posts = self.site.posts_of(author)
        if order == "LAST_MODIFIED":
            posts.sort(key=lambda post: (_modified(post), post.id), reverse=True)
        page = posts[start : start + count]
        if start == 0 and len(page) == count:
            self._drift(author)
        return elements([self.element(post) for post in page], start, count)

    def one(self, asked: Asked) -> JSON:
        found = self._visible(asked, asked.key)
        if isinstance(found, Refusal):
            raise found
        return found

    def several(self, asked: Asked) -> JSON:
        results = {urn: self._visible(asked, urn) for urn in asked.texts("ids")}
        return batch(results, encode=bool(self.site.switch("encoded_keys")))

    def _may_list(self, asked: Asked, author: str) -> bool:
        if author.startswith("urn:li:organization:"):
            if ORGANIZATION_POSTS not in asked.token.scopes:
                raise access_denied(asked.operation)
            return self.site.may_read(asked, author)
        if MEMBER_POSTS not in asked.token.scopes or author != asked.token.subject:
            raise Refusal(400, "Member permissions must be used when using member as author")
        return True

    def _visible(self, asked: Asked, urn: str) -> JSON | Refusal:
        checked_urn("id", urn, POST_TYPES)
        post = self.site.post(urn)
        if post is None:
            return not_found(f"Could not find entity {urn}")
        needed = MEMBER_POSTS if ":person:" in post.account_id else ORGANIZATION_POSTS
        if needed not in asked.token.scopes or not self.site.owns(asked.token, post):
            return access_denied(f"{asked.operation} on {urn}")
        return self.element(post)

    def _drift(self, author: str) -> None:
        """Between two pages a post comes or goes, when the switch `page_drift` says so."""
        match self.site.switch("page_drift"):
            case "publish":
                self.site.publish(author)
            case "delete":
                self.site.posts_of(author)[0].deleted_at = self.site.now

    def element(self, post: SimulatedPost) -> JSON:
        created = to_milliseconds(post.published_at)
        modified = _modified(post)
        element = {
            "id": post.id,
            "author": post.account_id,
            "lifecycleState": "PUBLISHED",
            "lifecycleStateInfo": {"isEditedByAuthor": modified != created},
            "visibility": "PUBLIC",
            "distribution": {"feedDistribution": "MAIN_FEED", "thirdPartyDistributionChannels": []},
            "isReshareDisabledByAuthor": False,
            "createdAt": created,
            "publishedAt": created,
            "lastModifiedAt": modified,
            "commentary": post.text,
            **_content(post),
        }
        return self.site.extended(element)


def _modified(post: SimulatedPost) -> int:
    edited = cast("datetime | None", post.facts.get("edited_at"))
    return to_milliseconds(edited or post.published_at)


def _content(post: SimulatedPost) -> JSON:
    """The kind of a post shows here only. A text has an empty `content`, or none."""
    number = post.id.rpartition(":")[2]
    if post.kind == "link":
        return {"content": {"article": {"source": "https://example.com/", "title": post.text}}}
    if post.kind in _MEDIA:
        media = {"id": _MEDIA[post.kind].format(f"C4E{number}")}
        if post.kind == "document":
            media["title"] = post.text
        return {"content": {"media": media}}
    return {"content": {}} if int(number) % 2 else {}
