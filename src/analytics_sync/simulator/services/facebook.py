"""graph.facebook.com: Pages, their posts and Reels, and Instagram accounts behind Pages."""

from starlette.types import ASGIApp

from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.simulator.service import Handle, Service
from analytics_sync.simulator.services._graph.app import GraphApp
from analytics_sync.simulator.services._graph.batch import run_batch
from analytics_sync.simulator.services._graph.crowd import (
    INSTAGRAM_SCOPES,
    PAGE_SCOPES,
    add_media,
    add_posts,
    instagram_account,
    page_account,
    publish_post,
    token_of_page,
    token_of_person,
)
from analytics_sync.simulator.services._graph.debug import debug_token
from analytics_sync.simulator.services._graph.host import Host
from analytics_sync.simulator.services._graph.oauth import access_token
from analytics_sync.simulator.services._graph.post_insights import post_truth
from analytics_sync.simulator.world import SimulatedPost, Token, World


class SimulatedFacebook(Service):
    """Facebook Login: Pages, and Instagram accounts of kind "facebook-login"."""

    name = "facebook"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.host = Host(world, self.name)
        endpoints = {("oauth", "access_token"): access_token, ("debug_token",): debug_token}
        self.graph = GraphApp(self.host, endpoints, ("dialog", "oauth"), run_batch)

    @property
    def app(self) -> ASGIApp:
        return self.graph.asgi

    def populate(self, business: int, name: str, posts: int) -> Handle:
        """A Page with posts of all kinds, and a Page token with the usual permissions."""
        page = page_account(self.world, business, name)
        add_posts(self.world, page, posts)
        token = token_of_page(self.host, page, PAGE_SCOPES)
        return Handle(self.name, page.id, name, None, token.value)

    def add_instagram(self, page_id: str, name: str, posts: int) -> Handle:
        """An Instagram account of kind "facebook-login" behind a Page, with a token for both.

        It lives in the world's platform "instagram" and is reached on this host.
        """
        page = self.world.accounts[self.name, page_id]
        business = int(str(page.facts.get("business_number", 0)))
        account = instagram_account(self.world, business, name, kind="facebook-login", page=page)
        add_media(self.world, account, posts)
        token = token_of_page(self.host, page, PAGE_SCOPES | INSTAGRAM_SCOPES)
        return Handle("instagram", account.id, name, account.kind, token.value)

    def add_person(
        self,
        page_ids: list[str],
        scopes: frozenset[str] = PAGE_SCOPES | INSTAGRAM_SCOPES,
        kind: str = "user",
    ) -> Token:
        """A long-lived token of a person, or system user, with all tasks on these Pages."""
        return token_of_person(self.host, page_ids, scopes, kind)

    def publish(self, platform_account_id: str) -> SimulatedPost:
        return publish_post(self.world, self.world.accounts[self.name, platform_account_id])

    def truth(self, post: SimulatedPost) -> dict[str, int | None]:
        return {**dict.fromkeys(COLUMNS), **post_truth(self.world, post)}


SERVICE = SimulatedFacebook
