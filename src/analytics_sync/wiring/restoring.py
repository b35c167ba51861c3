"""Restoring a backup, beside whatever is at work, onto whatever is there."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from analytics_sync.errors import Busy, StoreUnusable, WrongUsage
from analytics_sync.locks import waited_for
from analytics_sync.platforms import all_platforms
from analytics_sync.wiring.backups import take_up
from analytics_sync.wiring.installation import Installation
from analytics_sync.wiring.keys import key_kept, keys_in_backup

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from analytics_sync.locks import Kind
    from analytics_sync.store.database import Database
    from analytics_sync.store.restore import Present
    from analytics_sync.tokens.prospects import Prospect
    from analytics_sync.vault import Vault

# Whoever schedules is done by then.
PATIENCE: Final = 10.0
DAMAGED: Final = ("is damaged", "is not an SQLite database")


class Restored(NamedTuple):
    """A backup that was restored.

    `kept`: where the database is that was there before. `newer`: credentials whose tokens there
    were newer than the backup's, and stay. `jobs`: those that the database wants and this machine
    has to get. `key`: where the key comes from, or has to be put.
    """

    file: str
    made_at: str | None
    database: str
    kept: str | None
    newer: tuple[int, ...]
    jobs: int
    key: str
    credentials: "tuple[Prospect, ...]"

    def as_json(self) -> dict[str, Any]:
        return {**self._asdict(), "credentials": [one.as_json() for one in self.credentials]}


def restore(opened: Installation, file: Path, *, passphrase: str | None, force: bool) -> Restored:
    """Put a backup in the place of the database, which is kept aside.

    :raises WrongUsage: no backup; the passphrase is wrong; there is data, and no `force`.
    :raises StoreUnusable: a newer release wrote it, or the database is another program's.
    :raises Busy: a sync or another command is at work.
    """
    from analytics_sync.store.kept import wanted_jobs
    from analytics_sync.store.restore import draft_of, inspect, sweep

    facts = inspect(file)
    keys = keys_in_backup(facts, passphrase, file)
    opened.home.create()
    job = _Restore(opened, facts, keys, opened.clock.now())
    with key_kept(opened), ExitStack() as held:
        there = job.look(force=force)
        job.open_vault()
        if there and job.vault is not None:
            take_up(opened)
        held.enter_context(job.still(there=there))
        if there:
            sweep(job.folder)
        draft = held.enter_context(draft_of(file, job.folder))
        newer = job.prepare(draft, there=there)
        with draft.read() as connection:
            credentials = job.prospects(connection, newer)
            jobs = wanted_jobs(connection)
        kept = job.replace(draft)
    return Restored(
        file=str(file),
        made_at=facts.get("made_at"),
        database="PostgreSQL" if job.database.path is None else str(job.database.path),
        kept=None if kept is None else str(kept),
        newer=tuple(newer),
        jobs=jobs,
        key=str(opened.home.key) if job.vault is None else job.vault.keys.where,
        credentials=tuple(credentials),
    )


@dataclass
class _Restore:
    """`keys`: those of the backup. `sound`: the database that is there can be read."""

    opened: Installation
    facts: dict[str, Any]
    keys: Sequence[str]
    now: datetime
    vault: "Vault | None" = None
    sound: bool = True
    present: "dict[str, list[Present]]" = field(default_factory=dict)

    @property
    def database(self) -> "Database":
        return self.opened.raw_database

    @property
    def folder(self) -> Path:
        """Where there is room for a draft."""
        path = self.database.path
        return self.opened.home.path if path is None else path.parent

    def look(self, *, force: bool) -> bool:
        """Whether there is a database that can be read.

        :raises WrongUsage: there is data in it, and no `force`.
        :raises StoreUnusable: it is another program's, or a newer release's.
        """
        from analytics_sync.store.migrate import current, refuse_unknown, upgrade
        from analytics_sync.store.restore import anything

        try:
            found = current(self.database)
            refuse_unknown(found)
        except StoreUnusable as error:
            if not any(words in error.message for words in DAMAGED):
                raise
            if not force:
                raise _needs_force(error.message) from None
            self.sound = False
            return False
        if found is None and self.database.path is not None:
            return False
        upgrade(self.database)
        if not force and anything(self.database):
            raise _needs_force(f"There is data in the database {self._name()}.")
        return True

    def open_vault(self) -> None:
        """The installation's own key, which a backup's tokens are sealed with anew.

        Where there is none, one is made when the backup brings its own: else the old one has to be
        put back, and a new one would be in its way.
        """
        from analytics_sync.vault import KeySource, Vault, create_key_file

        opened = self.opened
        source = KeySource(opened.home.key, opened.environ, opened.settings.key_command)
        keys = source.find()
        if keys is None and self.keys:
            keys = create_key_file(opened.home.key)
        self.vault = None if keys is None else Vault(keys, source)

    @contextmanager
    def still(self, *, there: bool) -> Iterator[None]:
        """Nobody schedules, syncs or renews during the block.

        :raises Busy: somebody does.
        """
        from analytics_sync.store.restore import accounts_and_credentials, secrets_in, unended

        if not there:
            yield
            return
        locks = self.opened.locks
        _allow_files()
        with ExitStack() as held:
            held.enter_context(waited_for(locks, "schedule", 0, PATIENCE))
            with self.database.read() as connection:
                runs = [id for id in unended(connection) if locks.held("run", id)]
                accounts, credentials = accounts_and_credentials(connection)
            if runs:
                raise _at_work(f"Run {runs[0]} is at work.")
            kinds: list[tuple[Kind, list[int]]] = [
                ("account", accounts),
                ("credential", credentials),
            ]
            for kind, ids in kinds:
                for id in ids:
                    if not held.enter_context(locks.hold(kind, id)):
                        raise _at_work(f"The {kind} {id} is in use.")
            with self.database.read() as connection:
                self.present = secrets_in(connection)
            yield

    def prepare(self, draft: "Database", *, there: bool) -> list[int]:
        """Let newer tokens stay, and the draft live here; returns whose tokens are not the backup's."""
        from analytics_sync.schedule.place import usual_name
        from analytics_sync.store import residence
        from analytics_sync.store.restore import keep_newer, reseal_draft

        opened = self.opened
        path = self.database.path
        newer: list[int] = []
        with draft.write() as connection:
            if self.vault is not None:
                both = self._both(self.vault)
                reseal_draft(connection, both.reseal)
            if there:
                newer += keep_newer(connection, self.present, self._move)
            elif self.vault is not None:
                from analytics_sync.tokens.left import put_into

                newer += put_into(connection, self.vault, opened.journal, all_platforms())
            here = None if path is None else residence.Residence.of(path)
            residence.put(connection, here, usual_name(opened.home))
        return newer

    def prospects(self, connection: "Connection", newer: Sequence[int]) -> "list[Prospect]":
        from analytics_sync.tokens.prospects import prospects

        return prospects(
            connection,
            self.vault,
            now=self.now,
            made_at=self.facts.get("made_at"),
            newer=newer,
        )

    def replace(self, draft: "Database") -> Path | None:
        """Put the draft in its place; returns where that is which was there."""
        from analytics_sync.store.restore import replace_postgresql, replace_sqlite

        if self.database.path is not None:
            self.database.close()
            draft.close()
            assert draft.path is not None
            return replace_sqlite(draft.path, self.database.path, self.now, sound=self.sound)
        kept = self._kept_postgresql()
        with self.database.write() as connection:
            replace_postgresql(draft, connection)
        return kept

    def _kept_postgresql(self) -> Path | None:
        from analytics_sync.store.backup import write_backup
        from analytics_sync.store.restore import anything

        if not anything(self.database):
            return None
        name = f"analytics-sync.before-restore-{self.now:%Y%m%dT%H%M%SZ}.bak"
        file = self.opened.home.path / name
        write_backup(self.database, file, {"secrets": True}, secrets=True, force=True)
        return file

    def _both(self, vault: "Vault") -> "Vault":
        """What seals with the installation's newest key and opens with the backup's, too."""
        from analytics_sync.vault import Keys, Vault

        ours = vault.keys
        return Vault(Keys((*ours.texts, *self.keys), ours.where, ours.place))

    def _move(self, table: str, before: int, after: int, ciphertext: str) -> str | None:
        """A secret of the present database, sealed for its row in the restored one."""
        if before == after:
            return ciphertext
        from analytics_sync.errors import CredentialRefused

        if self.vault is None:
            return None
        try:
            secret = self.vault.open({table: before}, ciphertext)
        except CredentialRefused:
            return None
        return self.vault.seal({table: after}, secret)

    def _name(self) -> str:
        path = self.database.path
        return "in PostgreSQL" if path is None else str(path)


def _allow_files() -> None:
    """Each lock is an open file: take as many as the system lets this process have."""
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _needs_force(words: str) -> WrongUsage:
    return WrongUsage(
        words,
        hint="--force puts the backup in its place; what is there now is kept beside it.",
        code="data_there",
    )


def _at_work(words: str) -> Busy:
    return Busy(
        words, hint="Wait until it is done, or pause the jobs (`analytics-sync pause --wait`)."
    )
