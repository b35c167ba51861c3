"""Persons (and system users) as nodes: who they are, their Pages, what they granted."""

from collections.abc import Iterable
from typing import Any

from analytics_sync.simulator.services._graph.call import Call, Options
from analytics_sync.simulator.services._graph.errors import (
    Answer,
    bad_parameter,
    business_permission_missing,
)
from analytics_sync.simulator.services._graph.fields import Asked
from analytics_sync.simulator.services._graph.nodes import Node
from analytics_sync.simulator.services._graph.pages import Page, PageRole
from analytics_sync.simulator.services._graph.paging import limit_of, listing
from analytics_sync.simulator.services._graph.society import Business, Reached
from analytics_sync.simulator.services._graph.usage import Budget


class Person(Node):
    """The owner of a user's or system user's token."""

    type_name = "User"
    label = "person"
    known = frozenset(
        "id name first_name last_name middle_name short_name email link locale picture".split()
    )
    edges = frozenset({"accounts", "permissions", "businesses"})
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
            return self._permissions()
        return self._businesses(options) if name == "businesses" else self._accounts(options)

    def _permissions(self) -> Answer:
        consent = self.call.host.society.consent_of(self.call.token)
        declined = frozenset() if consent is None else consent.declined
        rows = dict.fromkeys(self.call.token.scopes, "granted") | dict.fromkeys(
            declined, "declined"
        )
        return {"data": [{"permission": scope, "status": rows[scope]} for scope in sorted(rows)]}

    def remove(self, permission: str | None) -> Answer:
        """`DELETE permissions`: one of them, or with none named the whole app."""
        society, token = self.call.host.society, self.call.token
        consent = society.consent_of(token)
        if permission is None or consent is None:
            society.withdraw(self.id, self.call.host.application_of(token).client_id)
        elif not society.take_back(consent, permission):
            raise bad_parameter(f"Permission {permission} was not granted")
        return {"success": True}

    def _accounts(self, options: Options) -> Answer:
        """Pages with a role of one's own: those through a Business are missing.

        Without `pages_show_list` there are none, and nobody says why.
        """
        PageRole.check(options.fields)
        reached = self.call.token.facts.get("pages")
        pages = self.call.access.pages() if "pages_show_list" in self.call.token.scopes else []
        if isinstance(reached, Reached):
            pages = [page for page in pages if reached.directly(page.id)]
        return listing(
            self.call,
            options,
            pages,
            lambda page: page.id,
            lambda page: PageRole(self.call, page).show(options.fields, listed=True),
            limit=limit_of(options, refuse_more=False),
        )

    def _businesses(self, options: Options) -> Answer:
        BusinessNode.check(options.fields)
        need_business(self.call)
        consent = self.call.host.society.consent_of(self.call.token)
        return listing(
            self.call,
            options,
            [] if consent is None else consent.person.businesses,
            lambda business: business.id,
            lambda business: BusinessNode(self.call, business).show(options.fields, listed=True),
            limit=limit_of(options, refuse_more=False),
        )


class BusinessNode(Node):
    """A Business portfolio that the person belongs to."""

    type_name = "Business"
    label = "business"
    known = frozenset(
        "id name created_time link primary_page profile_picture_uri timezone_id updated_time "
        "verification_status vertical".split()
    )
    edges = frozenset({"owned_pages", "client_pages"})
    usual = ("name", "id")

    def __init__(self, call: Call, business: Business) -> None:
        super().__init__(call, business.id)
        self.business = business

    def permit(self, names: Iterable[str]) -> None:
        need_business(self.call)

    def budget(self) -> Budget:
        return Budget("user", self.call.token.subject, code=17)

    def plain(self, asked: Asked, *, listed: bool) -> Any:
        return self.business.name if asked.name == "name" else None

    def edge(self, name: str, options: Options) -> Answer | None:
        """Pages of the Business, as far as the person let the app have them."""
        Page.check(options.fields)
        need_business(self.call)
        wanted = self.business.owned if name == "owned_pages" else self.business.client
        pages = [page for page in self.call.access.pages() if page.id in wanted]
        return listing(
            self.call,
            options,
            pages,
            lambda page: page.id,
            lambda page: Page(self.call, page).show(options.fields, listed=True),
            limit=limit_of(options, refuse_more=False),
        )


def find_business(call: Call, identity: str) -> BusinessNode | None:
    """A Business of the token's person."""
    consent = call.host.society.consent_of(call.token)
    if consent is None or call.token.kind != "user":
        return None
    found = (one for one in consent.person.businesses if one.id == identity)
    return next((BusinessNode(call, one) for one in found), None)


def need_business(call: Call) -> None:
    if "business_management" not in call.token.scopes:
        raise business_permission_missing()
