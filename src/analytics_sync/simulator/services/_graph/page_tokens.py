"""The tokens of Pages that a person's token gives."""

from collections.abc import Mapping

from analytics_sync.simulator.services._graph.host import Host
from analytics_sync.simulator.services._graph.society import Reached
from analytics_sync.simulator.world import SimulatedAccount, Token


def page_token(host: Host, token: Token, page: SimulatedAccount) -> Token:
    """The Page's token for this person; the same one each time.

    From a long-lived token (`facts["long_lived"]`) or a system user's it has no expiry date, else
    it ends with the token that it came from. Source: Meta, "Long-Lived Access Tokens".
    """
    if token.kind == "page":
        return token
    value = host.secret("EAAP", token.value, page.id)
    known = host.world.tokens.get(value)
    if known is not None:
        return known
    lasting = bool(token.facts.get("long_lived")) or token.kind == "system"
    made = Token(
        value,
        host.name,
        "page",
        page.id,
        token.scopes,
        None if lasting else token.expires_at,
        facts={
            "app_id": token.facts.get("app_id", host.app_id),
            "user_id": token.subject,
            "issued_at": host.now,
            **_inherited(token, page),
        },
    )
    consent = host.society.consent_of(token)
    if consent is not None:
        consent.tokens.append(made)
    return host.world.add_token(made)


def _inherited(token: Token, page: SimulatedAccount) -> dict[str, object]:
    """What the person's token and role say of the Page's token."""
    pages = token.facts.get("pages")
    facts: dict[str, object] = {
        name: token.facts[name]
        for name in ("consent", "data_access_expires_at")
        if name in token.facts
    }
    facts["tasks"] = pages.get(page.id) if isinstance(pages, Mapping) else None
    if isinstance(pages, Reached) and not pages.directly(page.id):
        facts["business_role"] = True
    return facts
