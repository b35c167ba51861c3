"""The tokens of Pages that a person's token gives."""

from analytics_sync.simulator.services._graph.host import Host
from analytics_sync.simulator.world import SimulatedAccount, Token


def page_token(host: Host, token: Token, page: SimulatedAccount) -> Token:
    """The Page's token for this person; the same one each time.

    From a long-lived token (`facts["long_lived"]`) or a system user's it has no expiry date, else
    it ends with the token that it came from. Source: Meta, "Long-Lived Access Tokens".
    """
    if token.kind == "page":
        return token
    value = host.secret("EAAP", token.value, page.id)
    lasting = bool(token.facts.get("long_lived")) or token.kind == "system"
    return host.world.tokens.get(value) or host.world.add_token(
        Token(
            value,
            host.name,
            "page",
            page.id,
            token.scopes,
            None if lasting else token.expires_at,
            facts={
                "app_id": host.app_id,
                "user_id": token.subject,
                "issued_at": host.now,
                "tasks": _tasks_of(token, page),
            },
        )
    )


def _tasks_of(token: Token, page: SimulatedAccount) -> object:
    pages = token.facts.get("pages")
    return pages.get(page.id) if isinstance(pages, dict) else None
