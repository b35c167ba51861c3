"""Stores what a log-in gave: the credential and its accounts, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from analytics_sync.clock import Clock
from analytics_sync.connect.choosing import Placed
from analytics_sync.domain.credentials import App, Reach
from analytics_sync.domain.records import Account
from analytics_sync.platforms._login import Login
from analytics_sync.store import accounts, businesses, credentials
from analytics_sync.store.credentials import CredentialRow
from analytics_sync.store.trouble import changed_meanwhile
from analytics_sync.tokens import sealed
from analytics_sync.tokens.facts import facts_of
from analytics_sync.vault import Vault


@dataclass(frozen=True, slots=True)
class Kept:
    """What was stored. `healed`: the consent was known, and all its accounts have the new token.

    `accounts`: those that were chosen. `served`: how many use the credential. `lost`: those of them
    that this log-in does not reach. `scopes_before`: what the same person had granted, where this
    consent differs.
    """

    credential_id: int
    healed: bool
    accounts: tuple[Account, ...]
    served: int
    lost: tuple[Account, ...] = ()
    scopes_before: tuple[str, ...] = ()


def keep(
    connection: Connection,
    vault: Vault,
    clock: Clock,
    login: Login,
    app: App,
    reach: Reach,
    chosen: Sequence[Placed],
) -> Kept:
    """Store the consent and point the chosen accounts to it; their history is kept.

    The same person through the same app is the same credential: its secret is swapped. An account
    that was connected through another one moves, and that one is forgotten when nobody uses it.

    :raises Busy: somebody changed the credential at this instant.
    :raises WrongUsage: a business was removed while the person logged in.
    """
    for business_id in {placed.business_id for placed in chosen}:
        businesses.find(connection, str(business_id))
    reach = _settled(login, reach)
    row = credentials.of_person(connection, login.platform, app.id, reach.subject_id)
    id = _swapped(connection, vault, login, reach, row) if row else None
    if id is None:
        id = _added(connection, vault, clock, login, app, reach)
    stored = tuple(_put(connection, clock, id, placed) for placed in chosen)
    served = [one for one in accounts.listed(connection) if one.credential_id == id]
    reached = {(one.platform, one.platform_account_id) for one in reach.accounts}
    lost = tuple(one for one in served if (one.platform, one.platform_account_id) not in reached)
    before = tuple((row.scopes or "").split()) if row else ()
    if set(before) == set(reach.token.scopes):
        before = ()
    return Kept(id, row is not None, stored, len(served), lost, before)


def _settled(login: Login, reach: Reach) -> Reach:
    """With a token that needs no rest any more: asking what it reaches has shown that it works."""
    token = reach.token
    if token.issued_at is None or not login.settle:
        return reach
    return replace(reach, token=replace(token, issued_at=token.issued_at - login.settle))


def _added(
    connection: Connection, vault: Vault, clock: Clock, login: Login, app: App, reach: Reach
) -> int:
    id = credentials.add(
        connection,
        platform=login.platform,
        app_id=app.id,
        facts=_facts(login, reach),
        now=clock.now(),
    )
    credentials.seal(connection, id, vault.seal({"credential": id}, sealed(reach.token)))
    return id


def _swapped(
    connection: Connection, vault: Vault, login: Login, reach: Reach, row: CredentialRow
) -> int:
    ciphertext = vault.seal({"credential": row.id}, sealed(reach.token))
    if not credentials.swap(connection, row.id, row.version, ciphertext, _facts(login, reach)):
        raise changed_meanwhile()
    return row.id


def _facts(login: Login, reach: Reach) -> credentials.Facts:
    return facts_of(reach.token, login, subject=reach.subject, subject_id=reach.subject_id)


def _put(connection: Connection, clock: Clock, credential_id: int, placed: Placed) -> Account:
    one = placed.reachable
    return accounts.put(
        connection,
        business_id=placed.business_id,
        platform=one.platform,
        platform_account_id=one.platform_account_id,
        kind=one.kind,
        name=one.name,
        credential_id=credential_id,
        now=clock.now(),
    )
