"""`account`: add, list, move, remove."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analytics_sync.cli import revoked
from analytics_sync.cli.options import BusinessOption, Json, answer, business_of, opened
from analytics_sync.cli.tables import say, table
from analytics_sync.cli.token_source import read_token
from analytics_sync.errors import WrongUsage

if TYPE_CHECKING:
    from analytics_sync.connect.accounts import Added
    from analytics_sync.domain.records import Account, Identity
    from analytics_sync.platforms._contract import Platform
    from analytics_sync.wiring import Installation

account = typer.Typer(no_args_is_help=True, help="Pages, profiles and channels of a business.")


def register(app: typer.Typer) -> None:
    from analytics_sync.cli import account_check, account_connect

    account_connect.register(account)
    account_check.register(account)
    app.add_typer(account, name="account")


@account.command()
def add(
    business: Annotated[str, typer.Argument(help="Id or name.")],
    platform: Annotated[str, typer.Argument(help="linkedin, x, facebook or instagram.")],
    *,
    platform_account_id: Annotated[
        str | None,
        typer.Option("--platform-account-id", help="Left out, the token is asked."),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind",
            help="LinkedIn: organization, member. Instagram: facebook-login, instagram-login.",
        ),
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="A file with the access token.")
    ] = None,
    token_stdin: Annotated[
        bool, typer.Option("--token-stdin", help="Read the token from standard input.")
    ] = False,
    token_command: Annotated[
        str | None, typer.Option("--token-command", help="A command that prints the token.")
    ] = None,
    credential: Annotated[
        int | None, typer.Option("--credential", help="The credential of another account, by id.")
    ] = None,
    app: Annotated[
        str | None,
        typer.Option("--app", help="The app that the token is of, by name or id; it renews it."),
    ] = None,
    no_refresh: Annotated[
        bool, typer.Option("--no-refresh", help="Never renew the token: another program does.")
    ] = False,
    no_check: Annotated[
        bool, typer.Option("--no-check", help="Don't try the token at the platform.")
    ] = False,
    json: Json = False,
) -> None:
    """Add an account; its token is tried at once. Adding it again replaces its token."""
    import asyncio

    from analytics_sync.connect.accounts import NewAccount, add_account, kind_for
    from analytics_sync.platforms import platform_named
    from analytics_sync.store import businesses, credentials

    named = platform_named(platform)
    if app is not None and credential is not None:
        raise WrongUsage("--app: a credential has its app already.", hint="Leave --app out.")
    ways = [token_file is not None, token_stdin, token_command is not None, credential is not None]
    if sum(ways) != 1:
        raise WrongUsage(
            "Say exactly one of --token-file, --token-stdin, --token-command and --credential.",
            hint="A token never goes on the command line itself: others could read it there.",
        )
    with opened() as installation:
        with installation.database.read() as connection:
            owner = businesses.find(connection, business)
            if credential is not None:
                known = credentials.get(connection, credential)
                kind = kind_for(named, known.platform, kind)
        app_id = _app_id(installation, named, kind, app) if app is not None else None
        token = read_token(token_file, from_stdin=token_stdin)
        new = NewAccount(
            business_id=owner.id,
            platform=named.name,
            platform_account_id=platform_account_id,
            kind=kind,
            token=replace(token, refreshes=not no_refresh) if token is not None else None,
            command=token_command,
            credential_id=credential,
            app_id=app_id,
        )
        parts = installation.parts()
        added = asyncio.run(add_account(parts, installation.vault, new, check=not no_check))
    answer(as_answer(added), as_json=json, human=lambda: _tell(added))


@account.command("list")
def list_all(*, business: BusinessOption = None, json: Json = False) -> None:
    """List the accounts."""
    from analytics_sync.store import accounts

    with opened() as installation, installation.database.read() as connection:
        named = business_of(connection, business)
        found = accounts.listed(connection, named.id if named else None)

    def human() -> None:
        table(
            ("id", "business", "platform", "account", "kind", "name", "credential"),
            [
                (
                    str(a.id),
                    str(a.business_id),
                    a.platform,
                    a.platform_account_id,
                    a.kind,
                    a.name,
                    None if a.credential_id is None else str(a.credential_id),
                )
                for a in found
            ],
            empty="No account yet: analytics-sync account add BUSINESS PLATFORM --token-file FILE",
        )

    answer({"accounts": [as_document(a) for a in found]}, as_json=json, human=human)


@account.command()
def move(
    id: Annotated[int, typer.Argument(metavar="ID")],
    business: Annotated[str, typer.Argument(help="Id or name.")],
    *,
    json: Json = False,
) -> None:
    """Give an account, with its history, to another business."""
    from analytics_sync.store import accounts, businesses

    with opened() as installation, installation.database.write() as connection:
        owner = businesses.find(connection, business)
        accounts.move(connection, id, owner.id)
        moved = accounts.get(connection, id)
    answer(
        as_document(moved),
        as_json=json,
        human=lambda: say(f"Account {id} now belongs to business {owner.id} ({owner.name})"),
    )


@account.command()
def remove(
    id: Annotated[int, typer.Argument(metavar="ID")],
    *,
    revoke: revoked.Revoke = None,
    json: Json = False,
) -> None:
    """Stop syncing an account and forget its token; posts and history are kept."""
    from analytics_sync.store import accounts

    with opened() as installation:
        with installation.database.write() as connection:
            found = accounts.get(connection, id)
            leaving = revoked.mark(
                installation, connection, [found.credential_id], [id], revoke=revoke
            )
            deleted = accounts.remove(connection, id, installation.clock.now())
        ended = revoked.end(installation, leaving, revoke=revoke)
    forgotten = deleted + len(ended)

    def human() -> None:
        say(f"Removed account {id} ({found.platform} {found.platform_account_id})")
        say(f"  Its posts and history are kept; credentials deleted: {forgotten}")
        revoked.tell(ended)

    answer(
        {
            "id": id,
            "removed": True,
            "deleted": {"credential": forgotten},
            "revocations": [one.as_json() for one in ended],
        },
        as_json=json,
        human=human,
    )


def as_document(found: "Account") -> dict[str, Any]:
    names = (
        "id",
        "business_id",
        "platform",
        "platform_account_id",
        "kind",
        "name",
        "credential_id",
    )
    return {name: getattr(found, name) for name in names}


def as_answer(added: "Added") -> dict[str, Any]:
    """The account, with what the platform said of its token."""
    identity: Identity | None = added.identity
    told = None
    if identity is not None:
        told = {
            "platform_account_id": identity.platform_account_id,
            "name": identity.name,
            "may_read": list(identity.may_read),
            "lacks": list(identity.lacks),
        }
    return {**as_document(added.account), "checked": identity is not None, "identity": told}


def _tell(added: "Added") -> None:
    made = added.account
    say(f"Added account {made.id}: {made.platform} {made.platform_account_id} {made.name or ''}")
    if added.identity is None:
        say("  The token was not tried (--no-check).")
        return
    for thing in added.identity.may_read:
        say(f"  can read: {thing}")
    for thing in added.identity.lacks:
        say(f"  can't read: {thing}")


def _app_id(
    installation: "Installation", platform: "Platform", kind: str | None, wanted: str
) -> int | None:
    """The app that a token is said to be of; None: the default one.

    :raises WrongUsage: there is no such app, or tokens of this platform are of none.
    """
    from analytics_sync.connect import apps
    from analytics_sync.tokens.facts import login_at

    login = login_at(platform, kind)
    if login is None:
        raise WrongUsage(
            f"--app: {platform.title} has no apps.", hint="Leave --app out, or check --kind."
        )
    settings = installation.settings.platforms[login.platform]
    with installation.database.read() as connection:
        found = apps.choices(connection, login, settings)
        chosen = apps.choose(connection, installation.vault, login, found, wanted)
    return chosen.id if chosen is not None else None
