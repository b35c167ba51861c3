"""A stored credential, opened: its secret, and the log-in and app through which it came."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection

from analytics_sync.domain.credentials import App, Token
from analytics_sync.domain.records import Account
from analytics_sync.errors import ConfigurationInvalid
from analytics_sync.platforms._contract import Platform
from analytics_sync.platforms._login import Login, Talk
from analytics_sync.store import credentials
from analytics_sync.store.credentials import CredentialRow
from analytics_sync.sync.parts import Parts
from analytics_sync.tokens import opened
from analytics_sync.tokens.apps import app_of
from analytics_sync.tokens.facts import login_at
from analytics_sync.tokens.sealing import hide
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


def open_stored(
    connection: Connection, parts: Parts, vault: Vault, id: int, kind: str | None = None
) -> Stored:
    """Open a credential. `kind`: of an account that it serves, where there is one.

    :raises WrongUsage: there is no such credential.
    :raises CredentialRefused: its secret, or that of its app, can't be decrypted.
    """
    row = credentials.get(connection, id)
    secret = vault.open({"credential": id}, row.ciphertext)
    token = None if secret.get("command") else opened(secret)
    if token is not None:
        hide(token)
    login = login_for(parts.platforms, row.platform, kind)
    app = None
    if login is not None and row.platform in parts.settings:
        try:
            settings = parts.settings[row.platform]
            app = app_of(connection, vault, settings, row.platform, row.app_id)
        except ConfigurationInvalid:
            app = None
    return Stored(row, token, login, app)


async def fresh(parts: Parts, vault: Vault, found: Stored, account: Account, talk: Talk) -> Stored:
    """The same, renewed where its access token has expired and can be; else as it is.

    `account`: one that is to be asked about with it.

    :raises AnalyticsSyncError: as `Tokens.access`.
    """
    token, login = found.token, found.login
    if token is None or login is None or token.expires_at is None or not login.renews(token):
        return found
    if token.expires_at > talk.clock.now():
        return found
    await parts.tokens.access(account._replace(credential_id=found.row.id), talk.sender)
    return await parts.read(open_stored, parts, vault, found.row.id, account.kind)


def login_for(
    platforms: Mapping[str, Platform], name: str, kind: str | None = None
) -> Login | None:
    """The log-in whose credentials are kept under this platform."""
    platform = platforms.get(name)
    for one in (kind, None, *(platform.account_kinds if platform is not None else ())):
        login = login_at(platform, one)
        if login is not None and login.platform == name:
            return login
    return None
