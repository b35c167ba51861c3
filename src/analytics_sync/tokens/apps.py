"""The OAuth application behind a credential: a stored one, or the default of the settings."""

from dataclasses import replace

from sqlalchemy import Connection

from analytics_sync.domain.credentials import App
from analytics_sync.errors import ConfigurationInvalid
from analytics_sync.logs import redact
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.store import apps
from analytics_sync.vault import Vault


def default_app(platform: str, settings: PlatformSettings) -> App | None:
    """The app of the settings; None where they have none."""
    if not settings.client_id:
        return None
    return App(platform, settings.client_id, settings.client_secret)


def stored_app(connection: Connection, vault: Vault, id: int) -> App:
    """A stored app with its secret.

    :raises WrongUsage: there is no such app.
    :raises CredentialRefused: its secret can't be decrypted.
    """
    row = apps.get(connection, id)
    secret = None
    if row.ciphertext is not None:
        secret = str(vault.open({"app": id}, row.ciphertext)["client_secret"])
        redact(secret)
    return App(row.platform, row.client_id, secret, row.id, row.name)


def app_of(
    connection: Connection,
    vault: Vault,
    settings: PlatformSettings,
    platform: str,
    app_id: int | None,
) -> App:
    """The app through which a credential was given.

    :raises ConfigurationInvalid: it is the default app, and the settings have none (any more).
    """
    if app_id is not None:
        return stored_app(connection, vault, app_id)
    found = default_app(platform, settings)
    if found is None:
        raise ConfigurationInvalid(
            [f"platforms.{platform}.client_id is not set, and the credential needs an app"],
            hint=f"Set client_id and client_secret, or add an app: `analytics-sync app add {platform}`.",
        )
    return found


def with_app(settings: PlatformSettings, app: App) -> PlatformSettings:
    """A platform's settings with this app of its own in place of the default one."""
    return replace(settings, client_id=app.client_id, client_secret=app.client_secret)


def settings_with(settings: PlatformSettings, platform: str, app: App) -> PlatformSettings:
    """The settings of an account's platform with the app behind its credential.

    An Instagram account may be reached through an app at Facebook: then it is that sibling's.
    """
    if app.platform == platform:
        return with_app(settings, app)
    if app.platform not in settings.siblings:
        return settings
    there = with_app(settings.siblings[app.platform], app)
    return replace(settings, siblings={**settings.siblings, app.platform: there})
