"""Which of the accounts that a log-in reaches are taken, and for which business."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import Connection

from analytics_sync.domain.credentials import Reach, Reachable
from analytics_sync.domain.records import Account
from analytics_sync.errors import WrongUsage
from analytics_sync.store import accounts, credentials


class Placed(NamedTuple):
    """An account and the business that gets it."""

    reachable: Reachable
    business_id: int


class Mapped(NamedTuple):
    """A line of a map: this account goes to this business."""

    line: int
    platform_account_id: str
    business_id: int


class Unmapped(NamedTuple):
    """A line of a map that can't be done."""

    line: int
    field: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a log-in reaches, beside what is known of it here.

    `served`: accounts of this very consent, which have its new token whatever is chosen. `known`:
    where accounts are connected already, by the platform's id.
    """

    reach: Reach
    accounts: tuple[Reachable, ...]
    served: frozenset[str] = frozenset()
    known: Mapping[str, tuple[Account, ...]] = field(default_factory=dict)
    credential_id: int | None = None

    def place(self, reachable: Reachable, business_id: int) -> list[Placed]:
        """Where an account goes that nobody placed: it stays where it is, else to this business."""
        there = self.known.get(reachable.platform_account_id, ())
        homes = dict.fromkeys(account.business_id for account in there) or [business_id]
        return [Placed(reachable, home) for home in homes]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asked for on the command line; nothing at all is an answer too."""

    business_id: int
    everything: bool = False
    ids: tuple[str, ...] = ()
    mapped: tuple[Mapped, ...] | None = None


def found_in(
    connection: Connection,
    platform: str,
    credential_platform: str,
    app_id: int | None,
    reach: Reach,
) -> Found:
    """What a log-in reaches on one platform, and what of it is connected already."""
    row = credentials.of_person(connection, credential_platform, app_id, reach.subject_id)
    reached = tuple(one for one in reach.accounts if one.platform == platform)
    ids = {one.platform_account_id for one in reached}
    known: dict[str, tuple[Account, ...]] = {}
    served = set()
    for account in accounts.listed(connection):
        if row is not None and account.credential_id == row.id:
            served.add(account.platform_account_id)
        if account.platform == platform and account.platform_account_id in ids:
            id = account.platform_account_id
            known[id] = (*known.get(id, ()), account)
    return Found(reach, reached, frozenset(served), known, row.id if row is not None else None)


def choose(found: Found, wish: Wish) -> tuple[list[Placed], list[Unmapped]] | None:
    """What is taken, and the lines of a map that can't be; None: a person must say.

    Without any wish: the only account; else those that are connected already.

    :raises WrongUsage: nothing is reached, or an account that was named is not.
    """
    if not found.accounts:
        raise _nothing(found)
    if wish.mapped is not None:
        return _by_map(found, wish.mapped)
    if wish.ids:
        return [Placed(_reached(found, id), wish.business_id) for id in wish.ids], []
    chosen = found.accounts
    if not wish.everything and len(chosen) > 1:
        chosen = tuple(one for one in chosen if _is_expected(found, one, wish.business_id))
        if not chosen:
            return None
    return [placed for one in chosen for placed in found.place(one, wish.business_id)], []


def _is_expected(found: Found, reachable: Reachable, business_id: int) -> bool:
    """Whether it needs no question: this consent served it, or the business has it."""
    id = reachable.platform_account_id
    here = any(account.business_id == business_id for account in found.known.get(id, ()))
    return here or id in found.served


def _by_map(found: Found, lines: Sequence[Mapped]) -> tuple[list[Placed], list[Unmapped]]:
    reached = {one.platform_account_id: one for one in found.accounts}
    placed = [
        Placed(reached[line.platform_account_id], line.business_id)
        for line in lines
        if line.platform_account_id in reached
    ]
    refused = [
        Unmapped(
            line.line,
            "platform_account_id",
            f"This log-in does not reach {line.platform_account_id!r}.",
        )
        for line in lines
        if line.platform_account_id not in reached
    ]
    return list(dict.fromkeys(placed)), refused


def _reached(found: Found, id: str) -> Reachable:
    for one in found.accounts:
        if one.platform_account_id == id:
            return one
    raise WrongUsage(
        f"--account: this log-in does not reach {id!r}.\n{listing(found)}",
        hint="Name one of these, or log in as somebody who reaches it.",
        code="account_not_reached",
    )


def must_say(found: Found) -> WrongUsage:
    """Several accounts are reached, and nothing tells which are wanted."""
    return WrongUsage(
        f"This log-in reaches {len(found.accounts)} accounts:\n{listing(found)}",
        hint="No account was added. Run the command again with --account ID for each one that is "
        "wanted, with --all, or with --map FILE (columns platform_account_id, business).",
        code="accounts_not_chosen",
    )


def listing(found: Found) -> str:
    """The accounts that are reached, a line each."""
    return "\n".join(
        f"{one.platform_account_id}  {one.name or ''}".rstrip() for one in found.accounts
    )


def _nothing(found: Found) -> WrongUsage:
    others = sorted({one.platform for one in found.reach.accounts})
    hint = "Log in as somebody who has a role on the account."
    if others:
        hint = f"It reaches accounts of {', '.join(others)}: connect those by their own platform."
    notes = " ".join(found.reach.notes)
    return WrongUsage(
        f"The log-in of {found.reach.subject} reaches no account. {notes}".strip(),
        hint=hint,
        code="nothing_reached",
    )
