"""Meta's log-ins over the real transport, against a server that listens on a socket."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from analytics_sync.domain.credentials import App
from analytics_sync.platforms._contract import Platform
from analytics_sync.platforms._login import Talk
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.transport.client import Transport
from support.fake_clock import FakeClock
from support.fault_server import Answer, FaultServer, says
from support.transport_doubles import OpenBudgets

T = TypeVar("T")
SECRET = "the-secret-of-the-app"
APP_IDS = {"facebook": "42", "instagram": "4242"}


def settings_at(origin: str, platform: Platform, **more: Any) -> PlatformSettings:
    """What the settings are when `base_url` was moved to `origin`."""
    own = {one.name: one.default for one in platform.settings} | more.pop("own", {})
    return PlatformSettings(
        base_url=origin,
        token_url=origin + urlsplit(platform.token_url).path,
        authorize_url=origin + urlsplit(platform.authorize_url).path,
        own=own,
        **more,
    )


def talk_at(
    origin: str,
    platform: Platform,
    transport: Transport,
    clock: Any,
    *,
    secret: str | None = SECRET,
    **more: Any,
) -> Talk:
    app = App(platform.name, APP_IDS[platform.name], secret)
    return Talk(app, settings_at(origin, platform, **more), clock, transport)


class Conversation:
    """A talk with a server that gives these answers in turn; `requests` are what it got."""

    def __init__(self, platform: Platform, *answers: Answer) -> None:
        self.platform = platform
        self.answers = answers
        self.clock = FakeClock()
        self.requests: list[bytes] = []
        self.origin = ""

    def run(self, work: Callable[[Talk], Awaitable[T]], **more: Any) -> T:
        async def ran() -> T:
            async with (
                FaultServer(*self.answers) as server,
                Transport(budgets=OpenBudgets(), clock=self.clock) as transport,
            ):
                self.requests, self.origin = server.requests, server.origin
                return await work(
                    talk_at(server.origin, self.platform, transport, self.clock, **more)
                )

        return asyncio.run(ran())

    @property
    def lines(self) -> list[str]:
        """Method and path of each request, without its query."""
        first = (request.split(b"\r\n", 1)[0].decode() for request in self.requests)
        return [line.rsplit(" ", 1)[0].partition("?")[0] for line in first]

    def sent(self, number: int) -> dict[str, str]:
        """The query and the form of one request together."""
        head, _, body = self.requests[number].partition(b"\r\n\r\n")
        query = urlsplit(head.split(b" ", 2)[1].decode()).query
        return {name: values[0] for name, values in parse_qs(f"{query}&{body.decode()}").items()}

    def asked(self, number: int) -> list[str]:
        """The relative URLs of a batch."""
        return [item["relative_url"] for item in json.loads(self.sent(number)["batch"])]


def told(body: Any, status: int = 200) -> Answer:
    return says(status, json.dumps(body).encode(), content_type="application/json")


def batch(*bodies: Any) -> Answer:
    """The answer to a batch; an error object comes with its own status."""
    return told(
        [
            {
                "code": 400 if isinstance(body, Mapping) and "error" in body else 200,
                "headers": [],
                "body": json.dumps(body),
            }
            for body in bodies
        ]
    )


def error(code: int, message: str, subcode: int | None = None) -> dict[str, Any]:
    said: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code}
    if subcode is not None:
        said["error_subcode"] = subcode
    return {"error": {**said, "fbtrace_id": "A1"}}
