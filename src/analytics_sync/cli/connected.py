"""What `account connect` answers: the accounts, the consent, and what will be missing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analytics_sync.cli.tables import say, table

if TYPE_CHECKING:
    from analytics_sync.connect.choosing import Found, Placed, Unmapped
    from analytics_sync.connect.keeping import Kept
    from analytics_sync.platforms._login import Login


@dataclass(frozen=True)
class Done:
    """What a log-in came to."""

    found: "Found"
    kept: "Kept"
    placed: "Sequence[Placed]"
    refused: "Sequence[Unmapped]"


def as_document(login: "Login", done: Done) -> dict[str, Any]:
    from analytics_sync.cli.account import as_document as account_document
    from analytics_sync.connect.missing import missing_scopes

    accounts = [account_document(account) for account in done.kept.accounts]
    reach = done.found.reach
    return {
        **(accounts[0] if len(accounts) == 1 else {}),
        "credential": {
            "id": done.kept.credential_id,
            "platform": login.platform,
            "subject": reach.subject,
            "subject_id": reach.subject_id,
            "scopes": list(reach.token.scopes),
            "missing_scopes": [scope._asdict() for scope in missing_scopes(login, reach.token)],
            "expires_at": reach.token.expires_at,
            "renews": login.renews(reach.token),
            "healed": done.kept.healed,
            "accounts": done.kept.served,
        },
        "accounts": accounts,
        "reached": [
            {
                "platform": one.platform,
                "platform_account_id": one.platform_account_id,
                "kind": one.kind,
                "name": one.name,
                "lacks": list(one.lacks),
            }
            for one in done.found.accounts
        ],
        "refused": [one._asdict() for one in done.refused],
        "notes": list(reach.notes),
    }


def show_reached(found: "Found") -> None:
    rows = []
    for number, one in enumerate(found.accounts, 1):
        there = found.known.get(one.platform_account_id, ())
        homes = ", ".join(str(account.business_id) for account in there)
        missing = "; ".join(one.lacks)
        rows.append((str(number), one.platform, one.platform_account_id, one.name, homes, missing))
    table(
        ("", "platform", "id", "name", "of business", "will be missing"), rows, empty="No account."
    )


def tell(login: "Login", done: Done) -> None:
    from analytics_sync.connect.missing import told

    kept, reach = done.kept, done.found.reach
    if len(done.found.accounts) > len(kept.accounts):
        show_reached(done.found)
    say(f"Logged in at {login.title} as {reach.subject} (credential {kept.credential_id}).")
    lacks = {one.reachable.platform_account_id: one.reachable.lacks for one in done.placed}
    for account in kept.accounts:
        say(
            f"Connected account {account.id}: {account.platform} {account.platform_account_id} "
            f"{account.name or ''} of business {account.business_id}"
        )
        for thing in lacks[account.platform_account_id]:
            say(f"  can't read: {thing}")
    if kept.served > len(kept.accounts):
        say(f"{kept.served} accounts use this log-in now.")
    for line in told(login, reach, kept):
        say(line)
    for line in _others(done.found):
        say(line)
    for one in done.refused:
        say(f"  line {one.line}: {one.message}")


def _others(found: "Found") -> Iterator[str]:
    """Accounts of other platforms that the same log-in reaches and that nothing uses yet."""
    taken = {*found.accounts}
    more = [
        (one.platform, one.kind)
        for one in found.reach.accounts
        if one not in taken and one.platform_account_id not in found.served
    ]
    for platform, kind in dict.fromkeys(more):
        known = f" --kind {kind}" if kind else ""
        yield (
            f"It also reaches {more.count((platform, kind))} accounts of {platform}: "
            f"analytics-sync account connect BUSINESS {platform}{known}"
        )
