"""The simulated LinkedIn Community Management API, as strict as the real one.

Switches in `World.switches`, each with the prefix `linkedin.`:

tier                    "standard" (default) or "development": no BATCH_GET, 500 calls a day of an
                        application and 100 of a member, over all endpoints
app_calls_a_day         calls of an application a UTC day: a number for each endpoint, or a mapping
                        from endpoints ("posts") to numbers; no limit by default
member_calls_a_day      the same for each member through an application
largest_list            items that a `List(...)` may have; no limit by default
page_drift              "publish" or "delete": after each full first page of the posts finder a post
                        comes or goes
encoded_keys            keys of BATCH_GET answers come back percent-encoded
unknown_fields          fields and a kind of reaction that no documentation names
lost_roles              organisation URNs whose administrators have lost their role
lost_role_answer        "empty": a lost role is answered with nothing instead of 403
versions                more API versions: {"202611": "2027-11-15"}, with their days of sunset
refresh_settling        seconds in which a just refreshed token is refused as revoked (0)
rotate_refresh_tokens   refreshing gives another refresh token (LinkedIn gives the same)

Faults that the service carries out itself: "burst" (429 for `facts.seconds`, 30 by default, on
that endpoint), "no_data" (a member's post without figures).
"""

from collections.abc import Iterable, Mapping, Sequence

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from analytics_sync.simulator.consent import Person
from analytics_sync.simulator.growth import fraction
from analytics_sync.simulator.service import Client, GrantFacts, Handle, Service
from analytics_sync.simulator.services._linkedin.apps import (
    DEFAULT_APPLICATION,
    Application,
    Consent,
)
from analytics_sync.simulator.services._linkedin.content import fill, word
from analytics_sync.simulator.services._linkedin.dialog import Dialog
from analytics_sync.simulator.services._linkedin.gateway import Gateway, raw_segments
from analytics_sync.simulator.services._linkedin.login import Login
from analytics_sync.simulator.services._linkedin.members import POST_METRICS, Members
from analytics_sync.simulator.services._linkedin.oauth import Authority
from analytics_sync.simulator.services._linkedin.posts import Posts
from analytics_sync.simulator.services._linkedin.profiles import Profiles
from analytics_sync.simulator.services._linkedin.quota import Quotas
from analytics_sync.simulator.services._linkedin.site import ADMINISTRATOR, PLATFORM, Site
from analytics_sync.simulator.services._linkedin.social import Social
from analytics_sync.simulator.services._linkedin.statistics import SHARE_COUNTS, Statistics
from analytics_sync.simulator.world import SimulatedAccount, SimulatedPost, World

ORGANIZATION_SCOPES = frozenset(
    "openid profile r_basicprofile rw_organization_admin r_organization_social "
    "r_organization_social_feed r_organization_followers".split()
)
MEMBER_SCOPES = frozenset(
    "openid profile r_basicprofile r_member_postAnalytics r_member_profileAnalytics".split()
)
_FIRST_ORGANIZATION = 1000
_ORGANIZATION_COLUMNS = {column: column for column in SHARE_COUNTS.values()}
# Canonical column: LinkedIn's metric of a member's post.
_MEMBER_COLUMNS = {
    "impressions": "IMPRESSION",
    "reach": "MEMBERS_REACHED",
    "likes": "REACTION",
    "comments": "COMMENT",
    "shares": "RESHARE",
    "saves": "POST_SAVE",
    "clicks": "LINK_CLICKS",
}
_UNSAID = dict.fromkeys(
    "impressions reach likes comments shares saves clicks video_views watch_time_ms".split()
)


class SimulatedLinkedIn(Service):
    """Organisations and members with their posts, behind LinkedIn's wire format.

    Statistics have no lag: `truth` is what the API answers now. Every member can log in; one of
    them administers every organisation that `populate` made.
    """

    name = PLATFORM
    authorize_path = "/oauth/v2/authorization"
    token_path = "/oauth/v2/accessToken"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.site = Site(world)
        self.authority = Authority(world)
        self.quotas = Quotas(world)
        self.login = Login(self.authority, Dialog(self.authority, self.people))
        profiles = Profiles(self.site)
        resources = [
            *Statistics(self.site).resources(),
            *Posts(self.site).resources(),
            *Social(self.site).resources(),
            *Members(self.site).resources(),
            *profiles.resources(),
        ]
        self.gateway = Gateway(
            self.site,
            self.authority,
            self.quotas,
            profiles,
            {resource.name: resource for resource in resources},
        )

    @property
    def app(self) -> ASGIApp:
        return self._serve

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = None
        match raw_segments(request):
            case ["oauth", "v2", name]:
                response = await self.login.handle(request, name)
        if response is None:
            response = await self.gateway.handle(request)
        await response(scope, receive, send)

    def populate(self, business: int, name: str, posts: int) -> Handle:
        """An organisation, a person of its own who administers it, and that person's token."""
        account = self.add_organization(name, posts, number=_FIRST_ORGANIZATION + business)
        person = self.add_person(f"Admin {name}", administers=[account.id])
        self._add_everywhere(account.id)
        consent = self.authority.consent(person, ORGANIZATION_SCOPES, administers=[account.id])
        token = self.authority.issue(consent)
        return Handle(self.name, account.id, name, account.kind, token.value)

    def populate_member(self, name: str, posts: int) -> Handle:
        """A member with posts of their own, and a token for their analytics."""
        person = self.add_person(name)
        account = self._add_account(person, name, "member", posts)
        token = self.authority.issue(self.authority.consent(person, MEMBER_SCOPES))
        return Handle(self.name, account.id, name, account.kind, token.value)

    def add_organization(self, name: str, posts: int, *, number: int) -> SimulatedAccount:
        """An organisation's page; with a number that is taken, the next free one."""
        while self.world.account(self.name, f"urn:li:organization:{number}") is not None:
            number += 1
        return self._add_account(f"urn:li:organization:{number}", name, "organization", posts)

    def add_person(
        self,
        name: str,
        *,
        administers: Iterable[str] = (),
        roles: Mapping[str, str] | None = None,
    ) -> str:
        """The URN of a new member without posts, who can log in.

        `administers`: URNs of organisations; `roles`: other roles ("ANALYST"), by such URNs.
        """
        urn = f"urn:li:person:{word(10, self.world.seed, 'person', len(self.site.people))}"
        self.site.people[urn] = name
        self.site.roles[urn] = {**dict.fromkeys(administers, ADMINISTRATOR), **(roles or {})}
        return urn

    def _add_everywhere(self, organization: str) -> None:
        """One member administers all made-up organisations, as an agency's person would."""
        urn = f"urn:li:person:{word(10, self.world.seed, 'person', 'everywhere')}"
        self.site.people.setdefault(urn, "Sim Person")
        self.site.roles.setdefault(urn, {})[organization] = ADMINISTRATOR

    def add_app(
        self,
        name: str,
        client_id: str,
        client_secret: str,
        *,
        refreshes: bool = True,
        redirect_uris: tuple[str, ...] = (),
        scopes: Iterable[str] | None = None,
    ) -> Client:
        """Another app; `scopes`: those of its products (None: all)."""
        allowed = None if scopes is None else frozenset(scopes)
        self.authority.add_application(
            Application(client_id, client_secret, refreshes, name, redirect_uris, allowed)
        )
        return Client(client_id, client_secret)

    def client(self) -> Client:
        return Client(DEFAULT_APPLICATION.client_id, DEFAULT_APPLICATION.client_secret)

    def people(self) -> list[Person]:
        return [
            Person(urn, name, f"{len(self.site.roles.get(urn, {}))} pages")
            for urn, name in self.site.people.items()
        ]

    def grants(self) -> list[GrantFacts]:
        return [self.authority.facts(consent) for consent in self.authority.consents]

    def withdraw(self, subject: str, client_id: str | None = None) -> int:
        return self.authority.withdraw_all(subject, client_id)

    def expire_codes(self) -> int:
        return self.authority.expire_codes()

    def consent(
        self,
        member: str,
        scopes: Sequence[str],
        *,
        administers: Sequence[str] = (),
        application: Application = DEFAULT_APPLICATION,
    ) -> Consent:
        """A member's consent; its access token is the last of `tokens`."""
        consent = self.authority.consent(
            member, frozenset(scopes), administers=list(administers), application=application
        )
        self.authority.issue(consent)
        return consent

    def publish(self, platform_account_id: str) -> SimulatedPost:
        return self.site.publish(platform_account_id)

    def truth(self, post: SimulatedPost) -> dict[str, int | None]:
        account = self.world.account(self.name, post.account_id)
        if account is None or account.kind == "organization":
            columns = _ORGANIZATION_COLUMNS
        elif post.facts.get("no_data"):
            columns = {}
        else:
            columns = {
                column: metric
                for column, name in _MEMBER_COLUMNS.items()
                if (metric := POST_METRICS[name][0]) is not None
            }
        said = {column: self.site.number(post, metric) for column, metric in columns.items()}
        return {**_UNSAID, **said}

    def _add_account(self, urn: str, name: str, kind: str, posts: int) -> SimulatedAccount:
        followers = 300 + int(5000 * fraction(self.world.seed, urn, "followers"))
        account = SimulatedAccount(urn, self.name, name, kind, followers)
        self.world.add_account(account)
        fill(self.world.seed, account, posts, self.world.clock.now())
        return account


SERVICE = SimulatedLinkedIn
