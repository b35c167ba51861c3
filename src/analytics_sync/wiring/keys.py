"""The key of an installation: where it comes from, and putting another one in its place."""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from analytics_sync.errors import Busy, WrongUsage
from analytics_sync.wiring.installation import Installation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from analytics_sync.vault import Keys

ANOTHER: Final = "key.lock"


class KeyPlace(NamedTuple):
    """Where the key comes from. `place`: credential, command, environment or file.

    `keys`: what each is called, newest first; None where they were not looked at. `rotating`: a
    rotation was begun and not finished.
    """

    place: str
    where: str
    exists: bool
    keys: list[str] | None
    rotating: bool


class Rotated(NamedTuple):
    """What came of a rotation.

    `resumed`: it finished one that had been broken off. `rows`, `journals`: how many secrets were
    sealed anew. `unreadable`: what no key opens; left as it is. `dropped`: keys that are gone.
    `droppable`: those that may be taken out by hand, where the keys are not in the key file.
    `copies`: older copies of the database, which an old key still opens.
    """

    place: str
    where: str
    resumed: bool
    rows: int
    journals: int
    unreadable: tuple[str, ...]
    newest: str
    dropped: tuple[str, ...]
    droppable: tuple[str, ...]
    copies: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {**self._asdict(), "finished": True}


def key_place(opened: Installation) -> KeyPlace:
    """Where the key comes from; `key_command` is not run for it.

    :raises ConfigurationInvalid: a place has keys that can't be read or used.
    """
    from analytics_sync.vault.key_file import is_rotating
    from analytics_sync.vault.keys import find_keys

    rotating = is_rotating(opened.home.key)
    command = opened.settings.key_command
    keys = find_keys(opened.home.key, opened.environ) if not command else _credential(opened)
    if keys is not None:
        return KeyPlace(keys.place, keys.where, True, keys.names, rotating)
    if command:
        return KeyPlace("command", " ".join(command), True, None, rotating)
    return KeyPlace("file", str(opened.home.key), False, None, rotating)


def rotate_key(opened: Installation) -> Rotated:
    """Seal everything with a new key, and drop the old ones; goes on with what was broken off.

    Where the keys come from elsewhere, everything is sealed with the newest of those given.

    :raises ConfigurationInvalid: there is no key, or the key file can't be replaced.
    :raises Busy: another process rotates, or holds a credential for too long; run it again.
    """
    opened.home.create()
    with key_kept(opened):
        before = opened.vault.keys
        if before.place != "file":
            return _resealed(opened, before, resumed=False)
        from analytics_sync.vault.key_file import begin, is_rotating

        resumed = is_rotating(opened.home.key)
        return _resealed(opened, begin(opened.home.key), resumed=resumed)


def _resealed(opened: Installation, keys: "Keys", *, resumed: bool) -> Rotated:
    from analytics_sync.store.rotation import clean_postgresql
    from analytics_sync.tokens.rotation import Rotation
    from analytics_sync.vault import Vault
    from analytics_sync.vault.key_file import finish

    ours = keys.place == "file"
    rotation = Rotation(opened.database, Vault(keys), opened.locks, journal_folder(opened))
    rotation.reseal()
    with rotation.proven() as told:
        # Within, as nobody can have sealed anything with an old key until now.
        if ours:
            finish(opened.home.key, keys.texts[0])
    if opened.database.path is None:
        clean_postgresql(opened.database)
    newest, *older = keys.names
    return Rotated(
        place=keys.place,
        where=keys.where,
        resumed=resumed,
        rows=told.rows,
        journals=told.journals,
        unreadable=told.unreadable,
        newest=newest,
        dropped=tuple(older) if ours else (),
        droppable=() if ours else tuple(older),
        copies=tuple(str(path) for path in _copies(opened)),
    )


def keys_in_backup(facts: dict[str, Any], passphrase: str | None, file: "Path") -> tuple[str, ...]:
    """The keys that a backup brings along.

    :raises WrongUsage: it has none that a passphrase could open, or this one does not.
    """
    wrapped = facts.get("key")
    if passphrase is None:
        return ()
    if not isinstance(wrapped, dict):
        raise WrongUsage(
            f"There is no key in {file} that a passphrase could open.",
            hint="Leave the passphrase out, and put the key file back if the backup has secrets.",
        )
    from analytics_sync.vault.wrapping import unwrap

    return unwrap(wrapped, passphrase, str(file))


def journal_folder(opened: Installation) -> "Path":
    """Where renewed tokens lie between a platform's answer and the database."""
    file = opened.sqlite_file
    return (opened.home.path if file is None else file.parent) / "journal"


@contextmanager
def key_kept(opened: Installation) -> "Iterator[None]":
    """Nobody rotates the key during the block, nor relies on its staying (backups, restores).

    :raises Busy: another process does.
    """
    from analytics_sync.locks import try_lock

    held = try_lock(opened.home.locks / ANOTHER)
    if held is None:
        raise Busy(
            "Another process rotates the key, or makes or restores a backup.",
            hint="Wait until it is done.",
        )
    with held:
        yield


def _credential(opened: Installation) -> "Keys | None":
    """systemd's, which goes before the command."""
    from pathlib import Path

    from analytics_sync.vault.keys import credential_file, find_keys

    file = credential_file(opened.environ)
    if file is None or not file.exists():
        return None
    return find_keys(Path(), {"CREDENTIALS_DIRECTORY": str(file.parent)})


def _copies(opened: Installation) -> "list[Path]":
    """What upgrades and restores kept beside the database."""
    file = opened.sqlite_file
    return [] if file is None else sorted(file.parent.glob(f"{file.name}.before-*.bak"))
