"""What Facebook says of a log-in's tokens, and of the person's role on a Page."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from analytics_sync.domain.credentials import Inspection, Token
from analytics_sync.domain.records import Account
from analytics_sync.errors import (
    AnalyticsSyncError,
    ConfigurationInvalid,
    CredentialRefused,
    Refused,
)
from analytics_sync.platforms._facebook.scopes import ANALYZE, needed_for
from analytics_sync.platforms._graph.debugging import Debugged, debug
from analytics_sync.platforms._graph.login import graph_of, when
from analytics_sync.platforms._graph.questions import Question, ask_all
from analytics_sync.platforms._graph.requests import Graph
from analytics_sync.platforms._graph.rules import GraphRules
from analytics_sync.platforms._login import Talk

LABEL: Final = "Facebook: inspection of the token"


async def inspect(
    talk: Talk, rules: GraphRules, token: Token, account: Account | None
) -> Inspection:
    """The token that serves the account, else the person's own.

    :raises ConfigurationInvalid: the app's own token is refused: its id and secret do not match.
    """
    own = token.account_tokens.get(account.platform_account_id) if account else None
    tokens = list(dict.fromkeys(filter(None, (token.access_token, own))))
    told = await debug(talk, rules, tokens, LABEL)
    graph = graph_of(talk, tokens[0], rules, secret=talk.app.client_secret)
    person, serving = told[0], told[-1]
    if isinstance(serving, AnalyticsSyncError):
        serving_graph = graph_of(talk, tokens[-1], rules, secret=talk.app.client_secret)
        return await _without_debugging(serving_graph, token, serving)
    if not isinstance(person, Debugged):
        person = serving
    if not serving.alive:
        return Inspection(
            False,
            serving.reason,
            app=serving.app,
            subject_id=serving.subject_id,
            scopes=serving.scopes or token.scopes,
        )
    look = _Look(account, person, serving, talk.clock.now())
    if person.alive:
        await look.at_person(graph)
    return look.inspection()


class _Look:
    """A living token of an account (or of a consent alone), put into words."""

    def __init__(
        self, account: Account | None, person: Debugged, serving: Debugged, now: datetime
    ) -> None:
        self._account = account
        self._person = person
        self._serving = serving
        self._now = now
        self._name: str | None = None
        self._tasks: tuple[str, ...] | None = None
        self._notes: list[str] = []

    async def at_person(self, graph: Graph) -> None:
        """Their name, and their role on the account's Page."""
        me = Question("me", {"fields": "id,name"}, listing=False)
        questions = [me]
        if self._account is not None and self._person.kind != "PAGE":
            questions.append(Question("me/accounts", {"fields": "id,tasks"}))
        await ask_all(graph, questions, LABEL)
        name = me.body.get("name")
        self._name = name if isinstance(name, str) else None
        if len(questions) > 1:
            self._find_role(questions[1])

    def _find_role(self, accounts: Question) -> None:
        page_id = self._page_id
        row = next((row for row in accounts.rows if str(row.get("id")) == page_id), None)
        tasks = row.get("tasks") if row is not None else None
        if isinstance(tasks, list):
            self._tasks = tuple(sorted(map(str, tasks)))
        elif page_id and accounts.failure is None:
            self._notes.append(
                "The Page is not among those that Facebook lists for the person: the role on it "
                "comes through a Business, or was taken away."
            )

    @property
    def _page_id(self) -> str:
        """The Page that is asked about; an Instagram account's is told by its token."""
        if self._account is not None and self._account.platform == "facebook":
            return self._account.platform_account_id
        return self._serving.page_id or ""

    def inspection(self) -> Inspection:
        serving = self._serving
        return Inspection(
            True,
            app=serving.app,
            subject_id=serving.subject_id,
            subject=self._name,
            scopes=serving.scopes,
            missing=self._missing(),
            role=", ".join(self._tasks) if self._tasks else None,
            expires_at=serving.expires_at,
            renew_until=serving.data_until,
            notes=(*self._notes, *self._role_notes(), *self._end_notes()),
        )

    def _missing(self) -> tuple[str, ...]:
        account = self._account
        ids = {self._page_id, account.platform_account_id} - {""} if account else set()
        needed = needed_for(account.platform if account else None)
        return tuple(scope.name for scope in needed if self._serving.lacks(scope.name, *ids))

    def _role_notes(self) -> Sequence[str]:
        if self._tasks is None or ANALYZE in self._tasks:
            return ()
        return (f"The role on the Page lacks the task {ANALYZE}: insights are not shown.",)

    def _end_notes(self) -> Sequence[str]:
        notes = []
        person, serving = self._person, self._serving
        if person is not serving and not person.alive:
            notes.append(f"The person's own token is dead, this account's goes on. {person.reason}")
        elif person is not serving and person.expires_at is not None:
            ends = when(person.expires_at)
            notes.append(f"The person's own token ends on {ends}, this account's goes on.")
        if serving.kind == "SYSTEM_USER" and serving.expires_at is None:
            notes.append("A system user's token: it has no end.")
        if serving.data_until is not None and serving.data_until <= self._now:
            notes.append(
                f"The person's consent to have data read ended on {when(serving.data_until)}: let "
                "them log in again (`analytics-sync account connect`)."
            )
        return notes


async def _without_debugging(graph: Graph, token: Token, problem: AnalyticsSyncError) -> Inspection:
    """What the token itself shows, where `debug_token` refuses: dead, or of another app."""
    if not isinstance(problem, CredentialRefused | Refused):
        raise problem
    me = Question("me", {"fields": "id,name"}, listing=False)
    try:
        await ask_all(graph, [me], LABEL)
    except CredentialRefused as dead:
        return Inspection(False, f"{dead.message}. {dead.hint}", scopes=token.scopes)
    if isinstance(problem, CredentialRefused):
        raise ConfigurationInvalid(
            [f"Facebook does not take the app's id with its secret: {problem.message}"],
            hint="Check client_id and client_secret against the app's page (Settings, Basic).",
        )
    return Inspection(
        True,
        subject_id=str(me.body["id"]) if "id" in me.body else None,
        subject=me.body["name"] if isinstance(me.body.get("name"), str) else None,
        scopes=token.scopes,
        expires_at=token.expires_at,
        notes=(f"Facebook tells nothing more to this app: {problem.message}",),
    )
