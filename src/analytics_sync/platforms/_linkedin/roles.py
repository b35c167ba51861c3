"""Which pages the token's member administers (LinkedIn docs: Organization Access Control)."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from analytics_sync.domain.metrics import as_count
from analytics_sync.errors import AccountRefused, Refused
from analytics_sync.platforms._asking import Asking
from analytics_sync.platforms._contract import Context
from analytics_sync.platforms._linkedin.calls import ROLES, Api, elements_of, object_of
from analytics_sync.platforms._linkedin.kinds import is_person
from analytics_sync.platforms._linkedin.restli import Value

_PAGE_SIZE: Final = 100
_MOST_PAGES: Final = 50
_APPROVED: Final[tuple[tuple[str, Value], ...]] = (("state", "APPROVED"),)
ADMINISTRATOR: Final = "ADMINISTRATOR"


class Role(NamedTuple):
    """A role on a page. `member`: the URN of who has it, where LinkedIn says so."""

    page: str
    name: str
    member: str | None = None


async def administered(context: Asking) -> list[str]:
    """The URNs of all pages, each once, in LinkedIn's order.

    :raises Refused: the token may not ask.
    """
    found = await roles(context, ADMINISTRATOR)
    return list(dict.fromkeys(role.page for role in found))


async def roles(context: Asking, wanted: str | None = None) -> list[Role]:
    """All approved roles of the token's member, or those of one name, each once.

    :raises Refused: the token may not ask.
    """
    asked = ((("role", wanted),) if wanted else ()) + _APPROVED
    found: dict[Role, None] = {}
    start = 0
    for _ in range(_MOST_PAGES):
        # The first page is asked for without a size: LinkedIn's own one is echoed.
        paging: tuple[tuple[str, Value], ...] = (("start", start), ("count", _PAGE_SIZE))
        call = Api.of(context).finder(ROLES, "roleAssignee", asked + (paging if start else ()))
        reply = await context.send(call)
        elements = elements_of(call, reply)
        here = dict.fromkeys(role for element in elements if (role := _role(element, wanted)))
        is_last = here.keys() <= found.keys()
        found |= here
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


def _role(element: Mapping[str, Any], wanted: str | None) -> Role | None:
    # Older versions name the page `organizationalTarget`.
    page = element.get("organization") or element.get("organizationalTarget")
    name, member = element.get("role", wanted or ADMINISTRATOR), element.get("roleAssignee")
    if not isinstance(page, str) or not isinstance(name, str) or name != (wanted or name):
        return None
    return Role(page, name, member if isinstance(member, str) and is_person(member) else None)


def _page_size(answer: Mapping[str, Any]) -> int | None:
    """How many elements a full page has, as the answer echoes it."""
    paging = answer.get("paging")
    return as_count(paging.get("count")) if isinstance(paging, dict) else None
