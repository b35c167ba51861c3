"""Journals that dead processes left, all of an installation at once."""

import asyncio
import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from analytics_sync.clock import Clock
from analytics_sync.errors import AnalyticsSyncError
from analytics_sync.locks import Locks
from analytics_sync.platforms._contract import Platform
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.store import kept
from analytics_sync.store.database import Database
from analytics_sync.tokens.facts import facts_of, login_at
from analytics_sync.tokens.journal import Journal
from analytics_sync.tokens.renewal import Renewal
from analytics_sync.tokens.sealing import hide, sealed
from analytics_sync.vault import Vault

log = logging.getLogger(__name__)

NAME: Final = re.compile(r"credential-([0-9]{1,9})\.journal")


def lying(folder: Path) -> list[int]:
    """The credentials whose journals lie there."""
    if not folder.is_dir():
        return []
    matches = (NAME.fullmatch(path.name) for path in folder.iterdir())
    return sorted(int(match[1]) for match in matches if match is not None)


def take_up_all(
    database: Database,
    vault: Vault,
    locks: Locks,
    clock: Clock,
    platforms: Mapping[str, Platform],
    settings: Mapping[str, PlatformSettings],
    journal: Journal,
) -> list[int]:
    """Store each renewed token that is only in a journal; returns the ids of those that stay there."""
    renewal = Renewal(database, vault, locks, clock, settings, journal)
    left = []
    for id in lying(journal.folder):
        with database.read() as connection:
            kind = kept.kind_of(connection, id)
        login = None if kind is None else login_at(platforms.get(kind[0]), kind[1])
        try:
            asyncio.run(renewal.take_up(id, login, clock))
        except AnalyticsSyncError as error:
            log.warning("the journal of credential %s stays: %s", id, error.message)
            left.append(id)
    return left


def put_into(
    connection: Connection, vault: Vault, journal: Journal, platforms: Mapping[str, Platform]
) -> Iterator[int]:
    """Into a restored database whose predecessor is lost: journals that are newer than its rows.

    Gives the ids of those credentials. The journals are removed by the caller, once it is stored.
    """
    for id in lying(journal.folder):
        version = kept.version_of(connection, id)
        told = _version(journal.path(id))
        if version is None or told < version:
            continue
        try:
            entry = journal.read(id, version)
        except AnalyticsSyncError as error:
            log.warning("the journal of credential %s stays: %s", id, error.message)
            continue
        if entry is None:
            continue
        hide(entry.token)
        kind = kept.kind_of(connection, id)
        login = None if kind is None else login_at(platforms.get(kind[0]), kind[1])
        facts = facts_of(entry.token, login).values()
        del facts["subject"], facts["subject_id"]
        ciphertext = vault.seal({"credential": id}, sealed(entry.token))
        kept.renew(connection, id, {**facts, "ciphertext": ciphertext, "version": told + 1})
        yield id


def _version(path: Path) -> int:
    """Of the row that was renewed; -1 where the file does not tell."""
    try:
        text = path.read_text("ascii", errors="replace").partition(" ")[0]
    except OSError:
        return -1
    return int(text) if text.isdecimal() else -1
