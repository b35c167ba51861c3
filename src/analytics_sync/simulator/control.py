"""The controls of a running simulator, below `/_sim`: clock, faults, switches, log and truth."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from analytics_sync.clock import iso
from analytics_sync.simulator.faults import Fault
from analytics_sync.simulator.service import Handle, Service
from analytics_sync.simulator.world import World


def control_app(
    world: World, services: Mapping[str, Service], handles: Sequence[tuple[int, Handle]]
) -> Starlette:
    """Routes that change and show the world. Each answers JSON."""

    async def clock(request: Request) -> JSONResponse:
        if request.method == "POST":
            seconds = float((await request.json()).get("advance", 0))
            world.clock.advance(timedelta(seconds=seconds))
        return JSONResponse({"now": iso(world.clock.now())})

    async def faults(request: Request) -> JSONResponse:
        if request.method == "DELETE":
            world.faults.clear()
        elif request.method == "POST":
            asked = await request.json()
            for fault in asked if isinstance(asked, list) else [asked]:
                world.faults.add(Fault(**fault))
        return JSONResponse({"faults": [asdict(fault) for fault in world.faults.pending]})

    async def switches(request: Request) -> JSONResponse:
        if request.method == "POST":
            world.switches.update(await request.json())
        return JSONResponse({"switches": {k: _plain(v) for k, v in world.switches.items()}})

    async def log(request: Request) -> JSONResponse:
        answer = world.journal.as_json()
        if request.method == "DELETE":
            world.journal.clear()
        return JSONResponse(answer)

    async def posts(request: Request) -> JSONResponse:
        """POST publishes a post now, DELETE deletes one now."""
        asked = await request.json()
        service = services[asked["platform"]]
        if request.method == "POST":
            return JSONResponse({"id": service.publish(asked["platform_account_id"]).id}, 201)
        post = world.post(asked["platform"], asked["platform_post_id"])
        if post is not None:
            post.deleted_at = world.clock.now()
        return JSONResponse({"deleted": post is not None})

    async def truth(_: Request) -> JSONResponse:
        return JSONResponse(the_truth(world, services))

    async def accounts(_: Request) -> JSONResponse:
        return JSONResponse(
            {"accounts": [{"business": number, **asdict(handle)} for number, handle in handles]}
        )

    both = ["GET", "POST"]
    return Starlette(
        routes=[
            Route("/clock", clock, methods=both),
            Route("/faults", faults, methods=[*both, "DELETE"]),
            Route("/switches", switches, methods=both),
            Route("/log", log, methods=["GET", "DELETE"]),
            Route("/posts", posts, methods=["POST", "DELETE"]),
            Route("/truth", truth),
            Route("/accounts", accounts),
        ]
    )


def the_truth(world: World, services: Mapping[str, Service]) -> dict[str, Any]:
    """Every visible post's canonical columns and every account's followers, now."""
    posts = []
    accounts = []
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


def _plain(value: object) -> Any:
    return json.loads(json.dumps(value, default=str))
