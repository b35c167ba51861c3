"""What every node of the graph can do: name its fields, show those asked for, open its edges."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, ClassVar

from analytics_sync.simulator.services._graph.call import Call, Fields, Options, options_below
from analytics_sync.simulator.services._graph.errors import Answer, nonexisting_field
from analytics_sync.simulator.services._graph.fields import Asked
from analytics_sync.simulator.services._graph.usage import Budget


class Node(ABC):
    """An object of the graph as one call sees it.

    `known`: fields that exist on this type, whether this world fills them or not; an empty one is
    left out of answers. `usual`: shown when no fields are asked for.
    """

    type_name: ClassVar[str]
    label: ClassVar[str]
    known: ClassVar[frozenset[str]]
    edges: ClassVar[frozenset[str]] = frozenset()
    usual: ClassVar[tuple[str, ...]] = ("id",)

    def __init__(self, call: Call, identity: str) -> None:
        self.call = call
        self.id = identity

    @classmethod
    def check(cls, fields: Fields | None) -> None:
        """:raises GraphError: code 100, a field that this type of node does not have."""
        for asked in fields or ():
            if asked.name not in cls.known and asked.name not in cls.edges:
                raise nonexisting_field(asked.name, cls.type_name)

    def show(self, fields: Fields | None, *, listed: bool = False) -> Answer:
        """The fields asked for, and always the id. `listed`: read through an edge."""
        wanted = fields or tuple(Asked(name) for name in self.usual)
        self.check(wanted)
        self.permit(asked.name for asked in wanted)
        shown: Answer = {}
        for asked in wanted:
            value = self._value(asked, listed=listed)
            if value is not None:
                shown[asked.key] = value
        shown.setdefault("id", self.id)
        return shown

    def _value(self, asked: Asked, *, listed: bool) -> Any:
        if asked.name in self.edges:
            return self.edge(asked.name, options_below(self.id, asked))
        return self.id if asked.name == "id" else self.plain(asked, listed=listed)

    def open(self, edge: str, options: Options) -> Answer:
        """An edge asked for by its path.

        :raises GraphError: code 100, a node of this type has no such edge.
        """
        if edge not in self.edges:
            raise nonexisting_field(edge, self.type_name)
        named = replace(options, path=f"{self.id}/{edge}")
        return self.edge(edge, named) or {"data": []}

    @abstractmethod
    def permit(self, names: Iterable[str]) -> None:
        """:raises GraphError: the token lacks a permission for one of these fields."""

    @abstractmethod
    def plain(self, asked: Asked, *, listed: bool) -> Any:
        """The value of one field; None leaves it out."""

    def edge(self, name: str, options: Options) -> Answer | None:
        """One of `edges`; None leaves it out of an expansion."""
        raise nonexisting_field(name, self.type_name)

    @abstractmethod
    def budget(self) -> Budget:
        """Whose call budget a call for this node draws on."""
