"""Backups, and taking over a copied installation."""

import logging
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final, NamedTuple

from analytics_sync.clock import iso
from analytics_sync.errors import ConfigurationInvalid, WrongUsage
from analytics_sync.platforms import all_platforms
from analytics_sync.version import __version__
from analytics_sync.wiring.installation import Installation
from analytics_sync.wiring.keys import journal_folder, key_kept

log = logging.getLogger(__name__)
BESIDE_DATABASE: Final = ("-wal", "-shm", "-journal", ".write.lock")


class BackedUp(NamedTuple):
    """A backup that was written. `key`: its passphrase opens a copy of the key in it.

    `journals`: credentials whose newest token is in a journal that could not be taken up, and
    therefore not in the backup.
    """

    file: str
    bytes: int
    made_at: str
    secrets: bool
    key: bool
    journals: tuple[int, ...]

    def as_json(self) -> dict[str, Any]:
        return self._asdict()


def back_up(
    opened: Installation, file: Path, *, secrets: bool, passphrase: str | None, force: bool
) -> BackedUp:
    """Write a backup; syncs may go on meanwhile.

    :raises WrongUsage: the file exists, or a passphrase has nothing to protect.
    :raises ConfigurationInvalid: the key is to be in it, and can't be read.
    """
    _ = opened.database
    if passphrase is not None and not secrets:
        raise WrongUsage(
            "A passphrase protects the key, which is in a backup --with-credentials alone.",
            hint="Add --with-credentials, or leave the passphrase out.",
        )
    _refuse_own(opened, file)
    with key_kept(opened) if secrets else nullcontext():
        return _written(opened, file, secrets=secrets, passphrase=passphrase, force=force)


def _refuse_own(opened: Installation, file: Path) -> None:
    """:raises WrongUsage: the file is one of the installation's own, which it could not do without."""
    home, database = opened.home, opened.sqlite_file
    own = [home.key, home.config]
    if database is not None:
        own += [database.with_name(database.name + ending) for ending in BESIDE_DATABASE]
    # Neither the file nor a link to it.
    places = {place for one in own for place in (_place(one), one.resolve())}
    folders = {home.locks.resolve(), home.logs.resolve(), journal_folder(opened).resolve()}
    if places & {_place(file), file.resolve()} or _place(file).parent in folders:
        raise WrongUsage(
            f"{file} is a file of this installation itself.", hint="Name another file."
        )


def _place(file: Path) -> Path:
    """Where a file's name stands, whatever is there."""
    return file.parent.resolve() / file.name


def _written(
    opened: Installation, file: Path, *, secrets: bool, passphrase: str | None, force: bool
) -> BackedUp:
    from analytics_sync.store.backup import write_backup

    facts: dict[str, Any] = {
        "made_at": iso(opened.clock.now()),
        "version": __version__,
        "secrets": secrets,
    }
    if passphrase is not None:
        from analytics_sync.vault.wrapping import wrap

        facts["key"] = wrap(opened.vault.keys.texts, passphrase)
    elif secrets:
        _refuse_two_keys(opened)
    left = take_up(opened) if secrets else []
    write_backup(opened.database, file, facts, secrets=secrets, force=force)
    return BackedUp(
        str(file),
        file.stat().st_size,
        facts["made_at"],
        secrets,
        passphrase is not None,
        tuple(left),
    )


def _refuse_two_keys(opened: Installation) -> None:
    """:raises WrongUsage: some tokens are under a key that will be gone."""
    from analytics_sync.vault.key_file import is_rotating

    if is_rotating(opened.home.key):
        raise WrongUsage(
            "The rotation of the key was broken off, and the backup would need the old key too.",
            hint="Finish it first: `analytics-sync key rotate`; or give a passphrase.",
            code="key_rotation",
        )


def take_over(opened: Installation) -> tuple[str | None, str]:
    """Let the database live where it lies now; returns where it lived before, and where it does.

    :raises WrongUsage: it is not a file.
    """
    from analytics_sync.schedule.place import usual_name
    from analytics_sync.store.residence import take_over as taken

    return taken(opened.database, usual_name(opened.home))


def take_up(opened: Installation) -> list[int]:
    """Store renewed tokens that are only in journals; returns the credentials whose stay there."""
    from analytics_sync.tokens.left import lying, take_up_all

    folder = journal_folder(opened)
    if not lying(folder):
        return []
    try:
        return take_up_all(
            opened.database,
            opened.vault,
            opened.locks,
            opened.clock,
            all_platforms(),
            opened.settings.platforms,
            opened.journal,
        )
    except ConfigurationInvalid as error:
        log.warning("journals in %s are not taken up: %s", folder, error.message)
        return lying(folder)
