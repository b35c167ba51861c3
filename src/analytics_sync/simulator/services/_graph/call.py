"""One call under way: who asks whom for what, and how its parameters are read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from urllib.parse import urlencode

from analytics_sync.simulator.faults import Fault
from analytics_sync.simulator.services._graph.access import Access
from analytics_sync.simulator.services._graph.errors import bad_parameter
from analytics_sync.simulator.services._graph.fields import Asked, parse_fields
from analytics_sync.simulator.services._graph.host import Host, names_in
from analytics_sync.simulator.services._graph.request import GraphRequest
from analytics_sync.simulator.services._graph.time import read_moment
from analytics_sync.simulator.services._graph.usage import Budget
from analytics_sync.simulator.world import Token, World

Fields = tuple[Asked, ...]


@dataclass
class Call:
    """A request with its living token.

    `label` is what the log will call it, `charged` how many calls it counted, `budget` on what.
    """

    host: Host
    request: GraphRequest
    token: Token
    label: str = "node"
    charged: int = 0
    budget: Budget | None = None

    @property
    def world(self) -> World:
        return self.host.world

    @property
    def now(self) -> datetime:
        return self.host.now

    @cached_property
    def access(self) -> Access:
        return Access(self.world, self.token)

    def fault(self, kind: str) -> Fault | None:
        return self.world.faults.asks(self.host.name, self.request.target, kind)

    def retired(self, product: str) -> frozenset[str]:
        """Metrics of Pages ("facebook") or Instagram that are no longer known.

        By the switch `<product>.retired_metrics`, or the fault "retired_metric" whose facts name
        one `metric`.
        """
        names = names_in(self.world.switches.get(f"{product}.retired_metrics"))
        fault = self.fault("retired_metric")
        return names | {str(fault.facts["metric"])} if fault else names

    def link(self, path: str, params: Mapping[str, str]) -> str:
        """A full address, with the token in it, as Meta writes links."""
        query = urlencode({"access_token": self.token.value, **params})
        return f"{self.request.origin}/{self.request.version}/{path}?{query}"


@dataclass(frozen=True, slots=True)
class Options:
    """How an edge or node is asked: by the request's parameters, or by a field's modifiers."""

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    fields: Fields | None = None
    nested: bool = False

    def names(self, name: str) -> tuple[str, ...]:
        """A list parameter: `a,b` or `["a","b"]`."""
        text = self.params.get(name, "").strip()
        if not text.startswith("["):
            return tuple(part for part in map(str.strip, text.split(",")) if part)
        try:
            return tuple(map(str, json.loads(text)))
        except ValueError as error:
            raise bad_parameter(f"param {name} must be an array.") from error

    def count(self, name: str, default: int) -> int:
        text = self.params.get(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise bad_parameter(f"Param {name} must be a non-negative integer")
        return int(text)

    def moment(self, name: str) -> datetime | None:
        text = self.params.get(name)
        return read_moment(name, text) if text else None

    def flag(self, name: str) -> bool:
        return self.params.get(name, "").lower() in {"1", "true"}


def options_of(request: GraphRequest) -> Options:
    """The request's own parameters as options of the node or edge in its path."""
    text = request.params.get("fields", "").strip()
    return Options(
        path="/".join(request.segments),
        params=request.params,
        fields=parse_fields(text) if text else None,
    )


def options_below(path: str, asked: Asked) -> Options:
    """A field's modifiers and nested fields as options of the edge that it names."""
    return Options(
        path=f"{path}/{asked.name}", params=asked.modifiers, fields=asked.fields, nested=True
    )
