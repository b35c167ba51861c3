"""What a person's log-in reaches: Pages, those of Businesses, and Instagram accounts behind them.

Sources: Meta docs, User Accounts; Business Owned Pages and Client Pages; Page.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from analytics_sync.domain.credentials import Reachable
from analytics_sync.errors import AnswerNotUnderstood, Refused, WrongUsage
from analytics_sync.logs import redact
from analytics_sync.platforms._facebook.scopes import (
    ANALYZE,
    BUSINESS_SCOPES,
    LIST_BUSINESSES,
    LIST_INSTAGRAM,
    LIST_PAGES,
    NO_ANALYZE,
    lacks_of,
    needed_for,
)
from analytics_sync.platforms._graph.debugging import Debugged
from analytics_sync.platforms._graph.errors import field_missing, is_not_allowed
from analytics_sync.platforms._graph.questions import Question, ask_all
from analytics_sync.platforms._graph.requests import Graph
from analytics_sync.platforms._instagram.login import FACEBOOK_LOGIN

LABEL: Final = "Facebook: accounts of the log-in"
_PAGE_FIELDS: Final = {"fields": "id,name,access_token"}
_ROLE_FIELDS: Final = {"fields": "id,name,access_token,tasks"}
_CONNECTED: Final = "instagram_business_account"


@dataclass(frozen=True, slots=True)
class Page:
    """A Page with a token of its own. `tasks` None: not told. `business`: through which."""

    id: str
    name: str | None
    token: str = field(repr=False)
    tasks: frozenset[str] | None = None
    business: str | None = None

    @property
    def lacks_analyze(self) -> bool:
        return self.tasks is not None and ANALYZE not in self.tasks


class Reaching:
    """One look at all that a person's token reaches.

    `tokens`: of single accounts, by platform_account_id. `notes`: what can't be reached, and why.
    """

    def __init__(self, graph: Graph, granted: Debugged) -> None:
        self._graph = graph
        self._granted = granted
        self._pages: dict[str, Page] = {}
        self.subject_id = ""
        self.subject = ""
        self.tokens: dict[str, str] = {}
        self.notes: list[str] = []

    async def look(self) -> list[Reachable]:
        """Pages and Instagram accounts, in the platform's order, each once.

        :raises WrongUsage: the token is not a person's.
        """
        businesses = await self._look_at_person()
        await self._look_into(businesses)
        found = [self._reachable_page(page) for page in self._pages.values()]
        found += await self._behind_pages()
        if not self._pages:
            self.notes.append(self._why_no_page())
        return found

    async def _look_at_person(self) -> list[dict[str, Any]]:
        """Who it is, and the Pages that are listed; gives the Businesses."""
        me = Question("me", {"fields": "id,name"}, listing=False)
        accounts = Question("me/accounts", _ROLE_FIELDS)
        businesses = Question("me/businesses", {"fields": "id,name"})
        await ask_all(self._graph, [me, accounts, businesses], LABEL)
        for question in (me, accounts):
            if question.failure is not None:
                raise _not_a_person(question.failure) or question.failure
        self.subject_id = _text(me.body.get("id"))
        if not self.subject_id:
            raise AnswerNotUnderstood(f"{LABEL}: the answer to `me` has no id.")
        self.subject = _text(me.body.get("name")) or self.subject_id
        self._keep(accounts.rows)
        self._note_failure(businesses, "Pages reached only through a Business", LIST_BUSINESSES)
        return [row for row in businesses.rows if _text(row.get("id"))]

    async def _look_into(self, businesses: Iterable[Mapping[str, Any]]) -> None:
        """Pages that a Business owns or manages: they may be missing among the person's own."""
        asked = [
            (_named(business), Question(f"{business['id']}/{edge}", _PAGE_FIELDS))
            for business in businesses
            for edge in ("owned_pages", "client_pages")
        ]
        await ask_all(self._graph, [question for _, question in asked], LABEL)
        for business, question in asked:
            self._note_failure(question, f"Pages of the Business {business}", LIST_BUSINESSES)
            self._keep(question.rows, business)

    def _keep(self, rows: Iterable[Mapping[str, Any]], business: str | None = None) -> None:
        for row in rows:
            page_id, token = _text(row.get("id")), _text(row.get("access_token"))
            if not page_id or page_id in self._pages:
                continue
            if not token:
                self._note_tokenless(row, business)
                continue
            redact(token)
            tasks = row.get("tasks")
            told = frozenset(map(str, tasks)) if isinstance(tasks, list) else None
            name = _text(row.get("name")) or None
            self._pages[page_id] = Page(page_id, name, token, told, business)
            self.tokens[page_id] = token

    def _note_tokenless(self, row: Mapping[str, Any], business: str | None) -> None:
        through = f" of the Business {business}" if business else ""
        self.notes.append(
            f"The Page {_named(row)}{through} can't be reached: Facebook gives no token for it. "
            "Give the person a role on it (Business settings, Accounts, Pages: assign people), and "
            "tick it in the log-in."
        )

    def _note_failure(self, question: Question, what: str, scope: Any) -> None:
        failure = question.failure
        if failure is None:
            return
        if isinstance(failure, Refused) and is_not_allowed(failure):
            why = f"the permission {scope.name} is missing"
            self.notes.append(f"{what} are not listed: {why}.")
        else:
            self.notes.append(f"{what} could not be listed: {failure.message}")

    def _reachable_page(self, page: Page) -> Reachable:
        lacks = lacks_of(needed_for("facebook"), self._granted, page.id)
        if page.lacks_analyze:
            lacks = (*lacks, NO_ANALYZE)
        return Reachable("facebook", page.id, None, page.name, lacks)

    async def _behind_pages(self) -> list[Reachable]:
        """The Instagram account of each Page; its token is the Page's."""
        if self._granted.lacks(LIST_INSTAGRAM.name):
            self.notes.append(
                "Instagram accounts behind Pages are not listed: "
                f"the permission {LIST_INSTAGRAM.name} is missing."
            )
            return []
        fields = {"fields": f"id,{_CONNECTED}{{id,username}}"}
        asked = [(page, Question(page.id, fields, listing=False)) for page in self._pages.values()]
        await ask_all(self._graph, [question for _, question in asked], LABEL)
        found = []
        for page, question in asked:
            self._note_failure(
                question, f"Instagram accounts behind the Page {page.name}", LIST_INSTAGRAM
            )
            node = question.body.get(_CONNECTED)
            if isinstance(node, dict) and (account_id := _text(node.get("id"))):
                self.tokens[account_id] = page.token
                found.append(self._reachable_instagram(page, account_id, node))
        self._note_hidden()
        return found

    def _note_hidden(self) -> None:
        """Facebook leaves such accounts out without a word."""
        missing = [scope.name for scope in BUSINESS_SCOPES if self._granted.lacks(scope.name)]
        if missing and any(page.business is not None for page in self._pages.values()):
            self.notes.append(
                "Instagram accounts whose Page is reached through a Business may be missing: not "
                f"granted: {', '.join(missing)}."
            )

    def _reachable_instagram(
        self, page: Page, account_id: str, node: Mapping[str, Any]
    ) -> Reachable:
        lacks = lacks_of(needed_for("instagram"), self._granted, account_id, page.id)
        if page.business is not None:
            lacks += lacks_of(BUSINESS_SCOPES, self._granted)
        if page.lacks_analyze:
            lacks = (*lacks, NO_ANALYZE)
        name = _text(node.get("username")) or None
        return Reachable("instagram", account_id, FACEBOOK_LOGIN, name, lacks)

    def _why_no_page(self) -> str:
        if self._granted.lacks(LIST_PAGES.name):
            return f"No Page was found: the permission {LIST_PAGES.name} is missing."
        return (
            f"No Page was found: {self.subject} has a role on none, or ticked none in the log-in. "
            "Log in again and choose the Pages (Edit access)."
        )


def _not_a_person(failure: Exception) -> WrongUsage | None:
    """A Page's own token has no list of Pages."""
    if not isinstance(failure, Refused) or field_missing(failure) is None:
        return None
    return WrongUsage(
        "This token belongs to a Page, not to a person: it reaches that Page alone.",
        hint="Add the Page with it: `analytics-sync account add BUSINESS facebook --token-file F`.",
    )


def _named(node: Mapping[str, Any]) -> str:
    name, identity = _text(node.get("name")), _text(node.get("id"))
    return f"{name} ({identity})" if name else identity


def _text(value: Any) -> str:
    """A text or an id, however it was written; "" for anything else."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""
