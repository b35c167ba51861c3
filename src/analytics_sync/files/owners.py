"""Imports accounts with their tokens, and finds the account that a line belongs to."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from analytics_sync.domain.records import Account
from analytics_sync.errors import WrongUsage
from analytics_sync.files import values
from analytics_sync.files.directory import Directory, account_id
from analytics_sync.files.outcome import Refused, shown
from analytics_sync.platforms._contract import Platform
from analytics_sync.store import accounts, credentials
from analytics_sync.tokens import Token, dated, facts_of, login_at, parse_token, sealed, token_from
from analytics_sync.vault import Vault


class Owners:
    """The accounts of one import.

    An account that is known already keeps its id; then the file's id for it holds in this import
    alone. One token that several accounts have becomes one credential, because it is refreshed
    as one.
    """

    def __init__(
        self, directory: Directory, open_vault: Callable[[], Vault], now: datetime
    ) -> None:
        self._directory = directory
        self._open_vault = open_vault
        self._now = now
        self._by_file_id: dict[int, Account] = {}
        self._credentials: dict[tuple[str, Token], int] = {}

    def of(self, fields: Mapping[str, Any]) -> Account:
        """The account that `account_id`, or business, platform and the platform's id name."""
        id = values.id_of(fields, "account_id")
        if id is None:
            return self._directory.account(fields)
        found = self._by_file_id.get(id) or self._directory.account_by_id(id)
        if found is None:
            raise Refused("account_id", f"There is no account {id}, nor a line before this for it.")
        return found

    def account_line(self, connection: Connection, fields: Mapping[str, Any]) -> bool:
        """Make an account, or give a known one the token that it lacks; whether that was news."""
        business, platform = self._directory.business(fields), self._directory.platform(fields)
        wanted = account_id(platform, fields)
        id, name = values.id_of(fields, "id"), values.word(fields, "name")
        kind, token = _kind(platform, wanted, fields), read_token(fields)
        known = self._directory.known_account(business.id, platform.name, wanted)
        if known is not None and (token is None or known.credential_id is not None):
            self._remember(id, known)
            return False
        _refuse_taken(connection, id, (business.id, platform.name, wanted))
        kind = known.kind if known else kind
        made = accounts.put(
            connection,
            business_id=business.id,
            platform=platform.name,
            platform_account_id=wanted,
            kind=kind,
            name=name,
            credential_id=self._credential(connection, platform, token, name=name, kind=kind),
            now=self._now,
            id=id,
        )
        self._directory.add_accounts([made])
        self._remember(id, made)
        return True

    def _remember(self, id: int | None, account: Account) -> None:
        if id is not None:
            self._by_file_id[id] = account

    def _credential(
        self,
        connection: Connection,
        platform: Platform,
        token: Token | None,
        *,
        name: str | None,
        kind: str | None,
    ) -> int | None:
        """Seal the token at once, in a credential of its own or in the one that holds it."""
        if token is None:
            return None
        key = (platform.name, token)
        if key not in self._credentials:
            login = login_at(platform, kind)
            kept = dated(token, login, self._now)
            id = credentials.add(
                connection,
                platform=platform.name,
                facts=facts_of(kept, login, subject=name),
                now=self._now,
            )
            ciphertext = self._open_vault().seal({"credential": id}, sealed(kept))
            credentials.seal(connection, id, ciphertext)
            self._credentials[key] = id
        return self._credentials[key]


def read_token(fields: Mapping[str, Any]) -> Token | None:
    """The token of an account's line: under `token`, as text or object, or beside the rest."""
    try:
        match fields.get("token"):
            case dict() as told:
                return token_from(told, "token")
            case str() as said if said.strip():
                return parse_token(said, "token")
            case None | str():
                pass
            case _:
                raise Refused("token", "token must be a text or an object.")
    except WrongUsage as error:
        raise Refused("token", error.message) from None
    if "access_token" not in fields:
        return None
    try:
        return token_from(fields, "access_token")
    except WrongUsage as error:
        raise Refused("access_token", error.message) from None


def _kind(platform: Platform, platform_account_id: str, fields: Mapping[str, Any]) -> str | None:
    said = values.word(fields, "kind")
    if said is not None and said not in platform.account_kinds:
        kinds = ", ".join(platform.account_kinds) or "none"
        words = f"{platform.title} has no accounts of kind {shown(said)}. Its kinds: {kinds}."
        raise Refused("kind", words)
    return platform.account_kind(platform_account_id, said)


def _refuse_taken(connection: Connection, id: int | None, place: tuple[int, str, str]) -> None:
    holder = accounts.holder(connection, id) if id is not None else None
    if holder is None:
        return
    if (holder.business_id, holder.platform, holder.platform_account_id) != place:
        words = f"The id {id} belongs to the {holder.platform} account {holder.platform_account_id}"
        raise Refused("id", f"{words} of business {holder.business_id}.")
