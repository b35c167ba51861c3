"""What the vault keeps of a token, and the token that it opens."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from analytics_sync.clock import iso
from analytics_sync.domain.credentials import OAuth1, Token
from analytics_sync.logs import redact


def sealed(token: Token) -> dict[str, Any]:
    """What the vault keeps of a token."""
    kept: dict[str, Any] = {
        "access_token": token.access_token,
        "refresh_token": token.refresh_token,
        "expires_at": _text(token.expires_at),
        "refresh_expires_at": _text(token.refresh_expires_at),
        "issued_at": _text(token.issued_at),
        "scopes": list(token.scopes),
        "account_tokens": dict(token.account_tokens),
        "oauth1": asdict(token.oauth1) if token.oauth1 is not None else None,
        "refreshes": token.refreshes,
    }
    return {name: value for name, value in kept.items() if value not in (None, [], {})}


def opened(secret: Mapping[str, Any]) -> Token:
    """The token that was sealed, by this release or an older one."""
    oauth1 = secret.get("oauth1")
    return Token(
        access_token=str(secret["access_token"]),
        refresh_token=secret.get("refresh_token"),
        expires_at=_moment(secret.get("expires_at")),
        scopes=tuple(secret.get("scopes", ())),
        refresh_expires_at=_moment(secret.get("refresh_expires_at")),
        issued_at=_moment(secret.get("issued_at")),
        account_tokens=dict(secret.get("account_tokens", {})),
        oauth1=OAuth1(**oauth1) if oauth1 else None,
        refreshes=bool(secret.get("refreshes", True)),
    )


def hide(token: Token) -> None:
    """Keep every secret of a token out of what is logged from now on."""
    secrets = [token.access_token, token.refresh_token, *token.account_tokens.values()]
    if token.oauth1 is not None:
        secrets += [token.oauth1.consumer_secret, token.oauth1.token, token.oauth1.token_secret]
    for secret in filter(None, secrets):
        redact(secret)


def _text(moment: datetime | None) -> str | None:
    return iso(moment) if moment is not None else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None
