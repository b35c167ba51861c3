"""Every account that a LinkedIn log-in reaches: pages by the member's roles, and the member."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from analytics_sync.domain.credentials import Reach, Reachable, Token
from analytics_sync.errors import AccountRefused, Refused
from analytics_sync.platforms._asking import Asking
from analytics_sync.platforms._linkedin import permissions
from analytics_sync.platforms._linkedin.calls import ORGANIZATIONS, Api, object_of
from analytics_sync.platforms._linkedin.kinds import MEMBER, ORGANIZATION
from analytics_sync.platforms._linkedin.person import Person, person_of, text_of, welcome
from analytics_sync.platforms._linkedin.restli import decode_key
from analytics_sync.platforms._linkedin.roles import ADMINISTRATOR, Role, roles
from analytics_sync.platforms._login import Scope
from analytics_sync.platforms._oauth import missing_of

# Pages whose names one call asks for; a URL of that many is far below LinkedIn's limit.
_BATCH: Final = 50
# Names asked for one by one where lists of ids are not allowed: a member has 100 calls a day.
_MOST_SINGLE: Final = 20


async def reach(asking: Asking, token: Token) -> Reach:
    """LinkedIn docs: Organization Access Control, Organization Lookup.

    :raises AccountRefused: nothing tells whose log-in it is.
    """
    notes: list[str] = []
    held = await _held(asking, token, notes)
    person = await person_of(asking) if _knows(token, *permissions.IDENTITY) else None
    subject = person or _assignee(held)
    if subject is None:
        raise AccountRefused(
            "LinkedIn does not tell whose log-in this is: the person administers no page, and the "
            "log-in has no scope that names the person.",
            hint="Log in as an administrator of the page; for a member's own posts: "
            "`analytics-sync account connect BUSINESS linkedin --kind member`.",
        )
    pages = list(dict.fromkeys(role.page for role in held if role.name == ADMINISTRATOR))
    notes += _other_roles(held, pages)
    names = await _names(asking, pages)
    accounts = [_page(page, names.get(page), token) for page in pages]
    if person is not None and _knows(token, permissions.MEMBER_NUMBERS):
        accounts.append(_member(person, token))
    return Reach(subject.urn, subject.name or subject.urn, tuple(accounts), token, tuple(notes))


async def _held(asking: Asking, token: Token, notes: list[str]) -> list[Role]:
    """The member's roles on pages; none where the log-in may not ask."""
    if not _knows(token, permissions.ADMINISTRATION):
        return []
    try:
        return await roles(asking)
    except Refused as refused:
        notes.append(f"LinkedIn does not tell which pages the person administers: {refused}")
        return []


def _knows(token: Token, *wanted: str) -> bool:
    """Whether one of these scopes was granted, or it is not known what was."""
    return not token.scopes or any(scope in token.scopes for scope in wanted)


def _assignee(held: Sequence[Role]) -> Person | None:
    """Each role names who has it, which also serves apps without member products."""
    return next((Person(role.member, None) for role in held if role.member), None)


def _other_roles(held: Sequence[Role], pages: Sequence[str]) -> Iterator[str]:
    others: dict[str, list[str]] = {}
    for role in held:
        if role.page not in pages:
            others.setdefault(role.page, []).append(role.name)
    for page, names in others.items():
        yield (
            f"{page} can't be read: the person is {', '.join(names)} there, and LinkedIn shows "
            f"numbers to the role {ADMINISTRATOR} only."
        )


async def _names(asking: Asking, pages: Sequence[str]) -> dict[str, str]:
    """The pages' names, by the fifty; singly where the app may not ask for lists."""
    numbers = {page.rpartition(":")[2]: page for page in pages}
    if asking.settings.text("tier") == "development":
        return await _single_names(asking, numbers)
    found: dict[str, str] = {}
    waiting = list(numbers)
    while waiting:
        batch, waiting = waiting[:_BATCH], waiting[_BATCH:]
        call = Api.of(asking).batch_get(ORGANIZATIONS, batch)
        try:
            answer = object_of(call, await asking.send(call))
        except (Refused, AccountRefused):
            return found | await _single_names(asking, numbers, known=found)
        results = answer.get("results")
        for key, told in results.items() if isinstance(results, dict) else ():
            name = text_of(told.get("localizedName")) if isinstance(told, dict) else None
            if name and decode_key(key) in numbers:
                found[numbers[decode_key(key)]] = name
    return found


async def _single_names(
    asking: Asking, numbers: Mapping[str, str], known: Mapping[str, str] | None = None
) -> dict[str, str]:
    left = [(number, page) for number, page in numbers.items() if page not in (known or {})]
    found: dict[str, str] = {}
    for number, page in left[:_MOST_SINGLE]:
        told = await welcome(asking, Api.of(asking).get(ORGANIZATIONS, number))
        if name := text_of(told.get("localizedName")):
            found[page] = name
    return found


def _page(page: str, name: str | None, token: Token) -> Reachable:
    return Reachable("linkedin", page, ORGANIZATION, name, _lacks(permissions.ORGANIZATION, token))


def _member(person: Person, token: Token) -> Reachable:
    return Reachable(
        "linkedin",
        person.urn,
        MEMBER,
        person.name,
        _lacks(permissions.MEMBER, token, permissions.IDENTITY),
    )


def _lacks(needed: Sequence[Scope], token: Token, ignored: Sequence[str] = ()) -> tuple[str, ...]:
    words = dict(needed)
    missing = missing_of(words, token.scopes)
    return tuple(f"{words[name]} (scope {name})" for name in missing if name not in ignored)
