"""graph.instagram.com: professional accounts that signed in with Instagram Login."""

from collections.abc import Iterable

from starlette.types import ASGIApp

from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.simulator.consent import Person
from analytics_sync.simulator.service import Client, GrantFacts, Handle, Service
from analytics_sync.simulator.services._graph.app import GraphApp
from analytics_sync.simulator.services._graph.batch import run_batch
from analytics_sync.simulator.services._graph.crowd import (
    add_media,
    add_story,
    instagram_account,
    instagram_token,
    publish_media,
)
from analytics_sync.simulator.services._graph.dialog import InstagramDialog
from analytics_sync.simulator.services._graph.host import Host
from analytics_sync.simulator.services._graph.media_insights import media_truth
from analytics_sync.simulator.services._graph.oauth import (
    exchange_instagram,
    instagram_access_token,
    refresh_instagram,
)
from analytics_sync.simulator.services._graph.society import REMOVED
from analytics_sync.simulator.world import SimulatedAccount, SimulatedPost, Token, World


class SimulatedInstagram(Service):
    """Instagram Login; accounts behind a Page are reached through `facebook`.

    Every account of kind "instagram-login" can log in.
    """

    name = "instagram"
    authorize_path = "/oauth/authorize"
    token_path = "/oauth/access_token"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.host = Host(world, self.name)
        endpoints = {
            ("oauth", "access_token"): instagram_access_token,
            ("access_token",): exchange_instagram,
            ("refresh_access_token",): refresh_instagram,
        }
        dialog = InstagramDialog(self.host, self.people)
        self.graph = GraphApp(self.host, endpoints, ("oauth", "authorize"), dialog, run_batch)

    @property
    def app(self) -> ASGIApp:
        return self.graph.asgi

    def populate(self, business: int, name: str, posts: int) -> Handle:
        """`posts` visible media, some of them live stories, and two stories that have expired."""
        account = instagram_account(self.world, business, name, kind="instagram-login")
        add_media(self.world, account, posts)
        token = instagram_token(self.host, account)
        return Handle(self.name, account.id, name, account.kind, token.value)

    def add_user(self, name: str, posts: int = 0) -> SimulatedAccount:
        """An account without any token; it can log in."""
        account = instagram_account(self.world, 50_000, name, kind="instagram-login")
        add_media(self.world, account, posts)
        return account

    def add_app(
        self,
        name: str,
        client_id: str,
        client_secret: str,
        *,
        redirect_uris: tuple[str, ...] = (),
        scopes: Iterable[str] | None = None,
    ) -> Client:
        """Another app; `scopes`: the permissions that it has access to (None: all)."""
        self.host.add_application(name, client_id, client_secret, redirect_uris, scopes)
        return Client(client_id, client_secret)

    def client(self) -> Client:
        return Client(self.host.app_id, self.host.app_secret)

    def people(self) -> list[Person]:
        return [
            Person(account.id, account.name, f"@{account.facts.get('username', account.id)}")
            for account in self.world.of(self.name)
            if account.kind == "instagram-login"
        ]

    def grants(self) -> list[GrantFacts]:
        newest = {(one.subject, self._app_of(one)): one for one in self._tokens()}
        return [
            GrantFacts(
                subject,
                client_id,
                tuple(sorted(token.scopes)),
                token.revoked is None,
                token.value,
                rotations=self.host.rotations[subject, client_id],
            )
            for (subject, client_id), token in newest.items()
        ]

    def withdraw(self, subject: str, client_id: str | None = None) -> int:
        """The account removes the app, or all; its tokens die."""
        ended = set()
        for token in self._tokens():
            client = self._app_of(token)
            if token.subject == subject and client_id in {None, client} and not token.revoked:
                token.revoked = REMOVED
                ended.add(client)
        return len(ended)

    def _tokens(self) -> list[Token]:
        return [one for one in self.world.tokens.values() if one.platform == self.name]

    def _app_of(self, token: Token) -> str:
        return self.host.application_of(token).client_id

    def expire_codes(self) -> int:
        return self.host.expire_codes()

    def publish(self, platform_account_id: str) -> SimulatedPost:
        return publish_media(self.world, self.world.accounts[self.name, platform_account_id])

    def publish_story(self, platform_account_id: str) -> SimulatedPost:
        """A story, visible for 24 hours from now."""
        return add_story(self.world, self.world.accounts[self.name, platform_account_id])

    def truth(self, post: SimulatedPost) -> dict[str, int | None]:
        return {**dict.fromkeys(COLUMNS), **media_truth(self.world, post)}


SERVICE = SimulatedInstagram
