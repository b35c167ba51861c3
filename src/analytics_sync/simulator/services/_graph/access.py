"""What a token reaches: its Pages with the person's tasks there, and Instagram accounts."""

from collections.abc import Iterable, Mapping

from analytics_sync.simulator.services._graph.errors import (
    action_not_permitted,
    extended_permission_missing,
    permission_missing,
)
from analytics_sync.simulator.services._graph.host import names_in
from analytics_sync.simulator.services._graph.society import Reached
from analytics_sync.simulator.world import SimulatedAccount, Token, World

ALL_TASKS = ("ADVERTISE", "ANALYZE", "CREATE_CONTENT", "MANAGE", "MESSAGING", "MODERATE")
BUSINESS_SCOPES = frozenset({"ads_management", "ads_read"})


class Access:
    """Read from the token's `facts`.

    A user's or system user's token names its Pages in `pages`: page id -> tasks, or only ids. A
    Page's token may name its `tasks`. `business_role`: the role came through Business Manager.
    """

    def __init__(self, world: World, token: Token) -> None:
        self.world = world
        self.token = token

    def roles(self) -> Mapping[str, tuple[str, ...]]:
        """Page id -> the tasks that the person may do there."""
        facts = self.token.facts
        match self.token.kind:
            case "page":
                return {self.token.subject: _tasks(facts.get("tasks"))}
            case "user" | "system":
                pages = facts.get("pages")
                if isinstance(pages, Mapping):
                    return {str(page): _tasks(tasks) for page, tasks in pages.items()}
                return dict.fromkeys(_ordered(pages), ALL_TASKS)
            case _:
                return {}

    def pages(self) -> list[SimulatedAccount]:
        found = (self.world.account("facebook", identity) for identity in self.roles())
        return [page for page in found if page is not None]

    def instagram(self) -> list[SimulatedAccount]:
        """The Instagram account of the token itself, or those behind its Pages."""
        identities = (
            [self.token.subject]
            if self.token.kind == "ig"
            else [str(page.facts.get("instagram_id", "")) for page in self.pages()]
        )
        found = (self.world.account("instagram", identity) for identity in identities)
        return [account for account in found if account is not None]

    def need(self, scope: str) -> None:
        """:raises GraphError: code 10, as Pages say it."""
        if scope not in self.token.scopes:
            raise permission_missing(scope)

    def need_page_insights(self, page_id: str) -> None:
        """:raises GraphError: code 200 without the scope, 10 without the task `ANALYZE`."""
        if "read_insights" not in self.token.scopes:
            raise extended_permission_missing("read_insights")
        self.need("pages_read_engagement")
        if "ANALYZE" not in self.roles().get(page_id, ()):
            raise action_not_permitted()

    def need_video_insights(self, page_id: str) -> None:
        """Either of two permissions will do, beside `read_insights`."""
        if "pages_manage_engagement" in self.token.scopes:
            if "read_insights" not in self.token.scopes:
                raise extended_permission_missing("read_insights")
            return
        self.need_page_insights(page_id)

    def need_instagram(self, *, insights: bool = False) -> None:
        """:raises GraphError: code 10, as Instagram says it."""
        for scope in self._instagram_scopes(insights=insights):
            if scope not in self.token.scopes:
                raise action_not_permitted()
        if self.token.facts.get("business_role") and not self.token.scopes >= BUSINESS_SCOPES:
            raise action_not_permitted()

    def sees_instagram(self, page_id: str) -> bool:
        """Whether the account behind a Page is shown; through a Business it takes more scopes."""
        pages = self.token.facts.get("pages")
        shared = isinstance(pages, Reached) and not pages.directly(page_id)
        return not shared or self.token.scopes >= BUSINESS_SCOPES

    def _instagram_scopes(self, *, insights: bool) -> tuple[str, ...]:
        prefix = "instagram_business_" if self.token.kind == "ig" else "instagram_"
        return (f"{prefix}basic", f"{prefix}manage_insights")[: 2 if insights else 1]


def _tasks(value: object) -> tuple[str, ...]:
    return ALL_TASKS if value is None else tuple(sorted(names_in(value)))


def _ordered(value: object) -> list[str]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        return sorted(names_in(value))
    return [str(name) for name in value]
