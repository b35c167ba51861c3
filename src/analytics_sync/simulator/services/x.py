"""The simulated X API v2.

Shapes and rules: X docs (Post lookup, Timelines, Metrics, Rate limits, Response codes and errors,
Edit Posts, Pricing, OAuth 2.0) and OpenAPI 2.166 to 2.168; where those are silent, live answers as
users reported them. Switches: `_x.switches.SWITCHES`. Faults of its own, besides those of the wire:
"unauthorized", "rate_limited" (facts `body`: "errors"; headers go into the answer), "trouble" (a
problem with `status`), "client_not_enrolled", "credits_depleted" (facts `body`: "old"),
"spending_limit", "usage_capped", "hydration_failure" (facts `field`, `ids`), "unmentioned" (facts
`ids`: posts that are neither in `data` nor in `errors`).
"""

import json
from datetime import timedelta
from functools import cached_property
from typing import ClassVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from analytics_sync.clock import iso
from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.simulator.consent import Person
from analytics_sync.simulator.recorder import note
from analytics_sync.simulator.service import Client, GrantFacts, Handle, Service
from analytics_sync.simulator.services._x import endpoints
from analytics_sync.simulator.services._x.accounts import (
    make_account,
    make_edit,
    make_post,
    make_posts,
)
from analytics_sync.simulator.services._x.apps import CONFIDENTIAL, Application, Grant
from analytics_sync.simulator.services._x.dialog import Dialog
from analytics_sync.simulator.services._x.gate import Gate
from analytics_sync.simulator.services._x.oauth import Authorization
from analytics_sync.simulator.services._x.oauth1 import Signatures
from analytics_sync.simulator.services._x.objects import PRIVATE_AGE
from analytics_sync.simulator.services._x.problems import TITLES, blank
from analytics_sync.simulator.services._x.switches import Switches
from analytics_sync.simulator.services._x.usage import openapi
from analytics_sync.simulator.world import SimulatedAccount, SimulatedPost, World

# The metrics that fill the canonical columns; the rest X does not say.
PUBLIC = {
    "impressions": "impressions",
    "likes": "likes",
    "comments": "comments",
    "shares": "shares",
    "saves": "saves",
}


class SimulatedX(Service):
    """X over the world. Every account can log in.

    `oauth` makes tokens for tests, `signatures` those of OAuth 1.0a, `gate.ledger` is the bill.
    """

    name: ClassVar[str] = "x"
    authorize_path: ClassVar[str] = "/i/oauth2/authorize"
    token_path: ClassVar[str] = "/2/oauth2/token"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.switches = Switches(world)
        self.oauth = Authorization(world)
        self.signatures = Signatures(world, self.oauth, self.switches)
        self.gate = Gate(world, self.switches, self.signatures)
        self.dialog = Dialog(self.oauth, self.people)

    @cached_property
    def _app(self) -> ASGIApp:
        answers = endpoints.endpoints(self.gate)

        def route(path: str, endpoint: endpoints.Endpoint) -> Route:
            async def answer(request: Request) -> Response:
                return await self.gate.answer(request, endpoint)

            return Route(path, answer)

        async def specification(request: Request) -> JSONResponse:
            note(request.scope, "openapi")
            version = self.switches.text("openapi_version", "2.170")
            return JSONResponse(openapi(answers.items(), version))

        app = Starlette(
            routes=[
                Route("/2/openapi.json", specification),
                *(
                    Route(path, self.dialog.answer, methods=["GET", "POST"])
                    for path in (self.authorize_path, "/2/oauth2/authorize")
                ),
                Route(self.token_path, self.oauth.token, methods=["POST"]),
                Route("/2/oauth2/revoke", self.oauth.revoke, methods=["POST"]),
                *(route(path, endpoint) for path, endpoint in answers.items()),
            ],
            exception_handlers={HTTPException: _no_such_operation},
        )
        app.router.redirect_slashes = False
        return app

    @property
    def app(self) -> ASGIApp:
        return self._app

    def populate(self, business: int, name: str, posts: int) -> Handle:
        """An account with posts, and its own user's token.

        With the switch `x.token_lifetime` (seconds) the handle's token is a token file's JSON with
        a refresh token of the application `_x.oauth.CONFIDENTIAL`, else a bare token without end.
        """
        account = make_account(self.world, business, name)
        make_posts(self.world, account, posts)
        seconds = self.switches.number("token_lifetime")
        lifetime = None if seconds is None else timedelta(seconds=seconds)
        grant = self.oauth.grant(account.id, lifetime=lifetime)
        token = grant.access if lifetime is None else self.token_file(grant)
        return Handle("x", account.id, name, None, token)

    def add_user(self, name: str, posts: int = 0) -> SimulatedAccount:
        """An account without any token; it can log in."""
        number = 1 + sum(1 for _ in self.world.of(self.name))
        account = make_account(self.world, 10_000 + number, name)
        make_posts(self.world, account, posts)
        return account

    def add_app(
        self,
        name: str,
        client_id: str,
        client_secret: str | None = None,
        *,
        redirect_uris: tuple[str, ...] = (),
    ) -> Client:
        """Another app; without a secret a public one. OAuth 1.0a knows it as `CLIENT_ID-key`."""
        self.oauth.add_application(
            Application(
                client_id,
                client_secret,
                name,
                redirect_uris,
                f"{client_id}-key",
                f"{client_id}-key-secret",
            )
        )
        return Client(client_id, client_secret)

    def client(self) -> Client:
        return Client(CONFIDENTIAL.id, CONFIDENTIAL.secret)

    def people(self) -> list[Person]:
        return [
            Person(account.id, account.name, f"@{account.facts.get('username', account.id)}")
            for account in self.world.of(self.name)
            if not account.facts.get("suspended")
        ]

    def oauth1(self, subject: str) -> dict[str, str]:
        """A user's OAuth 1.0a token of the first app, with all that signing needs."""
        given = self.signatures.grant(subject)
        return {
            "consumer_key": given.application.consumer_key,
            "consumer_secret": given.application.consumer_secret,
            "token": given.value,
            "token_secret": given.secret,
        }

    def oauth1_file(self, subject: str) -> str:
        """The same as the JSON of a token file."""
        keys = self.oauth1(subject)
        return json.dumps(
            {
                "consumer_key": keys["consumer_key"],
                "consumer_secret": keys["consumer_secret"],
                "access_token": keys["token"],
                "access_token_secret": keys["token_secret"],
            }
        )

    def grants(self) -> list[GrantFacts]:
        return [self.oauth.facts(grant) for grant in self.oauth.grants]

    def withdraw(self, subject: str, client_id: str | None = None) -> int:
        return self.oauth.withdraw_all(subject, client_id) + self.signatures.withdraw(
            subject, client_id
        )

    def expire_codes(self) -> int:
        return self.oauth.expire_codes()

    def token_file(self, grant: Grant) -> str:
        """A consent as the JSON of a token file."""
        expires_at = self.world.tokens[grant.access].expires_at
        return json.dumps(
            {
                "access_token": grant.access,
                "refresh_token": grant.refresh,
                "expires_at": None if expires_at is None else iso(expires_at),
                "scopes": list(grant.scopes),
            }
        )

    def publish(self, platform_account_id: str) -> SimulatedPost:
        account = self.world.accounts["x", platform_account_id]
        return self.world.add_post(make_post(self.world, account, self.world.clock.now()))

    def edit(self, platform_post_id: str) -> SimulatedPost:
        """A new version under a new id; the old one stays in `versions`.

        :raises LookupError: no such post, or later than 30 minutes after its first version.
        """
        post = self.world.post("x", platform_post_id)
        if post is None:
            raise LookupError(f"x has no post {platform_post_id!r}")
        return self.world.add_post(make_edit(self.world, post, self.world.clock.now()))

    def truth(self, post: SimulatedPost) -> dict[str, int | None]:
        """Sums over all versions of the post; clicks only where X says them to the author.

        That is: the post has a link, no version is older than 30 days, and the account's fact
        `read_by` is "user", not "app".
        """
        versions = (*post.versions, post)

        def total(metric: str) -> int:
            return sum(self.world.value(version, metric) for version in versions)

        account = self.world.accounts["x", post.account_id]
        now = self.world.clock.now()
        said = post.facts.get("link") and account.facts.get("read_by", "user") == "user"
        young = all(now - version.published_at <= PRIVATE_AGE for version in versions)
        truth: dict[str, int | None] = dict.fromkeys(COLUMNS)
        truth |= {column: total(metric) for column, metric in PUBLIC.items()}
        truth["clicks"] = total("clicks") if said and young else None
        return truth


async def _no_such_operation(_: Request, error: Exception) -> JSONResponse:
    status = getattr(error, "status_code", 404)
    problem = blank(status if status in TITLES else 404)
    return JSONResponse(dict(problem.body), problem.status, media_type="application/problem+json")


SERVICE = SimulatedX
