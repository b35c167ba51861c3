"""The simulated X in process, asked as a client would ask it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from analytics_sync.simulator.clock import SimulatedClock
from analytics_sync.simulator.faults import Fault
from analytics_sync.simulator.recorder import Recorder
from analytics_sync.simulator.services.x import SimulatedX
from analytics_sync.simulator.world import SimulatedAccount, SimulatedPost, Token, World

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LEGACY = "https://api.twitter.com/2/problems/"
NEW = "https://api.x.com/2/problems/"


class AskedX:
    """A simulated X with one account ("Acme") and a client that holds its user's token."""

    def __init__(self, posts: int = 0, *, seed: int = 1, **switches: object) -> None:
        self.world = World(SimulatedClock(NOW), seed=seed)
        self.switch(**switches)
        self.service = SimulatedX(self.world)
        self.handle = self.service.populate(1, "Acme", posts)
        self.user = self.handle.platform_account_id
        self.token = self.handle.token

    @property
    def account(self) -> SimulatedAccount:
        return self.world.accounts["x", self.user]

    @property
    def app_token(self) -> str:
        return self.service.oauth.app_token.value

    @property
    def posts(self) -> list[SimulatedPost]:
        """The account's posts, newest first."""
        return self.world.posts_of(self.account)

    def switch(self, **switches: object) -> None:
        """Set switches; `__` stands for the dot in their names."""
        for name, value in switches.items():
            self.world.switches[f"x.{name.replace('__', '.')}"] = value

    def fault(self, kind: str, **named: Any) -> None:
        self.world.faults.add(Fault(kind, "x", **named))

    def later(self, **span: float) -> None:
        self.world.clock.advance(timedelta(**span))

    def post(self, kind: str = "text", **age: float) -> SimulatedPost:
        """A post of this kind and age (an hour when not said) by the account."""
        from analytics_sync.simulator.services._x.accounts import make_post

        moment = self.world.clock.now() - timedelta(**(age or {"hours": 1}))
        return self.world.add_post(make_post(self.world, self.account, moment, kind))

    def user_token(self, **named: Any) -> Token:
        return self.world.add_token(
            Token(
                **{
                    "value": "made-by-hand",
                    "platform": "x",
                    "kind": "user",
                    "subject": self.user,
                    "scopes": frozenset({"tweet.read", "users.read"}),
                    **named,
                }
            )
        )

    def ask(
        self,
        path: str,
        token: str | None = None,
        *,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        data: dict[str, str] | None = None,
        **query: str | int,
    ) -> httpx.Response:
        """Send one request; `tweet_fields=` is written `tweet.fields=`, and so on."""
        named = {name.replace("_fields", ".fields"): value for name, value in query.items()}

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(Recorder(self.world, "x", self.service.app))
            async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
                return await client.request(
                    method,
                    path,
                    params=named or None,
                    data=data,
                    headers=headers or {"authorization": f"Bearer {token or self.token}"},
                )

        return asyncio.run(send())

    def look_up(
        self, *ids: str | SimulatedPost, token: str | None = None, **query: str
    ) -> dict[str, Any]:
        """The body of GET /2/tweets for these posts, which must be a 200."""
        names = [one if isinstance(one, str) else one.id for one in ids]
        answer = self.ask("/2/tweets", token, ids=",".join(names), **query)
        assert answer.status_code == 200, answer.text
        return answer.json()
