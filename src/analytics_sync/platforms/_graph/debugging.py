"""What `debug_token` says of tokens (Meta docs: Access Token Debugging; Data Access)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from analytics_sync.domain.metrics import as_count
from analytics_sync.errors import AnalyticsSyncError
from analytics_sync.logs import redact
from analytics_sync.platforms._graph.batch import ask_batch
from analytics_sync.platforms._graph.errors import GraphError
from analytics_sync.platforms._graph.login import graph_of
from analytics_sync.platforms._graph.requests import relative_url
from analytics_sync.platforms._graph.rules import GraphRules, why_dead
from analytics_sync.platforms._login import Talk
from analytics_sync.platforms._oauth import scopes_of


class Debugged(NamedTuple):
    """One token, as its platform sees it.

    `kind`: "USER", "PAGE", "SYSTEM_USER". `covers`: the ids of the accounts that a scope is
    limited to; a scope that is not in it covers all. `expires_at` None: no end. `data_until`: to
    when the person agreed to have data read.
    """

    alive: bool
    reason: str
    app: str | None
    kind: str
    subject_id: str | None
    page_id: str | None
    scopes: tuple[str, ...]
    covers: Mapping[str, frozenset[str]]
    expires_at: datetime | None
    data_until: datetime | None

    def lacks(self, scope: str, *ids: str) -> bool:
        """Whether a scope was not granted, or not for any of these ids."""
        if scope not in self.scopes:
            return True
        covered = self.covers.get(scope)
        return bool(ids) and covered is not None and covered.isdisjoint(ids)


async def debug(
    talk: Talk, rules: GraphRules, tokens: Sequence[str], label: str
) -> list[Debugged | AnalyticsSyncError]:
    """Each token's facts, or why they are not told.

    Asked in a batch, whose items stand in the body, so that no address holds a token. It is asked
    with the app's own token, or with the first of the tokens where the app's secret is not known.
    """
    app, asker = talk.app, tokens[0]
    if app.client_secret:
        redact(app.client_secret)
        asker = f"{app.client_id}|{app.client_secret}"
    graph = graph_of(talk, asker, rules, secret=app.client_secret)
    urls = [relative_url("debug_token", {"input_token": token}) for token in tokens]
    answers = await ask_batch(graph, urls, label)
    return [
        answer if isinstance(answer, AnalyticsSyncError) else _debugged(answer, rules.title)
        for answer in answers
    ]


def _debugged(answer: Mapping[str, Any], title: str) -> Debugged:
    data = answer.get("data")
    told: Mapping[str, Any] = data if isinstance(data, dict) else {}
    alive = told.get("is_valid") is True
    return Debugged(
        alive=alive,
        reason="" if alive else _why_not(told.get("error"), title),
        app=_text(told.get("application")) or _text(told.get("app_id")),
        kind=_text(told.get("type")) or "",
        subject_id=_text(told.get("user_id")),
        page_id=_text(told.get("profile_id")),
        scopes=scopes_of(told.get("scopes")),
        covers=_covers(told.get("granular_scopes")),
        expires_at=_moment(told.get("expires_at")),
        data_until=_moment(told.get("data_access_expires_at")),
    )


def _why_not(error: Any, title: str) -> str:
    if not isinstance(error, dict):
        return f"{title} says that the token is not valid."
    subcode = error.get("subcode", error.get("error_subcode"))
    dead = GraphError.of({**error, "error_subcode": subcode}, 200, ())
    words, hint = why_dead(dead)
    return f"{title}: {words}: {dead.told}. {hint}"


def _covers(told: Any) -> dict[str, frozenset[str]]:
    covers = {}
    for entry in told if isinstance(told, list) else ():
        scope = _text(entry.get("scope")) if isinstance(entry, dict) else None
        ids = entry.get("target_ids") if scope else None
        if scope and isinstance(ids, list) and ids:
            covers[scope] = frozenset(map(str, ids))
    return covers


def _moment(value: Any) -> datetime | None:
    """Unix seconds; 0 means that there is no end."""
    seconds = as_count(value)
    if not seconds or seconds < 0:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _text(value: Any) -> str | None:
    """A name or an id, which may come as a number."""
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None
