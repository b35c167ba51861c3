"""Which application a log-in goes through, and what to do where there is none."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from analytics_sync.domain.credentials import App
from analytics_sync.errors import ConfigurationInvalid, WrongUsage
from analytics_sync.logs import redact
from analytics_sync.platforms._contract import Platform
from analytics_sync.platforms._login import Login
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.store import apps
from analytics_sync.store.apps import AppRow
from analytics_sync.tokens.apps import default_app, stored_app
from analytics_sync.vault import Vault

# What people call the app of the settings.
DEFAULT = "default"


class Choices(NamedTuple):
    """The apps that a log-in may go through. `used`: that of the accounts which it is about."""

    default: App | None
    stored: tuple[AppRow, ...]
    used: int | None = None

    @property
    def labels(self) -> list[str]:
        named = [f"{row.id} ({row.name}, client id {row.client_id})" for row in self.stored]
        if self.default is not None:
            named.insert(0, f"{DEFAULT} (of the settings, client id {self.default.client_id})")
        return named


def choices(
    connection: Connection, login: Login, settings: PlatformSettings, business_id: int | None = None
) -> Choices:
    """The apps of a log-in's platform."""
    stored = tuple(apps.listed(connection, login.platform))
    used = None
    if business_id is not None:
        used = apps.used_by(connection, business_id, login.platform)
    return Choices(default_app(login.platform, settings), stored, used)


def choose(
    connection: Connection, vault: Vault, login: Login, found: Choices, wanted: str | None
) -> App | None:
    """The app that is named, or the only one, or that of the business's accounts, or the default.

    None: there are several, and nothing tells which is meant.

    :raises WrongUsage: no app is called so.
    :raises ConfigurationInvalid: there is none, or it lacks a secret.
    """
    if wanted is not None:
        app = _named(connection, vault, login, found, wanted)
    elif not found.stored and found.default is None:
        raise no_app(login)
    else:
        app = _obvious(connection, vault, found)
    if app is not None and login.needs_secret and not app.client_secret:
        raise ConfigurationInvalid(
            [f"The {login.platform} app {app.name!r} has no client secret."],
            hint=f"Set platforms.{login.platform}.client_secret, or add it anew: "
            f"`analytics-sync app add {login.platform} --client-secret-stdin`.",
        )
    return app


def _obvious(connection: Connection, vault: Vault, found: Choices) -> App | None:
    known = [row.id for row in found.stored]
    if found.default is None and len(known) == 1:
        return stored_app(connection, vault, known[0])
    if found.used in known:
        return stored_app(connection, vault, found.used)
    return found.default


def _named(
    connection: Connection, vault: Vault, login: Login, found: Choices, wanted: str
) -> App | None:
    word = wanted.strip()
    for row in found.stored:
        if word in {str(row.id), row.name}:
            return stored_app(connection, vault, row.id)
    if word == DEFAULT and found.default is not None:
        return found.default
    raise WrongUsage(
        f"--app: there is no {login.platform} app {word!r}.",
        hint=f"There are: {'; '.join(found.labels)}."
        if found.labels
        else f"Add one: `analytics-sync app add {login.platform}`.",
        code="unknown_app",
    )


def no_app(login: Login, redirect_uri: str | None = None) -> ConfigurationInvalid:
    """No app is known: what a person does, step by step."""
    return ConfigurationInvalid(
        [
            f"No app is known through which people could log in at {login.title}.",
            *how_to(login, redirect_uri),
        ],
        hint=f"Then: `analytics-sync app add {login.platform} --name NAME --client-id ID"
        + (" --client-secret-stdin`." if login.needs_secret else "`."),
        code="no_app",
    )


def how_to(login: Login, redirect_uri: str | None = None) -> list[str]:
    """Where an app is made, what it needs, and who should log in; a line each."""
    scopes = [f"  {scope.name}: {scope.needed_for}" for scope in login.scopes]
    return [
        f"Make one at {login.setup.create_at}:",
        *(f"  {number}. {step}" for number, step in enumerate(login.setup.steps, 1)),
        f"Redirect address, to the letter: {redirect_uri or login.redirect_uri}",
        "Scopes:",
        *scopes,
        f"Who should log in: {login.setup.who}",
    ]


def logins_of(platforms: Iterable[Platform], name: str) -> list[Login]:
    """The log-ins that use apps of this platform."""
    found: dict[type[Login], Login] = {}
    for platform in platforms:
        for kind in platform.account_kinds or (None,):
            login = platform.login(kind)
            if login is not None and login.platform == name:
                found.setdefault(type(login), login)
    return list(found.values())


def add_app(
    connection: Connection,
    vault: Vault,
    logins: Sequence[Login],
    row: AppRow,
    client_secret: str | None,
) -> int:
    """Store an app, its secret sealed for its own row; gives its id.

    :raises WrongUsage: the name is taken, something has the wrong form, or the secret is missing.
    """
    _check("--client-id", row.client_id)
    if not row.name.strip() or not row.name.isprintable() or row.name.isdigit():
        raise WrongUsage(
            f"--name: {row.name!r} is no name.", hint="Numbers are ids; give it some words."
        )
    if client_secret is None and logins and all(login.needs_secret for login in logins):
        raise WrongUsage(
            f"{logins[0].title} wants a client secret.",
            hint="Pipe it in and add --client-secret-stdin; it stands on the app's page.",
        )
    if client_secret is not None:
        _check("--client-secret-stdin", client_secret, shown=False)
        redact(client_secret)
    id = apps.add(
        connection,
        platform=row.platform,
        name=row.name.strip(),
        client_id=row.client_id,
        now=row.created_at,
    )
    if client_secret is not None:
        apps.seal(connection, id, vault.seal({"app": id}, {"client_secret": client_secret}))
    return id


def _check(option: str, value: str, *, shown: bool = True) -> None:
    fine = value and value.isascii() and value.isprintable() and " " not in value
    if not fine or len(value) > 1000:
        raise WrongUsage(
            f"{option}: {repr(value[:100]) + ' is not' if shown else 'what came is not'} one word "
            "of printable characters.",
            hint="Copy it from the app's page at the platform, and nothing else.",
        )
