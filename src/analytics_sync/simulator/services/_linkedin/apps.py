"""Apps at LinkedIn, and what members gave them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from analytics_sync.simulator.world import Token

REFRESH_LIFETIME = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Application:
    """An application at LinkedIn.

    `refreshes`: approved for programmatic refresh tokens. `scopes`: those of its products; None:
    all that there are.
    """

    client_id: str
    client_secret: str = field(repr=False)
    refreshes: bool = True
    name: str = "Simulated app"
    redirect_uris: tuple[str, ...] = ()
    scopes: frozenset[str] | None = None


DEFAULT_APPLICATION = Application("86simulated0001", "simulated-linkedin-secret")


class OAuthRefusal(Exception):
    """A refusal in OAuth's own envelope."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.body = {"error": error, "error_description": description}


@dataclass
class Consent:
    """A member's consent to an application. `administers` is shared by all of its tokens.

    `refreshed`: how often its refresh token gave an access token; `used`: refresh tokens that are
    dead since.
    """

    application: Application
    member: str
    scopes: frozenset[str]
    given_at: datetime
    administers: list[str]
    refresh_token: str | None
    revoked: bool = False
    tokens: list[Token] = field(default_factory=list)
    refreshed: int = 0
    used: list[str] = field(default_factory=list)

    @property
    def refreshable_until(self) -> datetime:
        return self.given_at + REFRESH_LIFETIME
