"""`account check`: what the platforms say of stored tokens."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analytics_sync.cli.options import Json, answer, opened
from analytics_sync.cli.tables import say
from analytics_sync.errors import ExitStatus

if TYPE_CHECKING:
    from analytics_sync.connect.checking import Checked
    from analytics_sync.store.consents import Consent

# Several at once: the first that applies.
WORST_FIRST = (
    ExitStatus.CONFIGURATION,
    ExitStatus.CREDENTIAL,
    ExitStatus.FAILED,
    ExitStatus.TRY_LATER,
)


def register(app: typer.Typer) -> None:
    app.command("check")(check)


def check(
    id: Annotated[int | None, typer.Argument(metavar="[ID]", help="Left out: all.")] = None,
    *,
    json: Json = False,
) -> None:
    """Ask the platforms whether tokens are alive, whose they are, and what they may read.

    Status 77 when one is refused, 1 when a scope or a role is missing. Costs no read quota.
    """
    import asyncio

    from analytics_sync.connect.checking import check_accounts
    from analytics_sync.store import accounts, consents
    from analytics_sync.store.light import over

    with opened() as installation:
        with installation.database.read() as connection:
            chosen = accounts.listed(connection) if id is None else [accounts.get(connection, id)]
        checked = []
        if chosen:
            parts = installation.parts()
            checked = asyncio.run(check_accounts(parts, installation.vault, chosen))
        with installation.database.read() as connection:
            known = {one.id: one for one in consents.listed(over(connection))}
        now = installation.clock.now()
    documents = [as_document(one, known, now) for one in checked]
    answer({"accounts": documents}, as_json=json, human=lambda: _tell(documents))
    found = {one.status for one in checked}
    raise typer.Exit(next((status for status in WORST_FIRST if status in found), ExitStatus.DONE))


def as_document(one: "Checked", known: "Mapping[int, Consent]", now: datetime) -> dict[str, Any]:
    """What is known of one account's credential, as JSON has it; nothing secret is in it."""
    from analytics_sync.cli.account import as_document as account_document

    account, inspection = one.account, one.inspection
    consent = known.get(account.credential_id or 0)
    told: dict[str, Any] = {
        name: getattr(inspection, name, None) for name in ("app", "subject", "role")
    }
    ends = consent.ends_at if consent is not None else None
    return {
        **account_document(account),
        "outcome": one.outcome,
        "alive": inspection.alive if inspection is not None else None,
        "reason": one.reason or None,
        **told,
        "subject": told["subject"] or (consent.subject if consent is not None else None),
        "scopes": list(inspection.scopes) if inspection is not None else [],
        "missing": list(inspection.missing) if inspection is not None else [],
        "lacks": list(one.lacks),
        "renews": consent.renews if consent is not None else False,
        "ends_at": ends,
        "days_left": None if ends is None else max((ends - now).days, 0),
        "dies_with": [
            each.account_id
            for each in (consent.accounts if consent is not None else ())
            if each.account_id != account.id
        ],
        "notes": list(one.notes),
    }


def _tell(documents: Sequence[Mapping[str, Any]]) -> None:
    if not documents:
        say("No account yet: analytics-sync account connect BUSINESS PLATFORM")
    for told in documents:
        name = told["name"] or told["platform_account_id"]
        say(f"Account {told['id']}: {told['platform']} {name}: {_verdict(told)}")
        for words in _facts(told):
            say(f"  {words}")


def _verdict(told: Mapping[str, Any]) -> str:
    match told["outcome"]:
        case "ok":
            return "well"
        case "refused":
            return f"refused. {told['reason']}"
        case "lacking":
            return "alive, but something is missing"
    return f"could not be asked. {told['reason']}"


def _facts(told: Mapping[str, Any]) -> list[str]:
    with_it = ", ".join(map(str, told["dies_with"][:20]))
    more = len(told["dies_with"]) - 20
    lines = [
        ("credential", told["credential_id"]),
        ("whose", told["subject"]),
        ("app", told["app"]),
        ("role", told["role"]),
        ("scopes", " ".join(told["scopes"])),
        ("missing scopes", " ".join(told["missing"])),
        ("can't read", "; ".join(told["lacks"])),
        ("ends", _end(told)),
        ("with it end the accounts", f"{with_it} and {more} more" if more > 0 else with_it),
        *(("note", note) for note in told["notes"]),
    ]
    return [f"{name}: {value}" for name, value in lines if value]


def _end(told: Mapping[str, Any]) -> str:
    if told["ends_at"] is None:
        return "never, as far as is known; it renews itself" if told["renews"] else ""
    days = told["days_left"]
    return f"{told['ends_at']:%Y-%m-%d}, in {days} day{'' if days == 1 else 's'}"
