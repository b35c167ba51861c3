"""What tests of files share: a database, and texts that are imported into it."""

import io
from datetime import UTC, datetime

from cryptography.fernet import Fernet

from analytics_sync.files.installation import import_installation
from analytics_sync.files.posts import import_posts
from analytics_sync.store import accounts, businesses, posts
from analytics_sync.vault import Keys, Vault

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


class Desk:
    """Imports texts into one database, and shows what is in it."""

    def __init__(self, database):
        self.database = database
        self.vault = Vault(Keys((Fernet.generate_key().decode(),), "the test"))
        self.vaults_opened = 0

    def business(self, name="Acme"):
        with self.database.write() as connection:
            return businesses.add(connection, name, timezone="UTC", now=NOW)

    def account(self, business=1, platform="x", platform_account_id="10", kind=None):
        with self.database.write() as connection:
            return accounts.put(
                connection, business_id=business, platform=platform,
                platform_account_id=platform_account_id, kind=kind, name=None,
                credential_id=None, now=NOW,
            )  # fmt: skip

    def posts(self, text, name="posts.csv", **options):
        raw = text.encode() if isinstance(text, str) else text
        outcome = import_posts(self.database, io.BytesIO(raw), name, now=NOW, **options)
        return self.counted(outcome)

    def installation(self, text, **options):
        raw = text.encode() if isinstance(text, str) else text
        return self.counted(
            import_installation(
                self.database, self._open_vault, io.BytesIO(raw), now=NOW, **options
            )
        )

    def _open_vault(self):
        self.vaults_opened += 1
        return self.vault

    @staticmethod
    def counted(outcome):
        told = outcome.as_json()
        assert set(told) == {"imported", "unchanged", "refused"}
        return told

    def stored(self):
        with self.database.read() as connection:
            return {row.platform_post_id: row for row in posts.listed(connection)}


def counts(told):
    return (told["imported"], told["unchanged"], len(told["refused"]))


def only(told):
    """The one refusal as (line, field, message)."""
    (refusal,) = told["refused"]
    return (refusal["line"], refusal["field"], refusal["message"])
