"""One of Meta's hosts over HTTP: reads requests, runs them, and writes answers and headers."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from analytics_sync.simulator.recorder import note
from analytics_sync.simulator.services._graph.call import Call, options_of
from analytics_sync.simulator.services._graph.dialog import Dialog
from analytics_sync.simulator.services._graph.errors import (
    Answer,
    GraphError,
    no_such_object,
    removed_parameter,
    unknown_path,
    unsupported,
)
from analytics_sync.simulator.services._graph.faults import (
    localise,
    node_faults,
    token_faults,
    whole_faults,
)
from analytics_sync.simulator.services._graph.finder import (
    find_on_facebook,
    find_on_instagram,
    usual_budget,
)
from analytics_sync.simulator.services._graph.host import Host
from analytics_sync.simulator.services._graph.nodes import Node
from analytics_sync.simulator.services._graph.people import Person
from analytics_sync.simulator.services._graph.request import GraphRequest, read_request
from analytics_sync.simulator.services._graph.tokens import authenticate
from analytics_sync.simulator.services._graph.usage import Usage

OLDEST = "v21.0"
TokenEndpoint = Callable[[Host, GraphRequest], Answer]
EDGE_LABELS = {
    "published_posts": "published posts",
    "posts": "published posts",
    "video_reels": "reels",
    "video_insights": "video insights",
}
INSIGHTS_LABELS = {"page": "page insights", "profile": "profile insights"}


@dataclass
class Outcome:
    """One answer, of a whole request or of an item of a batch."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    label: str = "refused"
    charged: int = 0


class GraphApp:
    """Switches: `<host>.content_type` (JSON), `<host>.throttle_headers` (True: usage headers on
    refusals too), `instagram.error_style` ("old" or "new"; by default new on Instagram's host).
    """

    def __init__(
        self,
        host: Host,
        endpoints: Mapping[tuple[str, ...], TokenEndpoint],
        path: tuple[str, ...],
        dialog: Dialog,
        batch: "Callable[[GraphApp, GraphRequest], Outcome]",
    ) -> None:
        self.host = host
        self.usage = Usage(host)
        self.endpoints = endpoints
        self.dialog_path = path
        self.dialog = dialog
        self.batch = batch
        self.find = find_on_facebook if host.name == "facebook" else find_on_instagram
        methods = ["GET", "POST", "DELETE"]
        self.asgi = Starlette(routes=[Route("/{path:path}", self.answer, methods=methods)])

    async def answer(self, request: Request) -> Response:
        """Answer one HTTP request and name it in the log."""
        version = self.host.text("default_version", OLDEST)
        try:
            asked = await read_request(request, self.host.now, version)
        except GraphError as error:
            outcome = self.refused(error, None)
        else:
            version = asked.version
            if asked.segments == self.dialog_path:
                return await self.dialog.answer(request)
            is_batch = not asked.segments and asked.method == "POST" and "batch" in asked.params
            outcome = self.batch(self, asked) if is_batch else self.perform(asked)
        note(request.scope, outcome.label, outcome.charged)
        kind = self.host.text("content_type", "application/json; charset=UTF-8")
        headers = {"facebook-api-version": version, "x-fb-trace-id": self.host.trace()}
        body = json.dumps(outcome.body, separators=(",", ":")).encode()
        return Response(body, outcome.status, {**headers, **outcome.headers}, media_type=kind)

    def perform(self, asked: GraphRequest) -> Outcome:
        """One request that is no batch."""
        endpoint = self.endpoints.get(asked.segments)
        call: Call | None = None
        try:
            if endpoint is not None:
                return Outcome(200, endpoint(self.host, asked), label="token")
            call = Call(self.host, asked, authenticate(self.host, asked))
            body = self._run(call)
        except GraphError as error:
            label = "token" if endpoint is not None else "refused"
            return self.refused(error, call, label)
        return Outcome(200, body, self._usage_headers(call), call.label, call.charged)

    def _run(self, call: Call) -> Answer:
        """Find the node, charge the call, and let the node answer."""
        token_faults(call)
        if "date_format" in call.request.params:
            raise removed_parameter("date_format")
        if call.request.method == "DELETE" and call.request.segments[1:2] == ("permissions",):
            return self._remove_permissions(call)
        node, edge = self._resolve(call)
        self._charge(call, node)
        whole_faults(call)
        if call.budget is not None:
            node_faults(call, self.usage, call.budget)
        options = options_of(call.request)
        if edge is None:
            return node.show(options.fields)
        return node.open(edge, options)

    def _remove_permissions(self, call: Call) -> Answer:
        """`DELETE {person}/permissions[/{permission}]`: the person, or the app, ends a consent."""
        identity, _, *rest = call.request.segments
        call.label = "permissions"
        self._charge(call, None)
        if call.token.kind == "app" and identity in self.host.society.residents and not rest:
            self.host.society.withdraw(identity, call.token.subject)
            return {"success": True}
        node = self.find(call, identity)
        if not isinstance(node, Person) or len(rest) > 1:
            raise no_such_object(identity, "delete", instagram=self.host.name == "instagram")
        return node.remove(rest[0] if rest else None)

    def _resolve(self, call: Call) -> tuple[Node, str | None]:
        asked = call.request
        try:
            if not asked.segments:
                raise self._no_node(asked)
            identity, *rest = asked.segments
            call.label = EDGE_LABELS.get(rest[0], rest[0].replace("_", " ")) if rest else "node"
            if len(rest) > 1:
                raise unknown_path(rest[1:])
            node = self.find(call, identity)
            if asked.method != "GET":
                instagram = self.host.name == "instagram"
                raise no_such_object(identity, asked.method.lower(), instagram=instagram)
        except GraphError:
            self._charge(call, None)
            raise
        if not rest:
            call.label = node.label
        elif rest[0] == "insights":
            call.label = INSIGHTS_LABELS.get(node.label, "insights")
        return node, rest[0] if rest else None

    def _no_node(self, asked: GraphRequest) -> GraphError:
        """The root has nothing to read; reading many nodes by `ids` is gone for good."""
        if asked.method == "GET" and "ids" in asked.params:
            return removed_parameter("ids", status=500)
        return unsupported(asked.method.lower(), instagram=self.host.name == "instagram")

    def _charge(self, call: Call, node: Node | None) -> None:
        call.budget = node.budget() if node is not None else usual_budget(call)
        call.charged = 1
        self.usage.charge(call.budget)

    def _usage_headers(self, call: Call | None) -> dict[str, str]:
        if call is None or call.budget is None:
            return {}
        return self.usage.headers(call.budget)

    def refused(self, error: GraphError, call: Call | None, label: str = "refused") -> Outcome:
        """The answer that an error is."""
        style = self.host.world.switches.get("instagram.error_style")
        if style == "new" or (style is None and self.host.name == "instagram"):
            error.in_new_style()
        trace = self.host.trace()
        headers = {"WWW-Authenticate": error.challenge(), "x-fb-trace-id": trace}
        if call is not None:
            localise(call, error)
            if self.host.flag("throttle_headers", default=True):
                headers |= self._usage_headers(call)
            label = call.label
        return Outcome(
            error.status,
            error.envelope(trace),
            headers,
            label,
            call.charged if call else 0,
        )
