"""Pages as nodes: their fields, and the listings of posts and videos.

Source: Meta, "Page", "Page feed". Listings of posts are ranked, hold about 600 posts a year, and
no Reels.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, ClassVar

from analytics_sync.simulator.growth import fraction
from analytics_sync.simulator.services._graph.call import Call, Fields, Options
from analytics_sync.simulator.services._graph.errors import (
    Answer,
    permission_missing,
    too_much_data,
    unsupported,
)
from analytics_sync.simulator.services._graph.fields import Asked
from analytics_sync.simulator.services._graph.insights import followers
from analytics_sync.simulator.services._graph.page_insights import page_insights
from analytics_sync.simulator.services._graph.page_tokens import page_token
from analytics_sync.simulator.services._graph.paging import limit_of, listing
from analytics_sync.simulator.services._graph.posts import PageNode, Post
from analytics_sync.simulator.services._graph.profiles import Profile
from analytics_sync.simulator.services._graph.videos import Video, object_id
from analytics_sync.simulator.world import SimulatedAccount, SimulatedPost, World, visible

MOST_A_YEAR = 600
# Fields that a role on the Page is enough for.
FREE = frozenset("id name access_token tasks category link username".split())
POST_EDGES = frozenset({"published_posts", "posts", "feed"})


class Page(PageNode):
    """Switches: `facebook.most_rows`: posts with nested insights that one page may hold;
    `facebook.video_reels` (True): whether that edge can be read; `facebook.posts_a_year` (600).
    """

    type_name = "Page"
    label = "page"
    known = frozenset(
        "about access_token app_id best_page birthday business category category_list "
        "connected_instagram_account contact_address cover current_location description emails "
        "engagement fan_count featured_video followers_count founded general_info "
        "global_brand_page_name has_added_app hours id instagram_business_account "
        "is_community_page is_owned is_permanently_closed is_published is_unclaimed is_verified "
        "is_webhooks_subscribed link location mission name name_with_location_descriptor "
        "new_like_count overall_star_rating owner_business parent_page phone picture products "
        "promotion_eligible rating_count single_line_address store_number talking_about_count "
        "temporary_status username verification_status website were_here_count".split()
    )
    edges = POST_EDGES | {"videos", "video_reels", "insights"}
    usual: ClassVar[tuple[str, ...]] = ("name", "id")

    def __init__(self, call: Call, page: SimulatedAccount) -> None:
        super().__init__(call, page, page.id)

    def permit(self, names: Iterable[str]) -> None:
        if any(name not in FREE for name in names):
            self.call.access.need("pages_read_engagement")

    def plain(self, asked: Asked, *, listed: bool) -> Any:
        match asked.name:
            case "name":
                return self.page.name
            case "followers_count" | "fan_count":
                return followers(self.call.world, self.page)
            case "access_token":
                if not self.call.access.roles()[self.page.id]:
                    return None
                return page_token(self.call.host, self.call.token, self.page).value
            case "tasks":
                return list(self.call.access.roles()[self.page.id])
            case "link":
                return f"https://www.facebook.com/{self.page.id}"
            case "instagram_business_account" | "connected_instagram_account":
                return self._instagram(asked.fields)
            case _:
                return self.page.facts.get(asked.name)

    def _instagram(self, fields: Fields | None) -> Answer | None:
        Profile.check(fields)
        if not self.call.access.sees_instagram(self.page.id):
            return None
        linked = str(self.page.facts.get("instagram_id", ""))
        account = self.call.world.account("instagram", linked)
        return None if account is None else Profile(self.call, account).show(fields)

    def edge(self, name: str, options: Options) -> Answer | None:
        if name == "insights":
            return page_insights(self.call, self.page, options)
        if name in POST_EDGES:
            return self._posts(name, options)
        if name == "video_reels" and not self.call.host.flag("video_reels", default=True):
            raise unsupported("get")
        return self._videos(options, reels_only=name == "video_reels")

    def _posts(self, name: str, options: Options) -> Answer:
        Post.check(options.fields)
        self.call.access.need("pages_read_engagement")
        limit = limit_of(options, refuse_more=True)
        self._refuse_heavy(options.fields, limit)
        most = self.call.host.number("posts_a_year", MOST_A_YEAR)
        found = ranked(self.call.world, self.page, feed=name == "feed", most=most)
        if not options.flag("show_expired"):
            found = [post for post in found if not post.facts.get("is_expired")]
        return listing(
            self.call,
            options,
            found,
            lambda post: post.id,
            lambda post: Post(self.call, self.page, post).show(options.fields, listed=True),
            limit=limit,
        )

    def _refuse_heavy(self, fields: Fields | None, limit: int) -> None:
        heaviest = self.call.host.number("most_rows", 0)
        nested = any(asked.name == "insights" for asked in fields or ())
        if heaviest and nested and limit > heaviest:
            raise too_much_data()

    def _videos(self, options: Options, *, reels_only: bool) -> Answer:
        Video.check(options.fields)
        self.call.access.need("pages_read_engagement")
        since, until = options.moment("since"), options.moment("until")
        found = [
            post
            for post in self.call.world.posts_of(self.page)
            if post.kind == "reel" or (post.kind == "video" and not reels_only)
            if since is None or post.published_at >= since
            if until is None or post.published_at < until
        ]
        return listing(
            self.call,
            options,
            found,
            object_id,
            lambda post: Video(self.call, self.page, post).show(options.fields, listed=True),
            limit=limit_of(options, refuse_more=True),
        )


class PageRole(Page):
    """A row of `/me/accounts`: the Page, and what the person may do there."""

    known = Page.known | {"tasks"}
    usual = ("access_token", "category", "name", "id", "tasks")


def ranked(world: World, page: SimulatedAccount, *, feed: bool, most: int) -> list[SimulatedPost]:
    """A Page's posts in Facebook's order: newer ones first, roughly, now and then an old one.

    `feed` mixes in what others wrote and what is not published (`facts["feed"]` of the Page);
    `most`: posts of one year that can be reached.
    """
    posts = [post for post in world.posts_of(page) if post.kind != "reel"]
    if feed:
        posts += feed_extras(world, page)

    def rank(post: SimulatedPost) -> tuple[float, str]:
        lift = timedelta(days=4 * fraction(world.seed, post.id, "rank"))
        if fraction(world.seed, post.id, "lifted") < 0.05:
            lift += timedelta(days=60)
        return (post.published_at + lift).timestamp(), post.id

    years: Counter[int] = Counter()
    reachable = []
    for post in sorted(posts, key=rank, reverse=True):
        years[post.published_at.year] += 1
        if years[post.published_at.year] <= most:
            reachable.append(post)
    return reachable


def feed_extras(world: World, page: SimulatedAccount) -> list[SimulatedPost]:
    extras = page.facts.get("feed")
    if not isinstance(extras, (list, tuple)):
        return []
    return [post for post in extras if visible(post, world.clock.now())]


def find_page(call: Call, identity: str) -> Page | None:
    """A Page that exists.

    :raises GraphError: code 10, the token has no role there.
    """
    page = call.world.account("facebook", identity)
    if page is None:
        return None
    if identity not in call.access.roles():
        raise permission_missing("pages_read_engagement")
    return Page(call, page)
