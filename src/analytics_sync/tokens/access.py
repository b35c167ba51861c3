"""How a run gets at access tokens."""

import asyncio
from typing import Any

from analytics_sync.errors import CredentialRefused, WrongUsage
from analytics_sync.logs import redact
from analytics_sync.store import credentials
from analytics_sync.store.database import Database
from analytics_sync.store.trouble import changed_meanwhile
from analytics_sync.tokens.command import from_command
from analytics_sync.vault import Vault


class Tokens:
    """The access tokens of one run: each credential is opened once."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._opened: dict[int, str] = {}

    async def access_token(self, credential_id: int | None) -> str:
        """The token to send.

        :raises CredentialRefused: there is none, it can't be decrypted, or its command fails.
        :raises Busy: it was replaced meanwhile.
        """
        if credential_id is None:
            raise CredentialRefused(
                "The account has no credential.",
                hint="Add it again with a token: `analytics-sync account add`.",
            )
        if credential_id not in self._opened:
            secret = await asyncio.to_thread(self._open, credential_id)
            command = secret.get("command")
            if command:
                self._opened[credential_id] = (await from_command(command)).access_token
            else:
                self._opened[credential_id] = str(secret["access_token"])
            redact(self._opened[credential_id])
        return self._opened[credential_id]

    def _open(self, credential_id: int) -> dict[str, Any]:
        with self._database.read() as connection:
            try:
                row = credentials.get(connection, credential_id)
            except WrongUsage:
                # The account was removed, or added again with another token, after it was chosen.
                raise changed_meanwhile() from None
        return self._vault.open({"credential": credential_id}, row.ciphertext)
