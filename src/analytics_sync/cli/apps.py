"""`app`: the OAuth applications through which people log in."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analytics_sync.cli.options import Json, answer, opened
from analytics_sync.cli.tables import say, table
from analytics_sync.errors import WrongUsage

if TYPE_CHECKING:
    from analytics_sync.store.apps import AppRow

apps = typer.Typer(no_args_is_help=True, help="OAuth applications through which people log in.")
# Far more than a client secret.
LONGEST_SECRET = 4096


def register(app: typer.Typer) -> None:
    app.add_typer(apps, name="app")


@apps.command()
def add(
    platform: Annotated[str, typer.Argument(help="linkedin, x, facebook or instagram.")],
    *,
    name: Annotated[str, typer.Option("--name", help="A name of your own for it.")],
    client_id: Annotated[str, typer.Option("--client-id", help="As its page there says.")],
    client_secret_stdin: Annotated[
        bool,
        typer.Option("--client-secret-stdin", help="Read its secret from standard input."),
    ] = False,
    json: Json = False,
) -> None:
    """Add an app; its secret is encrypted. X knows apps without a secret.

    Instagram accounts behind Facebook Pages need an app of facebook, those that log in at
    Instagram itself one of instagram.
    """
    from analytics_sync.connect.apps import add_app, logins_of
    from analytics_sync.platforms import all_platforms, platform_named
    from analytics_sync.store import apps as stored

    named = platform_named(platform)
    logins = logins_of(all_platforms().values(), named.name)
    secret = _secret() if client_secret_stdin else None
    with opened() as installation:
        vault = installation.vault
        new = stored.AppRow(0, named.name, name, client_id, None, installation.clock.now())
        with installation.database.write() as connection:
            id = add_app(connection, vault, logins, new, secret)
            made = stored.get(connection, id)

    def human() -> None:
        say(f"Added app {made.id}: {made.name} ({made.platform})")
        for login in logins:
            say(f"  Its redirect address, to the letter: {login.redirect_uri}")
            say(f"  Who should log in: {login.setup.who}")
        say(f"  Then: analytics-sync account connect BUSINESS {made.platform}")

    answer(as_document(made), as_json=json, human=human)


@apps.command("list")
def list_all(*, json: Json = False) -> None:
    """List the apps."""
    from analytics_sync.store import apps as stored

    with opened() as installation, installation.database.read() as connection:
        found = stored.listed(connection)

    def human() -> None:
        table(
            ("id", "platform", "name", "client id", "secret", "credentials"),
            [
                (
                    str(one.id),
                    one.platform,
                    one.name,
                    one.client_id,
                    "kept" if one.ciphertext else "none",
                    one.credentials,
                )
                for one in found
            ],
            empty="No app yet: analytics-sync app add PLATFORM --name NAME --client-id ID "
            "--client-secret-stdin",
        )

    answer({"apps": [as_document(one) for one in found]}, as_json=json, human=human)


@apps.command()
def remove(id: Annotated[int, typer.Argument(metavar="ID")], *, json: Json = False) -> None:
    """Forget an app and its secret; not while credentials need it."""
    from analytics_sync.store import apps as stored

    with opened() as installation, installation.database.write() as connection:
        found = stored.get(connection, id)
        stored.remove(connection, id)
    answer(
        {"id": id, "removed": True},
        as_json=json,
        human=lambda: say(f"Removed app {id}: {found.name} ({found.platform})"),
    )


def as_document(found: "AppRow") -> dict[str, Any]:
    """An app as JSON; of its secret only whether there is one."""
    return {
        "id": found.id,
        "platform": found.platform,
        "name": found.name,
        "client_id": found.client_id,
        "has_secret": found.ciphertext is not None,
        "credentials": found.credentials,
        "created_at": found.created_at,
    }


def _secret() -> str:
    """:raises WrongUsage: standard input holds none."""
    if sys.stdin is None:
        raise WrongUsage(
            "--client-secret-stdin: there is no standard input.", hint="Pipe the secret in."
        )
    read = sys.stdin.buffer.read(LONGEST_SECRET + 1)
    secret = read.decode(errors="replace").strip()
    if not secret:
        raise WrongUsage(
            "--client-secret-stdin: standard input is empty.", hint="Pipe the secret in."
        )
    return secret
