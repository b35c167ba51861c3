"""Finds the node that an id names, among what the token reaches."""

import re

from analytics_sync.simulator.services._graph.call import Call
from analytics_sync.simulator.services._graph.errors import (
    GraphError,
    no_such_alias,
    no_such_object,
)
from analytics_sync.simulator.services._graph.media import (
    DirectMedia,
    Media,
    find_media,
    instagram_budget,
)
from analytics_sync.simulator.services._graph.nodes import Node
from analytics_sync.simulator.services._graph.pages import feed_extras, find_page
from analytics_sync.simulator.services._graph.people import Person, find_business
from analytics_sync.simulator.services._graph.posts import Post, page_budget
from analytics_sync.simulator.services._graph.profiles import DirectProfile, Profile, find_profile
from analytics_sync.simulator.services._graph.usage import Budget
from analytics_sync.simulator.services._graph.videos import Photo, Video, object_id
from analytics_sync.simulator.world import SimulatedAccount, SimulatedPost, visible

NUMERIC = re.compile(r"\d+(?:_\d+)*")


def find_on_facebook(call: Call, identity: str) -> Node:
    """Pages, posts, videos, photos, and Instagram behind Pages.

    :raises GraphError: 100/33, 803, 10 (a Page of others) or 2500 (nobody is "me").
    """
    if identity == "me":
        return _me(call)
    if call.token.kind in {"user", "system"} and identity == call.token.subject:
        return Person(call, identity)
    if not NUMERIC.fullmatch(identity):
        raise no_such_alias(identity)
    found = (
        find_page(call, identity)
        or find_profile(call, identity, Profile)
        or find_business(call, identity)
        or _find_content(call, identity)
        or find_media(call, identity, Media)
    )
    if found is None:
        raise no_such_object(identity, call.request.method.lower())
    return found


def find_on_instagram(call: Call, identity: str) -> Node:
    """The token's own account and its media.

    :raises GraphError: 100/33.
    """
    wanted = call.token.subject if identity == "me" else identity
    found = find_profile(call, wanted, DirectProfile) or find_media(call, wanted, DirectMedia)
    if found is None:
        raise no_such_object(identity, call.request.method.lower(), instagram=True)
    return found


def _me(call: Call) -> Node:
    if call.token.kind in {"user", "system"}:
        return Person(call, call.token.subject)
    page = find_page(call, call.token.subject) if call.token.kind == "page" else None
    if page is None:
        raise GraphError(
            "An active access token must be used to query information about the current user.",
            2500,
        )
    return page


def _find_content(call: Call, identity: str) -> Node | None:
    for page in call.access.pages():
        found = _post(call, page, identity) or _bare(call, page, identity)
        if found is not None:
            return found
    return None


def _post(call: Call, page: SimulatedAccount, identity: str) -> Node | None:
    """By its full id, or by `{page-id}_{object-id}` of a photo or video post."""
    owner, _, number = identity.partition("_")
    if not number:
        return None
    post = page.posts.get(identity)
    if post is None and owner == page.id:
        post = _by_object(page, number)
    if post is None:
        post = next((e for e in feed_extras(call.world, page) if e.id == identity), None)
    return Post(call, page, post) if post is not None and _is_readable(call, post) else None


def _bare(call: Call, page: SimulatedAccount, identity: str) -> Node | None:
    """A Reel, a video or a photo by its own id."""
    post = page.posts.get(identity)
    if post is not None and post.kind == "reel":
        return Video(call, page, post) if _is_readable(call, post) else None
    post = _by_object(page, identity)
    if post is None or not _is_readable(call, post):
        return None
    return Video(call, page, post) if post.kind == "video" else Photo(call, page, post)


def _by_object(page: SimulatedAccount, identity: str) -> SimulatedPost | None:
    posts = (post for post in page.posts.values() if post.kind in {"photo", "video"})
    return next((p for p in posts if "object_id" in p.facts and object_id(p) == identity), None)


def _is_readable(call: Call, post: SimulatedPost) -> bool:
    """Expired posts are not."""
    return visible(post, call.now) and not post.facts.get("is_expired")


def usual_budget(call: Call) -> Budget:
    """What a call draws on that found no node: its token's own budget."""
    token, world = call.token, call.world
    if token.kind == "page" and (page := world.account("facebook", token.subject)):
        return page_budget(page, token)
    if token.kind == "ig" and (account := world.account("instagram", token.subject)):
        return instagram_budget(account)
    if token.kind == "app":
        return Budget("app", token.subject)
    return Budget("user", token.subject, code=17)
