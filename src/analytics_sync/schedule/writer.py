"""Carries out a change of jobs: writes the database, then brings the machine to it; or neither.

The lock on the schedule is held from the first look to the last write. An error undoes both; a
kill in between leaves a difference that `jobs` names and `schedule --apply` mends.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from analytics_sync.clock import Clock
from analytics_sync.domain.jobs import EXTERNAL
from analytics_sync.errors import SchedulerUnusable, WrongUsage
from analytics_sync.locks import Locks, waited_for
from analytics_sync.schedule import machine
from analytics_sync.schedule._backend import Backend, Change, Place
from analytics_sync.schedule.choice import all_backends, backend_named, usual_backend
from analytics_sync.schedule.place import MOVING, check_place, find_place, host
from analytics_sync.schedule.state import State, read_state
from analytics_sync.schedule.words import MOVE
from analytics_sync.settings.home import Home
from analytics_sync.settings.load import Settings
from analytics_sync.store.light import Rows, glance, over

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from analytics_sync.store.database import Database

# Others that schedule at the same moment are served first; each takes a second at most.
PATIENCE: Final = 300.0


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of some jobs in the database: `begin` before the machine's, `finish` after it.

    `installs`: whether entries are left, so that it matters what they hold.
    """

    names: tuple[str, ...] = ()
    installs: bool = True
    begin: "Callable[[Connection], object]" = lambda _: None
    finish: "Callable[[Connection], object] | None" = None


@dataclass(frozen=True, slots=True)
class Done:
    """An edit that was carried out: the states around it, and what it changed on the machine."""

    before: State
    after: State
    backend: Backend
    change: Change


@dataclass
class Writer:
    """What writing jobs takes. `make_key`: makes sure of the key that jobs will need."""

    home: Home
    settings: Settings
    environ: Mapping[str, str] = field(repr=False)
    clock: Clock
    locks: Callable[[], Locks]
    database: "Callable[[], Database]"
    make_key: Callable[[], object]

    def carry_out(
        self,
        plan: Callable[[Rows, State], Edit],
        named: str | None,
        *,
        move: bool = False,
        mend: bool = False,
        cleared: list[str] | None = None,
    ) -> Done:
        """Write an edit into the database, then make the machine hold what it says.

        `move`: to another backend or machine, and whatever is damaged of ours is mended.
        """
        with self.locked() as database:
            with database.read() as connection:
                rows = over(connection)
                before = read_state(rows, self.home)
                edit = plan(rows, before)
            backend = self.usable_backend(before, named, move=move, installs=edit.installs)
            if edit.installs and backend.place.key is not None:
                self.make_key()
            if move and before.backend not in {None, backend.name}:
                with suppress(OSError):
                    self._moving.touch()
            after, undo = self._write(database, before, edit, backend.name)
            try:
                change, made = machine.install(
                    backend, after.entries, before.entries, mend=move or mend
                )
                try:
                    if move and cleared is not None:
                        cleared += self._clear_others(backend, before)
                except BaseException:
                    machine.undo(backend, change)
                    raise
            except BaseException:
                with database.write() as connection:
                    undo(connection)
                raise
            self._finish(database, edit, after, made)
            if move:
                self.forget_move()
        return Done(before, after, backend, change)

    def _write(
        self, database: "Database", before: State, edit: Edit, backend: str
    ) -> "tuple[State, Callable[[Connection], None]]":
        """The first step; returns the state that the machine must follow, and the way back."""
        from analytics_sync.store import schedules

        was = before.installed
        with database.write() as connection:
            schedules.installed(connection, was.name)
            schedules.forget_ended(connection)
            rows = schedules.kept(connection, edit.names)
            edit.begin(connection)
            where = None if backend == EXTERNAL else host()
            schedules.note_installed(connection, was._replace(backend=backend, host=where))
            after = read_state(over(connection), self.home)

        def undo(connection: "Connection") -> None:
            schedules.put_back(connection, edit.names, rows)
            schedules.note_installed(connection, was)

        return after, undo

    def _finish(self, database: "Database", edit: Edit, after: State, made: set[str]) -> None:
        """The last step: what ended is forgotten; without jobs no folder of ours stays."""
        from analytics_sync.store import schedules

        now = after.installed
        folders = {*now.made, *made}
        if not after.live:
            machine.remove_folders(map(Path, folders))
            now, folders = now._replace(backend=None, host=None), set()
        elif edit.finish is None and folders == set(now.made):
            # Nothing is left that could fail, after all is in place.
            return
        with database.write() as connection:
            if edit.finish is not None:
                edit.finish(connection)
            schedules.note_installed(connection, now._replace(made=tuple(sorted(folders))))

    def usable_backend(
        self, state: State, named: str | None, *, move: bool = False, installs: bool = True
    ) -> Backend:
        """The backend to use, after every check that can be made before writing.

        :raises WrongUsage: another one holds the jobs, and they were not to be moved.
        :raises SchedulerUnusable: it can't be used here and now.
        """
        if state.elsewhere and state.live and not move:
            raise SchedulerUnusable(
                f"The jobs are installed on {state.elsewhere}; this machine is {host()}.",
                hint=f"Run the command there, or move them here: `{MOVE}`.",
                code="installed_elsewhere",
            )
        place = self.place(state)
        current = None if state.elsewhere else state.backend
        chosen = named or current
        backend = usual_backend(place) if chosen is None else backend_named(chosen)
        if named not in {None, backend.name, backend.form(place)}:
            raise WrongUsage(
                f"This user gets {backend.form(place)}, not {named}.",
                hint="Root's jobs are system units; run the command as the user who wants others.",
                code="other_form",
            )
        if current and backend.name != current and not move:
            raise WrongUsage(
                f"The jobs are installed in {current}; they can't be in {backend.name} too.",
                hint=f"Move all of them: `{MOVE} --backend {backend.name}`.",
                code="other_backend",
            )
        if installs and backend.name != EXTERNAL:
            check_place(place, self.settings)
        # A key that is missing yet is made before anything is installed.
        there = place.key is not None and place.key.exists()
        backend(place if there else replace(place, key=None)).check()
        return backend(place)

    def _clear_others(self, backend: Backend, before: State) -> list[str]:
        """Leave nothing of ours with any other backend of this machine; returns what stayed there.

        :raises SchedulerUnusable: the one that held the jobs keeps them, and would start them.
        """
        stayed = []
        for other in self.others(backend, before):
            try:
                machine.clear(other)
            except SchedulerUnusable as error:
                if not self._held(other, before):
                    continue
                if other.alive(self.clock.now(), before.installed.ticked_at):
                    raise
                stayed.append(f"What {other.name} holds could not be removed: {error.message}")
        return stayed

    def what_goes(self, backend: Backend, before: State) -> list[Change]:
        """What would be taken away from all other backends; writes nothing.

        :raises SchedulerUnusable: as when it is done.
        """
        found = []
        for other in self.others(backend, before):
            try:
                found.append(other.change((), mend=True))
            except SchedulerUnusable:
                alive = other.alive(self.clock.now(), before.installed.ticked_at)
                if self._held(other, before) and alive:
                    raise
        return found

    @staticmethod
    def _held(other: Backend, before: State) -> bool:
        """Whether the jobs were in this backend, and on this machine."""
        return other.name == before.backend and not before.elsewhere

    def others(self, backend: Backend, state: State) -> list[Backend]:
        """All other backends, the one that holds the jobs first."""
        kinds = sorted(all_backends(), key=lambda kind: kind.name != state.installed.backend)
        return [kind(self.place(state)) for kind in kinds if kind.name != backend.name]

    @property
    def _moving(self) -> Path:
        return self.home.path / MOVING

    def forget_move(self) -> None:
        """No other backend holds anything of ours now, not even of a move that was killed."""
        with suppress(OSError):
            self._moving.unlink()

    def place(self, state: State) -> Place:
        return find_place(state.installed.name, self.home, self.settings, self.environ)

    @contextmanager
    def glance(self, *, upgrade: bool = True) -> Iterator[Rows]:
        with glance(self.settings.database_url, self.database if upgrade else None) as rows:
            yield rows

    @contextmanager
    def locked(self) -> "Iterator[Database]":
        database = self.database()
        with waited_for(self.locks(), "schedule", 0, PATIENCE):
            yield database
