"""Calls the simulated Graph hosts below their mount points, as a stranger's client would."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from analytics_sync.simulator.clock import SimulatedClock
from analytics_sync.simulator.faults import Fault
from analytics_sync.simulator.recorder import Recorder
from analytics_sync.simulator.services.facebook import SimulatedFacebook
from analytics_sync.simulator.services.instagram import SimulatedInstagram
from analytics_sync.simulator.world import Token, World

START = datetime(2026, 11, 23, 14, tzinfo=UTC)
BY_HOST = pytest.mark.parametrize("host", ["facebook", "instagram"])
# Meta docs: Instagram Media Insights. Each metric with the product types that have it.
MATRIX = {
    "views": "FEED REELS STORY",
    "reach": "FEED REELS STORY",
    "likes": "FEED REELS",
    "comments": "FEED REELS",
    "saved": "FEED REELS",
    "shares": "FEED REELS STORY",
    "total_interactions": "FEED REELS STORY",
    "reposts": "FEED REELS STORY",
    "profile_visits": "FEED STORY",
    "follows": "FEED STORY",
    "profile_activity": "FEED STORY",
    "ig_reels_avg_watch_time": "REELS",
    "ig_reels_video_view_total_time": "REELS",
    "reels_skip_rate": "REELS",
    "replies": "STORY",
    "navigation": "STORY",
}
SAFE = {
    "FEED": "views,reach,likes,comments,saved,shares,total_interactions,profile_visits,follows",
    "REELS": "views,reach,likes,comments,saved,shares,total_interactions,ig_reels_avg_watch_time,"
    "ig_reels_video_view_total_time",
    "STORY": "views,reach,replies,shares,total_interactions,profile_visits,follows,navigation",
}
IDS_REFUSED = {
    "message": "The ids query parameter is deprecated in v26.0+",
    "type": "OAuthException",
    "code": 100,
}
NOT_A_METRIC = {
    "message": "(#100) The value must be a valid insights metric",
    "type": "OAuthException",
    "code": 100,
}


def gone(identity, kind="GraphMethodException"):
    """Error 100/33, word for word."""
    return {
        "message": f"Unsupported get request. Object with ID '{identity}' does not exist, cannot "
        "be loaded due to missing permissions, or does not support this operation. Please read "
        "the Graph API documentation at https://developers.facebook.com/docs/graph-api",
        "type": kind,
        "code": 100,
        "error_subcode": 33,
    }


class Wire:
    """A world with one Page, an Instagram account behind it, and one with Instagram Login."""

    def __init__(self, posts=24, media=18, start=START):
        self.world = World(SimulatedClock(start))
        self.facebook = SimulatedFacebook(self.world)
        self.instagram = SimulatedInstagram(self.world)
        self.page = self.facebook.populate(1, "Bakery", posts)
        self.behind = self.facebook.add_instagram(self.page.platform_account_id, "Bakery", media)
        self.direct = self.instagram.populate(2, "Gallery", media)
        services = (self.facebook, self.instagram)
        self.app = Starlette(
            routes=[Mount(f"/{s.name}", Recorder(self.world, s.name, s.app)) for s in services]
        )

    @property
    def page_id(self):
        return self.page.platform_account_id

    def account(self, handle):
        return self.world.accounts[handle.platform, handle.platform_account_id]

    def posts(self, kind=None, handle=None):
        """Visible posts, newest first."""
        posts = self.world.posts_of(self.account(handle or self.page))
        return [post for post in posts if kind in {None, post.kind}]

    def post(self, kind, handle=None):
        """One of that kind, some days old."""
        return self.posts(kind, handle)[-1]

    def token(self, kind, subject, *scopes, host="facebook", **more):
        value = f"TOKEN{len(self.world.tokens)}"
        facts = more.pop("facts", {})
        token = Token(value, host, kind, subject, frozenset(scopes), facts=facts, **more)
        return self.world.add_token(token).value

    def switch(self, **switches):
        self.world.switches.update({k.replace("__", "."): v for k, v in switches.items()})

    def fault(self, kind, **more):
        self.world.faults.add(Fault(kind, **more))

    def advance(self, **span):
        self.world.clock.advance(timedelta(**span))

    def get(self, path, token=..., host="facebook", version="v26.0", **params):
        if token is ...:
            token = self.page.token if host == "facebook" else self.direct.token
        if token is not None:
            params = {"access_token": token, **params}
        return self.send("GET", f"/{host}/{version}/{path}", params=params)

    def direct_get(self, path, **params):
        return self.get(path, host="instagram", **params)

    def error(self, *args, **params):
        """The error object without its trace, and the HTTP status."""
        return error_of((self.get)(*args, **params))

    def direct_error(self, path, **params):
        return error_of(self.direct_get(path, **params))

    def batch(self, *items, host="facebook", token=..., **more):
        """Answer of a batch of GETs; items are relative addresses or whole items."""
        if token is ...:
            token = self.page.token if host == "facebook" else self.direct.token
        whole = [i if isinstance(i, dict) else {"method": "GET", "relative_url": i} for i in items]
        form = {"batch": json.dumps(whole), **more}
        if token is not None:
            form["access_token"] = token
        return self.send("POST", f"/{host}/v26.0/", data=form)

    def insights(self, post, *names, period="lifetime", **more):
        return self.get(f"{post.id}/insights", metric=",".join(names), period=period, **more)

    def send(self, method, target, **more):
        async def sent():
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://sim") as client:
                return await client.request(method, target, **more)

        return asyncio.run(sent())


def error_of(answer):
    error = answer.json()["error"]
    assert error.pop("fbtrace_id") == answer.headers["x-fb-trace-id"]
    return answer.status_code, error


def values(answer):
    """Metric name -> the last element of its values."""
    assert answer.status_code == 200, answer.text
    return {row["name"]: row["values"][-1]["value"] for row in answer.json()["data"]}


def pages(wire, path, **params):
    """All pages of a listing, following `after` while there is a `next`."""
    found = []
    while True:
        answer = wire.get(path, **params).json()
        found.append(answer["data"])
        if "next" not in answer.get("paging", {}):
            return found
        params["after"] = answer["paging"]["cursors"]["after"]


def handle_on(wire, host):
    return wire.behind if host == "facebook" else wire.direct


def ask(wire, host, path, **params):
    return wire.get(path, host=host, token=handle_on(wire, host).token, **params)


def refused(wire, host, path, **params):
    return wire.error(path, host=host, token=handle_on(wire, host).token, **params)


def unsupported(host, names):
    """The refusal of metrics, in the words of each host."""
    words = (
        f"The Media Insights API does not support the {names} metric for this media product type."
    )
    if host == "facebook":
        return {"message": f"(#100) {words}", "type": "OAuthException", "code": 100}
    return {"message": words, "type": "IGApiException", "code": 100}
