"""What stands in plain text beside a sealed token."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from analytics_sync.domain.credentials import Token
from analytics_sync.platforms._contract import Platform
from analytics_sync.platforms._login import Login
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.store.credentials import Facts


def login_at(platform: Platform | None, kind: str | None) -> Login | None:
    """The log-in behind accounts of this kind; None where there is none, or no such kind."""
    if platform is None:
        return None
    try:
        return platform.login(kind)
    except ValueError:
        return None


def can_renew(login: Login, app_id: int | None, settings: Mapping[str, PlatformSettings]) -> bool:
    """Whether an app is known through which tokens are renewed, where that takes one."""
    if app_id is not None or login.renews_without_app:
        return True
    return bool(settings[login.platform].client_id)


def dated(token: Token, login: Login | None, now: datetime) -> Token:
    """The token as it is stored when it was given by hand.

    One that renews itself, but whose end nobody told, counts from now: its first renewal tells the
    end, and must not come too early.
    """
    unknown = token.expires_at is None and token.issued_at is None
    if login is None or not unknown or token.refresh_token or not login.renews(token):
        return token
    return replace(token, issued_at=now)


def facts_of(
    token: Token,
    login: Login | None,
    *,
    subject: str | None = None,
    subject_id: str | None = None,
    scopes: Sequence[str] = (),
) -> Facts:
    """The facts of a token. `scopes`: where the token itself does not say what was granted."""
    renews = login is not None and login.renews(token)
    # Without a refresh token it is the consent's own end.
    told = renews or token.refresh_token is None
    return Facts(
        subject=subject,
        subject_id=subject_id,
        scopes=token.scopes or tuple(scopes),
        expires_at=token.expires_at,
        renews=renews,
        renew_until=token.refresh_expires_at if told else None,
    )
