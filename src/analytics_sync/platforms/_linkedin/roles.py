"""Which pages the token's member administers (LinkedIn docs: Organization Access Control)."""

from collections.abc import Mapping
from typing import Any, Final

from analytics_sync.domain.metrics import as_count
from analytics_sync.errors import AccountRefused, Refused
from analytics_sync.platforms._contract import Context
from analytics_sync.platforms._linkedin.calls import ROLES, Api, elements_of, object_of
from analytics_sync.platforms._linkedin.restli import Value

_PAGE_SIZE: Final = 100
_MOST_PAGES: Final = 50
_WANTED: Final[tuple[tuple[str, Value], ...]] = (("role", "ADMINISTRATOR"), ("state", "APPROVED"))


async def administered(context: Context) -> list[str]:
    """The URNs of all pages, each once, in LinkedIn's order.

    :raises Refused: the token may not ask.
    """
    found: dict[str, None] = {}
    start = 0
    for _ in range(_MOST_PAGES):
        # The first page is asked for without a size: LinkedIn's own one is echoed.
        paging: tuple[tuple[str, Value], ...] = (("start", start), ("count", _PAGE_SIZE))
        call = Api.of(context).finder(ROLES, "roleAssignee", _WANTED + (paging if start else ()))
        reply = await context.send(call)
        elements = elements_of(call, reply)
        pages = dict.fromkeys(page for element in elements if (page := _page(element)))
        is_last = pages.keys() <= found.keys()
        found |= pages
        size = _page_size(object_of(call, reply))
        if is_last or size is None or len(elements) < size:
            break
        start += len(elements)
    return list(found)


async def check_role(context: Context) -> None:
    """Make sure that the token's member still administers the account's page.

    :raises AccountRefused: the role is lost, or the token may not even ask.
    """
    page = context.account.platform_account_id
    try:
        pages = await administered(context)
    except Refused as refused:
        if refused.status == 403:
            raise role_lost(page, refused.message) from refused
        # LinkedIn does not know the question: that says nothing about the role.
        return
    if page not in pages:
        raise role_lost(page, f"the pages that it lists are {', '.join(pages) or 'none'}")


def role_lost(page: str, seen: str) -> AccountRefused:
    return AccountRefused(
        f"The token's member is not an administrator of {page} at LinkedIn: {seen}.",
        hint="Let an administrator of the page give the role ADMINISTRATOR, or add the account "
        "with the token of somebody who has it: analytics-sync account add.",
    )


def _page(element: Mapping[str, Any]) -> str | None:
    # Older versions name the page `organizationalTarget`.
    page = element.get("organization") or element.get("organizationalTarget")
    is_ours = element.get("role", "ADMINISTRATOR") == "ADMINISTRATOR"
    return page if is_ours and isinstance(page, str) else None


def _page_size(answer: Mapping[str, Any]) -> int | None:
    """How many elements a full page has, as the answer echoes it."""
    paging = answer.get("paging")
    return as_count(paging.get("count")) if isinstance(paging, dict) else None
