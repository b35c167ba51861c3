"""A house whose X accounts hold refresh tokens that work once, and what is stored of them."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from analytics_sync.connect.accounts import NewAccount, add_account
from analytics_sync.domain.credentials import Token
from analytics_sync.domain.records import Account
from analytics_sync.simulator.services._x.oauth import Grant
from analytics_sync.simulator.trouble import ConnectionCut
from analytics_sync.store import accounts, credentials
from analytics_sync.store.credentials import CredentialRow
from analytics_sync.tokens import Tokens, opened, parse_token
from analytics_sync.transport.client import Transport
from analytics_sync.wiring import Installation
from support.house import House

# A little before the end of an access token, when it is time to renew it.
NEARLY = {"hours": 1, "minutes": 56}
ENDED = {"hours": 2, "minutes": 1}


class Wire(httpx.ASGITransport):
    """Leads to the simulated platforms; where those hang up, the connection breaks off."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except ConnectionCut:
            raise httpx.ReadError("broken off", request=request) from None


class Free:
    """Call budgets without a ceiling."""

    async def admit(self, _: object) -> float:
        return 0.0

    def observe(self, _: object) -> None:
        pass


class Renewals(House):
    """One business; `grants` are the consents in the order of their accounts."""

    def __init__(self, folder: Path, accounts: int = 1, **more: Any) -> None:
        super().__init__(folder, **more)
        self.add_business()
        self.grants: list[Grant] = []
        self.accounts: list[Account] = []
        self.add_many(range(1, accounts + 1), posts=2 if accounts == 1 else 1)

    @contextmanager
    def opened(self) -> Iterator[Installation]:
        with super().opened() as found:
            found.network = Wire(self.simulator.app)
            yield found

    @property
    def x(self) -> Any:
        return self.simulator.services["x"]

    def add_x(self, number: int, *, posts: int = 2) -> Account:
        """An X account in the business, with a consent of its own."""
        self.add_many([number], posts=posts)
        return self.accounts[-1]

    def add_many(self, numbers: Iterable[int], *, posts: int) -> None:
        made = [self._consent(number, posts) for number in numbers]
        with self.opened() as found:
            parts = found.parts()
            for new in made:
                added = asyncio.run(add_account(parts, found.vault, new, check=False))
                self.accounts.append(added.account)

    def _consent(self, number: int, posts: int) -> NewAccount:
        handle = self.x.populate(number, f"Acme {number}", posts)
        grant = self.x.oauth.grant(handle.platform_account_id)
        self.grants.append(grant)
        self.simulator.handles.append((1, handle))
        token = parse_token(self.x.token_file(grant), "the test")
        return NewAccount(1, "x", handle.platform_account_id, token=token)

    def row(self, number: int = 0) -> CredentialRow:
        with self.opened() as found, found.database.read() as connection:
            id = accounts.get(connection, self.accounts[number].id).credential_id
            return credentials.get(connection, id)

    def token(self, number: int = 0) -> Token:
        """What is stored, opened."""
        row = self.row(number)
        with self.opened() as found:
            return opened(found.vault.open({"credential": row.id}, row.ciphertext))

    def lives(self, number: int = 0) -> bool:
        """Whether what is stored is what the platform takes next."""
        return self.token(number).refresh_token == self.grants[number].refresh

    def journals(self) -> list[str]:
        folder = self.home.path / "journal"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    def with_tokens(self, act: Any) -> Any:
        """The result of `act(tokens, sender)`, outside of any sync."""

        async def whole(tokens: Tokens) -> Any:
            transport = Transport(budgets=Free(), clock=self.clock, transport=found.network)
            async with transport as senders:
                return await act(tokens, senders.for_account())

        with self.opened() as found:
            return asyncio.run(whole(found.parts().tokens))

    def outcomes(self, record: Any) -> list[str]:
        return [result.outcome for result in record.accounts]

    def refreshes(self) -> int:
        """Requests to renew a token, of the last sync."""
        return sum(n for label, n in self.labels().items() if "token" in label)
