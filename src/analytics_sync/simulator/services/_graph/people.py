"""Persons (and system users) as nodes: who they are, their Pages, what they granted."""

from collections.abc import Iterable
from typing import Any

from analytics_sync.simulator.services._graph.call import Options
from analytics_sync.simulator.services._graph.errors import Answer
from analytics_sync.simulator.services._graph.fields import Asked
from analytics_sync.simulator.services._graph.nodes import Node
from analytics_sync.simulator.services._graph.pages import PageRole
from analytics_sync.simulator.services._graph.paging import limit_of, listing
from analytics_sync.simulator.services._graph.usage import Budget


class Person(Node):
    """The owner of a user's or system user's token."""

    type_name = "User"
    label = "person"
    known = frozenset(
        "id name first_name last_name middle_name short_name email link locale picture".split()
    )
    edges = frozenset({"accounts", "permissions"})
    usual = ("name", "id")

    def permit(self, names: Iterable[str]) -> None:
        """One's own name is always shown."""

    def budget(self) -> Budget:
        return Budget("user", self.id, code=17)

    def plain(self, asked: Asked, *, listed: bool) -> Any:
        if asked.name == "name":
            return self.call.token.facts.get("name", "Sim Person")
        return None

    def edge(self, name: str, options: Options) -> Answer | None:
        if name == "permissions":
            granted = sorted(self.call.token.scopes)
            return {"data": [{"permission": scope, "status": "granted"} for scope in granted]}
        return self._accounts(options)

    def _accounts(self, options: Options) -> Answer:
        """Without `pages_show_list` there are none, and nobody says why."""
        PageRole.check(options.fields)
        may_list = "pages_show_list" in self.call.token.scopes
        return listing(
            self.call,
            options,
            self.call.access.pages() if may_list else [],
            lambda page: page.id,
            lambda page: PageRole(self.call, page).show(options.fields, listed=True),
            limit=limit_of(options, refuse_more=False),
        )
