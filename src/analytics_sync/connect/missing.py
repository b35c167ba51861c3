"""What a log-in did not grant, and what is new about it, in words."""

from collections.abc import Iterator

from analytics_sync.connect.keeping import Kept
from analytics_sync.domain.credentials import Reach, Token
from analytics_sync.platforms._login import Login, Scope


def missing_scopes(login: Login, token: Token) -> list[Scope]:
    """Scopes that are needed and were not granted; none where the platform tells of none."""
    granted = set(token.scopes)
    return [scope for scope in login.scopes if granted and scope.name not in granted]


def told(login: Login, reach: Reach, kept: Kept) -> Iterator[str]:
    """What the person who connected should know, a line each."""
    for scope in missing_scopes(login, reach.token):
        yield f"Not granted: {scope.name}. Missing without it: {scope.needed_for}."
    for account in kept.lost:
        yield (
            f"Account {account.id} ({account.platform} {account.platform_account_id} "
            f"{account.name or ''}) is not reached any more: log in as somebody who reaches it."
        )
    if kept.scopes_before:
        yield _changed(login, reach, kept)
    if not login.renews(reach.token) and reach.token.expires_at is not None:
        yield (
            f"It can't be renewed without a person, and ends on {reach.token.expires_at:%Y-%m-%d}; "
            "you are told 14, 7 and 1 days ahead."
        )
    yield from reach.notes


def _changed(login: Login, reach: Reach, kept: Kept) -> str:
    now, before = set(reach.token.scopes), set(kept.scopes_before)
    news = [f"new: {', '.join(sorted(now - before))}"] if now - before else []
    gone = [f"gone: {', '.join(sorted(before - now))}"] if before - now else []
    return (
        f"The scopes of this consent changed ({'; '.join([*news, *gone])}). {login.title} may have "
        "ended tokens that the same person gave to this app before and that are used elsewhere."
    )
