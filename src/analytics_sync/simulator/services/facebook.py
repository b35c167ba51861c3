"""graph.facebook.com: Pages, their posts and Reels, and Instagram accounts behind Pages."""

from collections.abc import Iterable, Mapping

from starlette.types import ASGIApp

from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.simulator.consent import Person
from analytics_sync.simulator.service import Client, GrantFacts, Handle, Service
from analytics_sync.simulator.services._graph.access import ALL_TASKS
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
    settle,
    settle_owner,
    token_of_page,
    token_of_person,
)
from analytics_sync.simulator.services._graph.debug import debug_token
from analytics_sync.simulator.services._graph.dialog import FacebookDialog
from analytics_sync.simulator.services._graph.host import Host
from analytics_sync.simulator.services._graph.oauth import access_token
from analytics_sync.simulator.services._graph.post_insights import post_truth
from analytics_sync.simulator.services._graph.society import Resident
from analytics_sync.simulator.world import SimulatedPost, Token, World

# Where the Pages of `add_user` are numbered, beyond those of businesses.
PAGES_OF_USERS = 50_000


class SimulatedFacebook(Service):
    """Facebook Login: Pages, and Instagram accounts of kind "facebook-login".

    The first person who can log in has a role on every Page that `populate` made.
    """

    name = "facebook"
    authorize_path = "/v26.0/dialog/oauth"
    token_path = "/v26.0/oauth/access_token"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.host = Host(world, self.name)
        endpoints = {("oauth", "access_token"): access_token, ("debug_token",): debug_token}
        dialog = FacebookDialog(self.host, self.people)
        self.graph = GraphApp(self.host, endpoints, ("dialog", "oauth"), dialog, run_batch)

    @property
    def app(self) -> ASGIApp:
        return self.graph.asgi

    def populate(self, business: int, name: str, posts: int) -> Handle:
        """A Page with posts of all kinds, its owner, and their Page token with the usual scopes."""
        page = page_account(self.world, business, name)
        add_posts(self.world, page, posts)
        settle_owner(self.host, page)
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

    def add_user(
        self,
        name: str,
        *,
        pages: int | Mapping[str, Iterable[str]] = 0,
        owned_pages: int | Mapping[str, Iterable[str]] = 0,
        client_pages: int | Mapping[str, Iterable[str]] = 0,
        without_analyze: int = 0,
        instagram: int = 0,
        posts: int = 0,
    ) -> Resident:
        """A person who can log in, with a role on Pages.

        A number makes so many new Pages with `posts` posts each; a mapping names existing ones with
        the person's tasks there. `owned_pages` and `client_pages` are reached through a Business
        alone. The last `without_analyze` of `pages` lack that task, and behind the first
        `instagram` of them are Instagram accounts.
        """
        own = self._pages(pages, name, posts)
        for page in list(own)[len(own) - without_analyze :]:
            own[page] = tuple(task for task in ALL_TASKS if task != "ANALYZE")
        for page in list(own)[:instagram]:
            self.add_instagram(page, self.world.accounts[self.name, page].name, posts)
        owned = self._pages(owned_pages, f"{name}'s Business", posts)
        client = self._pages(client_pages, f"{name}'s client", posts)
        return settle(self.host, name, own, owned, client)

    def _pages(
        self, pages: int | Mapping[str, Iterable[str]], name: str, posts: int
    ) -> dict[str, Iterable[str]]:
        if not isinstance(pages, int):
            return dict(pages)
        made: dict[str, Iterable[str]] = {}
        for number in range(1, pages + 1):
            page = page_account(self.world, PAGES_OF_USERS, f"{name} {number}")
            add_posts(self.world, page, posts)
            made[page.id] = ALL_TASKS
        return made

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
            Person(one.id, one.name, f"{len(one.roles())} Pages")
            for one in sorted(self.host.society.residents.values(), key=lambda one: one.id)
        ]

    def grants(self) -> list[GrantFacts]:
        return [
            GrantFacts(
                consent.person.id,
                consent.client_id,
                tuple(sorted(consent.granted)),
                not consent.ended,
                consent.tokens[-1].value if consent.tokens else "",
            )
            for consent in self.host.society.consents.values()
        ]

    def withdraw(self, subject: str, client_id: str | None = None) -> int:
        return self.host.society.withdraw(subject, client_id)

    def expire_codes(self) -> int:
        return self.host.expire_codes()

    def publish(self, platform_account_id: str) -> SimulatedPost:
        return publish_post(self.world, self.world.accounts[self.name, platform_account_id])

    def truth(self, post: SimulatedPost) -> dict[str, int | None]:
        return {**dict.fromkeys(COLUMNS), **post_truth(self.world, post)}


SERVICE = SimulatedFacebook
