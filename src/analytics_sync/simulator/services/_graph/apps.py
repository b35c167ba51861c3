"""Apps at Meta, and the codes that people's consents give them."""

from dataclasses import dataclass, field
from datetime import datetime

from analytics_sync.simulator.services._graph.society import Consent


@dataclass(frozen=True, slots=True)
class Application:
    """An app at Meta. `scopes`: permissions that it has access to; None: all that there are."""

    client_id: str
    client_secret: str = field(repr=False)
    name: str = "acme"
    redirect_uris: tuple[str, ...] = ()
    scopes: frozenset[str] | None = None


@dataclass
class Code:
    """What an authorization code stands for: a Facebook consent, or an Instagram account's."""

    application: Application
    redirect_uri: str
    scopes: frozenset[str]
    person: str
    consent: Consent | None
    expires_at: datetime
    used: bool = False
