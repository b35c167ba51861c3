"""The permissions of LinkedIn, in two sets: for pages, and for a member's own posts.

Two, because a log-in that asks for a scope which the app does not have fails as a whole
(`unauthorized_scope_error`), and few apps have the products for both. LinkedIn docs: Community
Management overview; Sign In with LinkedIn using OpenID Connect.
"""

from collections.abc import Iterable
from typing import Final

from analytics_sync.platforms._login import Scope

ADMINISTRATION: Final = "rw_organization_admin"
MEMBER_NUMBERS: Final = "r_member_postAnalytics"
# Any of them opens a call that tells whose token it is.
IDENTITY: Final = ("openid", "profile", "r_basicprofile", "r_liteprofile")

ORGANIZATION: Final = (
    Scope(ADMINISTRATION, "numbers and followers of pages, and which pages there are"),
    Scope("r_organization_social", "pages' posts, so that new ones are found by themselves"),
)
MEMBER: Final = (
    Scope("openid", "whose log-in it is"),
    Scope("profile", "the member's name"),
    Scope(MEMBER_NUMBERS, "numbers of the member's posts"),
    Scope("r_member_profileAnalytics", "the member's followers"),
)


def names_of(scopes: Iterable[Scope]) -> tuple[str, ...]:
    return tuple(scope.name for scope in scopes)


def needed_by(granted: Iterable[str], is_member: bool | None) -> tuple[str, ...]:
    """What an account needs; where none is named (None), the sets of which something was granted."""
    if is_member is not None:
        return names_of(MEMBER if is_member else ORGANIZATION)
    given = frozenset(granted)
    asked = [names_of(each) for each in (ORGANIZATION, MEMBER)]
    met = [names for names in asked if given & frozenset(names)]
    return tuple(name for names in met or asked[:1] for name in names)
