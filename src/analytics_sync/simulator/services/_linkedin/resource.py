"""What a LinkedIn resource is in the simulator, and how its methods read their parameters."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from analytics_sync.simulator.services._linkedin.restli import Value
from analytics_sync.simulator.services._linkedin.wire import (
    JSON,
    access_denied,
    field_invalid,
    parameter_not_allowed,
    wrong_urn_type,
)
from analytics_sync.simulator.world import Token

# Statistics refuse `activity` URNs as if the caller lacked a right (PipedreamHQ/pipedream 11838).
ACTIVITY = "activity"
POST_TYPES = frozenset({"share", "ugcPost"})
_URN = re.compile(r"urn:li:([A-Za-z]+):([A-Za-z0-9_-]+)", re.ASCII)
_NUMBERED = POST_TYPES | {ACTIVITY, "organization"}
_DIGITS = re.compile(r"\d{1,19}", re.ASCII)
_LARGEST_PAGE = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """One call that passed the gateway: its method's handler gets this."""

    resource: str
    method: str
    version: int
    token: Token
    query: Mapping[str, Value]
    key: str = ""
    largest_list: int | None = None

    @property
    def operation(self) -> str:
        """As refusals name it: `posts.FINDER-author.20260701`."""
        return f"{self.resource}.{self.method}.{self.version}01"

    def has(self, name: str) -> bool:
        return name in self.query

    def text(self, name: str, default: str | None = None) -> str:
        """:raises Refusal: 400, missing (without default) or not plain text."""
        value = self.query.get(name, default)
        if value is None:
            raise field_invalid(name, "Parameter is required")
        if not isinstance(value, str):
            raise field_invalid(name, "Invalid value for param; wrong type or other syntax error")
        return value

    def choice(self, name: str, choices: Collection[str], default: str | None = None) -> str:
        """:raises Refusal: 400, not one of `choices`."""
        value = self.text(name, default)
        if value not in choices:
            raise field_invalid(name, f"{value!r} is not an enum symbol of {sorted(choices)}")
        return value

    def number(self, name: str, default: int, *, least: int, most: int | None = None) -> int:
        """:raises Refusal: 400, not a whole number within the bounds."""
        value = self.text(name, str(default))
        if not _DIGITS.fullmatch(value):
            raise field_invalid(name, f"{value!r} is not a whole number")
        if int(value) < least or (most is not None and int(value) > most):
            raise field_invalid(name, f"{value} is out of range")
        return int(value)

    def page(self, most: int = _LARGEST_PAGE) -> tuple[int, int]:
        """`start` and `count`."""
        return self.number("start", 0, least=0), self.number("count", 10, least=1, most=most)

    def urn(self, name: str, types: Collection[str]) -> str:
        """:raises Refusal: missing, not a URN, or of another type."""
        return checked_urn(name, self.text(name), types)

    def urns(self, name: str, types: Collection[str]) -> list[str]:
        """The URNs of a list, each once, in order.

        :raises Refusal: not a list, empty, longer than `largest_list`, or with a wrong URN.
        """
        return [checked_urn(name, text, types) for text in self.texts(name)]

    def texts(self, name: str) -> list[str]:
        value = self.query[name]
        if not isinstance(value, list):
            raise field_invalid(name, "array type is not backed by a DataList")
        texts = [text for text in value if isinstance(text, str)]
        if len(texts) != len(value) or not texts:
            raise field_invalid(name, "array of text expected, with at least one item")
        if self.largest_list is not None and len(texts) > self.largest_list:
            raise field_invalid(name, f"array has more than {self.largest_list} items")
        return list(dict.fromkeys(texts))

    def record(self, name: str) -> Mapping[str, Value]:
        """:raises Refusal: 400, missing or not an object."""
        value = self.query.get(name)
        if not isinstance(value, dict):
            raise field_invalid(name, "record type is not backed by a DataMap")
        return value


def checked_urn(name: str, text: str, types: Collection[str]) -> str:
    """:raises Refusal: 400 for text that is no URN or of a wrong type, 403 for an activity."""
    found = _URN.fullmatch(text)
    if found is None or (found[1] in _NUMBERED and not _DIGITS.fullmatch(found[2])):
        raise field_invalid(name, f"{text!r} is not a URN")
    if found[1] in types:
        return text
    if found[1] == ACTIVITY:
        raise access_denied(text)
    raise wrong_urn_type(name, text)


@dataclass(frozen=True, slots=True)
class Method:
    """One method of a resource. `name`: GET, BATCH_GET or FINDER-<q>.

    `scopes`: any one of them lets the caller in; empty: none is needed.
    """

    name: str
    label: str
    handler: Callable[[Asked], JSON]
    parameters: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    since: int = 0


@dataclass(frozen=True, slots=True)
class Resource:
    """A path below `/rest`, by its last fixed segment. `since`: the version that brought it."""

    name: str
    methods: Sequence[Method]
    since: int = 0
    by_name: dict[str, Method] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.by_name.update({method.name: method for method in self.methods})

    def method_for(self, query: Mapping[str, Value], *, has_key: bool) -> Method:
        """The method that a request means, as Rest.li derives it from path and query.

        :raises Refusal: 400, the resource has no such method, or not with these parameters.
        """
        method = self.by_name.get(_method_name(query, has_key=has_key))
        if method is None:
            raise field_invalid("q", f"No such method or finder on resource {self.name}")
        selector = {"GET": "", "BATCH_GET": "ids"}.get(method.name, "q")
        for name in query:
            if name not in method.parameters and name != selector:
                raise parameter_not_allowed(name)
        return method

    def knows(self, parameter: str) -> bool:
        return parameter == "ids" or any(parameter in method.parameters for method in self.methods)


def _method_name(query: Mapping[str, Value], *, has_key: bool) -> str:
    if has_key:
        return "GET"
    if "ids" in query:
        return "BATCH_GET"
    return f"FINDER-{query.get('q', '')}"


def elements(found: Sequence[JSON], start: int = 0, count: int = 10) -> JSON:
    """A finder's answer. `links` stay empty and there is no total, as LinkedIn has it."""
    return {"paging": {"start": start, "count": count, "links": []}, "elements": list(found)}
