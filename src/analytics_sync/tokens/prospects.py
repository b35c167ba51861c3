"""What to expect of each credential after a restore: which still runs, which needs a person."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import Connection

from analytics_sync.domain.credentials import Token
from analytics_sync.errors import CredentialRefused
from analytics_sync.store import kept
from analytics_sync.tokens.sealing import hide, opened
from analytics_sync.vault import Vault

# It runs; it is tried at the next sync; a person must log in; the key must be put back.
State = Literal["runs", "tried", "log_in", "key_missing"]
STATES: Final[tuple[State, ...]] = ("log_in", "key_missing", "tried", "runs")


class Prospect(NamedTuple):
    """A credential with what becomes of its accounts. `command`: what mends it, where one does."""

    credential_id: int
    platform: str
    subject: str | None
    accounts: int
    businesses: tuple[str, ...]
    state: State
    words: str
    command: str | None = None

    def as_json(self) -> dict[str, Any]:
        return self._asdict()


def prospects(
    connection: Connection,
    vault: Vault | None,
    *,
    now: datetime,
    made_at: str | None,
    newer: Collection[int],
) -> list[Prospect]:
    """Of all credentials that serve accounts, those that need a person first.

    `vault` None: there is no key. `newer`: credentials whose tokens are not the backup's.
    """
    served = kept.served(connection)
    found = [
        _prospect(row, served[row["id"]], vault, now, made_at, fresh=row["id"] in newer)
        for row in kept.all_credentials(connection)
        if row["id"] in served
    ]
    return sorted(found, key=lambda one: STATES.index(one.state))


def _prospect(
    row: Mapping[str, Any],
    served: list[tuple[int, str]],
    vault: Vault | None,
    now: datetime,
    made_at: str | None,
    *,
    fresh: bool,
) -> Prospect:
    state, words = _expected(row, vault, now, made_at, fresh=fresh)
    connect = f"analytics-sync account connect {served[0][0]} {row['platform']}"
    return Prospect(
        credential_id=row["id"],
        platform=row["platform"],
        subject=row["subject"],
        accounts=len(served),
        businesses=tuple(dict.fromkeys(name for _, name in served)),
        state=state,
        words=words,
        command=connect if state == "log_in" else None,
    )


def _expected(
    row: Mapping[str, Any], vault: Vault | None, now: datetime, made_at: str | None, *, fresh: bool
) -> tuple[State, str]:
    if not row["ciphertext"]:
        return "log_in", "its token is not in the backup"
    secret = _opened(vault, row)
    if secret is None:
        return "key_missing", "its token is here, but not the key that opens it"
    if row["refused_at"] is not None:
        return "log_in", f"the platform refused it before: {row['refused_reason'] or 'no reason'}"
    if "command" in secret:
        return "tried", "its command has to be on this machine"
    token = opened(secret)
    hide(token)
    return _of_token(token, row, now, made_at, fresh=fresh)


def _opened(vault: Vault | None, row: Mapping[str, Any]) -> dict[str, Any] | None:
    if vault is None:
        return None
    try:
        return vault.open({"credential": row["id"]}, row["ciphertext"])
    except CredentialRefused:
        return None


def _of_token(
    token: Token, row: Mapping[str, Any], now: datetime, made_at: str | None, *, fresh: bool
) -> tuple[State, str]:
    until = row["renew_until"] if row["renews"] else token.expires_at
    if until is not None and until <= now:
        return "log_in", f"it ended on {until:%Y-%m-%d}"
    if token.refresh_token and token.refreshes and not token.oauth1 and not fresh:
        since = f" of {made_at[:16].replace('T', ' ')} UTC" if made_at else ""
        return "tried", (
            f"it may have been renewed since the backup{since}, and a refresh token can work once:"
            " the next sync tries it"
        )
    return "runs", "no end of it is known" if until is None else f"until {until:%Y-%m-%d}"
