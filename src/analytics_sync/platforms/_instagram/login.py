"""The two log-ins through which an Instagram account is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from analytics_sync.domain.records import Account

FACEBOOK_LOGIN: Final = "facebook-login"
INSTAGRAM_LOGIN: Final = "instagram-login"


def login_of(account: Account, token: str) -> str:
    """Through which log-in an account is reached; where nobody said, its token tells."""
    if account.kind is None and is_of_facebook(token):
        return FACEBOOK_LOGIN
    return FACEBOOK_LOGIN if account.kind == FACEBOOK_LOGIN else INSTAGRAM_LOGIN


def is_of_facebook(token: str) -> bool:
    """Tokens of Facebook Login begin with EAA, those of Instagram Login with IG."""
    return token.startswith("EAA")
