"""The permissions that Facebook Login asks for, and what is missing of an account without each.

Source: Meta docs, Permissions Reference.
"""

from collections.abc import Iterable
from typing import Final

from analytics_sync.platforms._graph.debugging import Debugged
from analytics_sync.platforms._login import Scope

LIST_PAGES: Final = Scope("pages_show_list", "the list of Pages")
LIST_BUSINESSES: Final = Scope("business_management", "Pages reached only through a Business")
PAGE_SCOPES: Final = (
    Scope("pages_read_engagement", "posts of Pages, and their shares"),
    Scope("read_insights", "numbers of posts and of Pages"),
    Scope("pages_read_user_content", "comments of posts"),
)
LIST_INSTAGRAM: Final = Scope("instagram_basic", "Instagram accounts behind Pages, and their posts")
INSTAGRAM_SCOPES: Final = (
    LIST_INSTAGRAM,
    Scope("instagram_manage_insights", "numbers of Instagram posts"),
)
# Without them Instagram is silently refused to people whose role on the Page came through a
# Business.
_THROUGH_BUSINESS: Final = "Instagram accounts whose Page is reached through a Business"
BUSINESS_SCOPES: Final = (
    Scope("ads_read", _THROUGH_BUSINESS),
    Scope("ads_management", _THROUGH_BUSINESS),
)
SCOPES: Final = (LIST_PAGES, *PAGE_SCOPES, *INSTAGRAM_SCOPES, LIST_BUSINESSES, *BUSINESS_SCOPES)

ANALYZE: Final = "ANALYZE"
NO_ANALYZE: Final = "insights: the person's role on the Page lacks the task ANALYZE"


def needed_for(platform: str | None) -> tuple[Scope, ...]:
    """What an account of this platform can't be read without; None: any of either."""
    if platform == "facebook":
        return PAGE_SCOPES
    if platform == "instagram":
        return (PAGE_SCOPES[0], *INSTAGRAM_SCOPES)
    return (LIST_PAGES, *PAGE_SCOPES, *INSTAGRAM_SCOPES)


def lacks_of(scopes: Iterable[Scope], granted: Debugged, *ids: str) -> tuple[str, ...]:
    """What can't be read of the account with these ids, in words."""
    return tuple(
        f"{scope.needed_for} ({scope.name})" for scope in scopes if granted.lacks(scope.name, *ids)
    )
