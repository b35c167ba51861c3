"""`credential`: list, replace, remove."""

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analytics_sync.cli import revoked
from analytics_sync.cli.options import Json, answer, opened
from analytics_sync.cli.tables import say, table
from analytics_sync.errors import WrongUsage

if TYPE_CHECKING:
    from analytics_sync.connect.replacing import Replaced
    from analytics_sync.store.consents import Consent

credential = typer.Typer(no_args_is_help=True, help="Log-ins and tokens that accounts share.")
Id = Annotated[int, typer.Argument(metavar="ID")]


def register(app: typer.Typer) -> None:
    app.add_typer(credential, name="credential")


@credential.command("list")
def list_all(*, json: Json = False) -> None:
    """List the credentials: whose, for which accounts, and until when."""
    from analytics_sync.store import consents
    from analytics_sync.wiring import rows

    with opened() as installation, rows(installation) as reading:
        now = installation.clock.now()
        found = consents.listed(reading)

    def human() -> None:
        table(
            ("id", "platform", "app", "whose", "accounts", "scopes", "state"),
            [
                (
                    str(one.id),
                    one.platform,
                    one.app or ("default" if one.by_login else None),
                    one.subject,
                    _accounts(one),
                    " ".join(one.scopes) or None,
                    state(one, now),
                )
                for one in found
            ],
            empty="No credential yet: analytics-sync account connect BUSINESS PLATFORM",
        )

    answer({"credentials": [as_document(one, now) for one in found]}, as_json=json, human=human)


@credential.command()
def replace(
    old: Annotated[int, typer.Argument(metavar="OLD")],
    new: Annotated[int, typer.Argument(metavar="NEW")],
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Also accounts that NEW does not reach.")
    ] = False,
    revoke: revoked.Revoke = None,
    json: Json = False,
) -> None:
    """Move all accounts of OLD to NEW, another person's log-in; then OLD is revoked and forgotten."""
    import asyncio

    from analytics_sync.connect.replacing import replace_credential

    with opened() as installation:
        came = asyncio.run(
            replace_credential(
                installation.parts(),
                installation.vault,
                old,
                new,
                force=force,
                revoke=revoke is not False,
            )
        )
        ended = revoked.end(installation, came.leaving, revoke=revoke)

    def human() -> None:
        _tell_replaced(came, old, new)
        revoked.tell(ended)

    answer(
        {
            "old": old,
            "new": new,
            "moved": [one.id for one in came.moved],
            "not_reached": [one.id for one in came.unreached],
            "revocations": [one.as_json() for one in ended],
        },
        as_json=json,
        human=human,
    )


def _tell_replaced(came: "Replaced", old: int, new: int) -> None:
    say(f"Moved {len(came.moved)} accounts from credential {old} to {new}")
    for one in came.unreached:
        say(f"  not reached by credential {new}: account {one.id} ({one.name or one.platform})")
    say(f"  Credential {old} is forgotten.")


@credential.command()
def remove(
    id: Id,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    revoke: revoked.Revoke = None,
    json: Json = False,
) -> None:
    """Forget a credential and revoke it; its accounts stay, with their history, but without one."""
    from analytics_sync.store import consents, credentials, leaving
    from analytics_sync.store.light import over

    with opened() as installation:
        with installation.database.read() as connection:
            credentials.get(connection, id)
            (found,) = (one for one in consents.listed(over(connection)) if one.id == id)
        if found.accounts and not yes:
            _ask(found)
        with installation.database.write() as connection:
            held = leaving.release(connection, id)
            going = revoked.mark(installation, connection, [id], held, revoke=revoke)
            if not going:
                leaving.forget(connection, [id])
        ended = revoked.end(installation, going, revoke=revoke)

    def human() -> None:
        say(f"Removed credential {id} ({found.platform})")
        for one in found.accounts:
            say(f"  without credential: account {one.account_id} ({_named(one)})")
        revoked.tell(ended)

    answer(
        {
            "id": id,
            "removed": True,
            "accounts": held,
            "revocations": [one.as_json() for one in ended],
        },
        as_json=json,
        human=human,
    )


def _ask(found: "Consent") -> None:
    """:raises WrongUsage: there is nobody to ask."""
    number = len(found.accounts)
    names = ", ".join(_named(one) for one in found.accounts[:10])
    more = f" and {number - 10} more" if number > 10 else ""
    words = f"{found.whose} serves {number} account{'s' if number > 1 else ''}: {names}{more}."
    if sys.stdin is None or not sys.stdin.isatty():
        raise WrongUsage(
            f"{words} Without it they can't be read.",
            hint="Remove it with --yes, or first let them use another: `credential replace OLD NEW`.",
        )
    say(f"{words} Without it they can't be read; their history is kept.")
    typer.confirm("Remove it?", abort=True)


def _named(one: Any) -> str:
    return f"{one.name or one.platform_account_id} of {one.business}"


def _accounts(one: "Consent") -> str:
    if not one.accounts:
        return "none"
    first = one.accounts[0].name or one.accounts[0].platform_account_id
    return f"{first} +{len(one.accounts) - 1}" if len(one.accounts) > 1 else first


def state(one: "Consent", now: datetime) -> str:
    """How long it lives, in words."""
    from analytics_sync.store.consents import LEAVING

    if one.refused_reason == LEAVING:
        return "left over: credential remove ends it"
    if one.refused_at is not None:
        return f"refused since {one.refused_at:%Y-%m-%d}: {one.refused_reason or 'no reason said'}"
    if one.ends_at is None:
        return "renews itself" if one.renews else "no end known"
    if one.ends_at <= now:
        return f"ended on {one.ends_at:%Y-%m-%d}"
    days = (one.ends_at - now).days
    left = f"{days} day{'' if days == 1 else 's'} ({one.ends_at:%Y-%m-%d})"
    return f"renews itself, for {left}" if one.renews else f"ends in {left}"


def as_document(one: "Consent", now: datetime) -> dict[str, Any]:
    """A credential as JSON has it; nothing secret is in it."""
    told = {
        name: getattr(one, name) for name in one._fields if name not in {"foretold", "accounts"}
    }
    days = None if one.ends_at is None else max((one.ends_at - now).days, 0)
    accounts = [each._asdict() for each in one.accounts]
    return {**told, "scopes": list(one.scopes), "days_left": days, "accounts": accounts}
