"""Calls the simulated LinkedIn byte for byte, below a mount point, as a stranger's client would."""

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.applications import Starlette
from starlette.routing import Mount

from analytics_sync.simulator.clock import SimulatedClock
from analytics_sync.simulator.faults import Fault
from analytics_sync.simulator.recorder import Recorder
from analytics_sync.simulator.services.linkedin import SimulatedLinkedIn
from analytics_sync.simulator.world import World

START = datetime(2026, 11, 23, 14, tzinfo=UTC)
FINDER = "/rest/posts?q=author&author={}"
STATISTICS = "/rest/organizationalEntityShareStatistics?q=organizationalEntity"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self):
        return json.loads(self.body)


def encoded(urn):
    return urn.replace(":", "%3A")


def restli_list(urns):
    return f"List({','.join(map(encoded, urns))})"


class Wire:
    """One world with one organisation, and the way to call it."""

    def __init__(self, posts=12, start=START):
        self.world = World(SimulatedClock(start))
        self.service = SimulatedLinkedIn(self.world)
        self.handle = self.service.populate(1, "Bakery", posts)
        self.organization = self.handle.platform_account_id
        recorder = Recorder(self.world, "linkedin", self.service.app)
        self.app = Starlette(routes=[Mount("/linkedin", recorder)])

    @property
    def token(self):
        return self.world.tokens[self.handle.token]

    def posts(self, account_id=None):
        return self.world.posts_of(self.world.accounts["linkedin", account_id or self.organization])

    def advance(self, **span):
        self.world.clock.advance(timedelta(**span))

    def fault(self, kind, **more):
        self.world.faults.add(Fault(kind, **more))

    def switch(self, **switches):
        self.world.switches.update({f"linkedin.{name}": v for name, v in switches.items()})

    def get(self, target, *, token=None, version="202607", without=(), headers=None):
        sent = {
            "authorization": f"Bearer {token or self.handle.token}",
            "linkedin-version": version,
            "x-restli-protocol-version": "2.0.0",
            **(headers or {}),
        }
        return self.send("GET", target, {k: v for k, v in sent.items() if k not in without})

    def tunnelled(self, path, query, **more):
        sent = {
            "authorization": f"Bearer {self.handle.token}",
            "linkedin-version": "202607",
            "x-restli-protocol-version": "2.0.0",
            "x-http-method-override": "GET",
            "content-type": "application/x-www-form-urlencoded",
            "content-length": str(len(query)),
            **more,
        }
        return self.send("POST", path, sent, query.encode())

    def form(self, path, fields):
        body = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
        kind = "application/x-www-form-urlencoded"
        return self.send(
            "POST", path, {"content-type": kind, "content-length": str(len(body))}, body
        )

    def statistics(self, *, shares=(), ugc_posts=(), more="", **sent):
        query = f"{STATISTICS}&organizationalEntity={encoded(self.organization)}{more}"
        if shares:
            query += f"&shares={restli_list(shares)}"
        if ugc_posts:
            query += f"&ugcPosts={restli_list(ugc_posts)}"
        return self.get(query, **sent)

    def send(self, method, target, headers, body=b""):
        path, _, query = f"/linkedin{target}".partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path.replace("%3A", ":").replace("%25", "%"),
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "root_path": "",
            "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
            "server": ("127.0.0.1", 80),
            "client": ("127.0.0.1", 1),
        }
        return asyncio.run(_exchange(self.app, scope, body))


async def _exchange(app, scope, body):
    sent = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], headers, b"".join(m.get("body", b"") for m in sent[1:]))


def shares_of(posts):
    return [post.id for post in posts if ":share:" in post.id]


def ugc_posts_of(posts):
    return [post.id for post in posts if ":ugcPost:" in post.id]


def refused(answer, status, **body):
    assert answer.status == status
    shown = answer.json()
    assert shown["status"] == status
    assert answer.headers["content-type"] == "application/json"
    for name, value in body.items():
        assert shown.get(name) == value, name
    return shown


def bad_input(answer, code, field):
    shown = refused(answer, 400, code=code, errorDetailType="com.linkedin.common.error.BadRequest")
    (wrong,) = shown["errorDetails"]["inputErrors"]
    assert (wrong["code"], wrong["input"]["inputPath"]["fieldPath"]) == (code, field)
