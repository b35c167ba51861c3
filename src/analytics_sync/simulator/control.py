"""The controls of a running simulator, below `/_sim`: clock, faults, switches, log and truth."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from analytics_sync.clock import iso
from analytics_sync.simulator.faults import Fault
from analytics_sync.simulator.service import Handle, Service
from analytics_sync.simulator.world import SimulatedPost, World


def control_app(
    world: World, services: Mapping[str, Service], handles: Sequence[tuple[int, Handle]]
) -> Starlette:
    """Routes that change and show the world. Each answers JSON, mistakes with 400 and `error`."""
    controls = _Controls(world, services, handles)
    return Starlette(
        routes=[
            Route("/clock", controls.clock, methods=["GET", "POST"]),
            Route("/faults", controls.faults, methods=["GET", "POST", "DELETE"]),
            Route("/switches", controls.switches, methods=["GET", "POST"]),
            Route("/log", controls.log, methods=["GET", "DELETE"]),
            Route("/posts", controls.posts, methods=["POST", "PATCH", "DELETE"]),
            Route("/truth", controls.truth),
            Route("/accounts", controls.accounts),
            Route("/people", controls.people),
            Route("/consents", controls.consents, methods=["GET", "POST"]),
            Route("/codes", controls.codes, methods=["DELETE"]),
        ],
        exception_handlers=dict.fromkeys((LookupError, TypeError, ValueError), _mistake),
    )


class _Controls:
    def __init__(
        self, world: World, services: Mapping[str, Service], handles: Sequence[tuple[int, Handle]]
    ) -> None:
        self.world = world
        self.services = services
        self.handles = handles

    async def clock(self, request: Request) -> JSONResponse:
        """POST {"advance": seconds} or {"set": "2026-12-01T10:00:00Z"} moves it."""
        clock = self.world.clock
        if request.method == "POST":
            asked = await request.json()
            span = timedelta(seconds=float(asked.get("advance", 0)))
            if "set" in asked:
                span += datetime.fromisoformat(asked["set"]) - clock.now()
            clock.advance(span)
        return JSONResponse({"now": iso(clock.now())})

    async def faults(self, request: Request) -> JSONResponse:
        """POST one fault or a list of them (fields: see `Fault`); DELETE forgets all."""
        faults = self.world.faults
        if request.method == "DELETE":
            faults.clear()
        elif request.method == "POST":
            asked = await request.json()
            for fault in [Fault(**one) for one in (asked if isinstance(asked, list) else [asked])]:
                faults.add(fault)
        return JSONResponse({"faults": [asdict(fault) for fault in faults.pending]})

    async def switches(self, request: Request) -> JSONResponse:
        """POST {"platform.name": value, ...} sets; a null puts the default back."""
        switches = self.world.switches
        if request.method == "POST":
            for name, value in dict(await request.json()).items():
                switches[name] = value
                if value is None:
                    del switches[name]
        return JSONResponse({"switches": {k: _plain(v) for k, v in switches.items()}})

    async def log(self, request: Request) -> JSONResponse:
        """GET shows what arrived, and its totals; DELETE shows it and forgets it."""
        answer = self.world.journal.as_json()
        if request.method == "DELETE":
            self.world.journal.clear()
        return JSONResponse(answer)

    async def posts(self, request: Request) -> JSONResponse:
        """POST publishes a post of `platform` and `platform_account_id` now; DELETE deletes one.

        PATCH changes one: its numbers by `fixed` ({"likes": 3}, names of `growth.FINAL`), its text
        by `edit` (true), which makes a new id where the platform does so.
        """
        asked = await request.json()
        service = self.services[asked["platform"]]
        if request.method == "POST":
            return JSONResponse({"id": service.publish(asked["platform_account_id"]).id}, 201)
        post = self._post(asked)
        if request.method == "DELETE":
            post.deleted_at = self.world.clock.now()
            return JSONResponse({"deleted": True})
        post.fixed.update({str(k): int(v) for k, v in asked.get("fixed", {}).items()})
        if asked.get("edit"):
            post = service.edit(post.id)
        return JSONResponse({"id": post.id})

    def _post(self, asked: Mapping[str, str]) -> SimulatedPost:
        post = self.world.post(asked["platform"], asked["platform_post_id"])
        if post is None:
            raise LookupError(f"{asked['platform']} has no post {asked['platform_post_id']!r}")
        return post

    async def truth(self, _: Request) -> JSONResponse:
        """Shows what a right client holds now for each post and account: see `the_truth`."""
        return JSONResponse(the_truth(self.world, self.services))

    async def accounts(self, _: Request) -> JSONResponse:
        """Shows the made-up accounts with their tokens, as `account add` takes them."""
        return JSONResponse(
            {
                "accounts": [
                    {"business": number, **asdict(handle)} for number, handle in self.handles
                ]
            }
        )

    async def people(self, _: Request) -> JSONResponse:
        """Shows who can log in, and the apps that exist from the beginning, by platform."""
        return JSONResponse(
            {
                name: {
                    "app": client._asdict(),
                    "people": [person._asdict() for person in service.people()],
                }
                for name, service in self.services.items()
                if (client := service.client()) is not None
            }
        )

    async def consents(self, request: Request) -> JSONResponse:
        """Shows every consent, and how often it was renewed.

        POST {"platform", "subject", "client_id" (left out: any app)} lets that person withdraw.
        """
        if request.method == "POST":
            asked = dict(await request.json())
            service = self.services[asked["platform"]]
            ended = service.withdraw(str(asked["subject"]), asked.get("client_id"))
            return JSONResponse({"withdrawn": ended})
        return JSONResponse(
            {
                "consents": [
                    {"platform": name, **grant._asdict()}
                    for name, service in self.services.items()
                    for grant in service.grants()
                ]
            }
        )

    async def codes(self, _: Request) -> JSONResponse:
        """DELETE lets every authorization code expire that was not exchanged yet."""
        expired = sum(service.expire_codes() for service in self.services.values())
        return JSONResponse({"expired": expired})


def the_truth(world: World, services: Mapping[str, Service]) -> dict[str, Any]:
    """Every visible post's canonical columns and every account's followers, now."""
    posts: list[dict[str, Any]] = []
    accounts: list[dict[str, Any]] = []
    for account in world.accounts.values():
        accounts.append(
            {
                "platform": account.platform,
                "platform_account_id": account.id,
                "followers": world.followers(account),
            }
        )
        posts.extend(
            {
                "platform": account.platform,
                "platform_account_id": account.id,
                "platform_post_id": post.id,
                "published_at": iso(post.published_at),
                **services[account.platform].truth(post),
            }
            for post in world.posts_of(account)
        )
    return {"now": iso(world.clock.now()), "posts": posts, "accounts": accounts}


async def _mistake(_: Request, mistake: Exception) -> JSONResponse:
    return JSONResponse({"error": f"{type(mistake).__name__}: {mistake}"}, 400)


def _plain(value: object) -> Any:
    return json.loads(json.dumps(value, default=str))
