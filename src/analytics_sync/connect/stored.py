"""A stored credential, opened: its secret, and the log-in and app through which it came."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection

from analytics_sync.domain.credentials import App, Token
from analytics_sync.errors import ConfigurationInvalid
from analytics_sync.logs import redact
from analytics_sync.platforms._contract import Platform
from analytics_sync.platforms._login import Login
from analytics_sync.store import credentials
from analytics_sync.store.credentials import CredentialRow
from analytics_sync.sync.parts import Parts
from analytics_sync.tokens import opened
from analytics_sync.tokens.apps import app_of
from analytics_sync.vault import Vault


class Stored(NamedTuple):
    """A credential with its secret. `token` None: a command prints it. `app` None: it has none."""

    row: CredentialRow
    token: Token | None
    login: Login | None
    app: App | None

    @property
    def by_login(self) -> bool:
        """Whether it came by a log-in of ours, and not as a token from elsewhere."""
        return self.row.subject_id is not None


def open_stored(connection: Connection, parts: Parts, vault: Vault, id: int) -> Stored:
    """Open a credential.

    :raises WrongUsage: there is no such credential.
    :raises CredentialRefused: its secret, or that of its app, can't be decrypted.
    """
    row = credentials.get(connection, id)
    secret = vault.open({"credential": id}, row.ciphertext)
    token = None if secret.get("command") else opened(secret)
    if token is not None:
        hide(token)
    login = login_for(parts.platforms, row.platform)
    app = None
    if login is not None and row.platform in parts.settings:
        try:
            settings = parts.settings[row.platform]
            app = app_of(connection, vault, settings, row.platform, row.app_id)
        except ConfigurationInvalid:
            app = None
    return Stored(row, token, login, app)


def login_for(platforms: Mapping[str, Platform], name: str) -> Login | None:
    """The log-in whose credentials are kept under this platform."""
    platform = platforms.get(name)
    if platform is None:
        return None
    for kind in (None, *platform.account_kinds):
        login = platform.login(kind)
        if login is not None and login.platform == name:
            return login
    return None


def hide(token: Token) -> None:
    """Keep all that is secret in a token out of whatever is said from now on."""
    redact(token.access_token)
    redact(token.refresh_token or "")
    for one in token.account_tokens.values():
        redact(one)
    if token.oauth1 is not None:
        for one in (token.oauth1.consumer_secret, token.oauth1.token, token.oauth1.token_secret):
            redact(one)
