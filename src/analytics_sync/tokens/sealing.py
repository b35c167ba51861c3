"""What the vault keeps of a token, and the token that it opens."""

from typing import Any

from analytics_sync.clock import iso
from analytics_sync.domain.credentials import Token


def sealed(token: Token) -> dict[str, Any]:
    """What the vault keeps of a token."""
    return {
        "access_token": token.access_token,
        "refresh_token": token.refresh_token,
        "expires_at": iso(token.expires_at) if token.expires_at else None,
    }
