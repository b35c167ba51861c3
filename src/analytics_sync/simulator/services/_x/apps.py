"""Apps at X, what users gave them, and the codes on the way there."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Application:
    """An OAuth application; without a secret it is a public client.

    `consumer_key` and `consumer_secret` are what OAuth 1.0a knows it by.
    """

    id: str
    secret: str | None = field(default=None, repr=False)
    name: str = "Simulated app"
    redirect_uris: tuple[str, ...] = ()
    consumer_key: str = ""
    consumer_secret: str = field(default="", repr=False)


CONFIDENTIAL = Application(
    "simulated-x-client",
    "simulated-x-secret",
    "Simulated app",
    (),
    "simulated-x-consumer-key",
    "simulated-x-consumer-secret",
)
PUBLIC = Application("simulated-x-public-client", name="Simulated public app")


@dataclass
class Grant:
    """One consent: the pair of tokens that is good now.

    `rotations`: how often it was refreshed; `used`: the refresh tokens that did. `ended`: the user
    or the application took it back.
    """

    application: Application
    subject: str
    scopes: tuple[str, ...]
    access: str = field(default="", repr=False)
    refresh: str | None = field(default=None, repr=False)
    rotations: int = 0
    ended: bool = False
    used: list[str] = field(default_factory=list, repr=False)


@dataclass
class Code:
    """What an authorization code stands for. `challenge`: PKCE's, by its `method`."""

    application: Application
    subject: str
    scopes: tuple[str, ...]
    redirect_uri: str
    challenge: str
    method: str
    expires_at: datetime

    def proved_by(self, verifier: str) -> bool:
        shown = verifier if self.method == "plain" else s256(verifier)
        return hmac.compare_digest(shown.encode(), self.challenge.encode())


def s256(verifier: str) -> str:
    """RFC 7636: BASE64URL(SHA256(verifier)) without padding."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
