"""graph.instagram.com: professional accounts that signed in with Instagram Login."""

from starlette.types import ASGIApp

from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.simulator.service import Handle, Service
from analytics_sync.simulator.services._graph.app import GraphApp
from analytics_sync.simulator.services._graph.batch import run_batch
from analytics_sync.simulator.services._graph.crowd import (
    add_media,
    add_story,
    instagram_account,
    instagram_token,
    publish_media,
)
from analytics_sync.simulator.services._graph.host import Host
from analytics_sync.simulator.services._graph.media_insights import media_truth
from analytics_sync.simulator.services._graph.oauth import (
    access_token,
    exchange_instagram,
    refresh_instagram,
)
from analytics_sync.simulator.world import SimulatedPost, World


class SimulatedInstagram(Service):
    """Instagram Login; accounts behind a Page are reached through `facebook`."""

    name = "instagram"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.host = Host(world, self.name)
        endpoints = {
            ("oauth", "access_token"): access_token,
            ("access_token",): exchange_instagram,
            ("refresh_access_token",): refresh_instagram,
        }
        self.graph = GraphApp(self.host, endpoints, ("oauth", "authorize"), run_batch)

    @property
    def app(self) -> ASGIApp:
        return self.graph.asgi

    def populate(self, business: int, name: str, posts: int) -> Handle:
        """`posts` visible media, some of them live stories, and two stories that have expired."""
        account = instagram_account(self.world, business, name, kind="instagram-login")
        add_media(self.world, account, posts)
        token = instagram_token(self.host, account)
        return Handle(self.name, account.id, name, account.kind, token.value)

    def publish(self, platform_account_id: str) -> SimulatedPost:
        return publish_media(self.world, self.world.accounts[self.name, platform_account_id])

    def publish_story(self, platform_account_id: str) -> SimulatedPost:
        """A story, visible for 24 hours from now."""
        return add_story(self.world, self.world.accounts[self.name, platform_account_id])

    def truth(self, post: SimulatedPost) -> dict[str, int | None]:
        return {**dict.fromkeys(COLUMNS), **media_truth(self.world, post)}


SERVICE = SimulatedInstagram
