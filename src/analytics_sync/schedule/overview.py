"""What `jobs` shows: each job with its times, whether it runs now, and how the machine differs."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

from analytics_sync.errors import AnalyticsSyncError
from analytics_sync.locks import Locks
from analytics_sync.schedule._backend import Backend, Place
from analytics_sync.schedule.choice import ON_THIS_MACHINE, backend_named
from analytics_sync.schedule.entries import unseen
from analytics_sync.schedule.place import MOVING, find_place
from analytics_sync.schedule.state import State, read_state
from analytics_sync.schedule.words import said
from analytics_sync.settings.home import Home
from analytics_sync.settings.load import Settings
from analytics_sync.store.jobs import Known
from analytics_sync.store.light import Rows


class Shown(NamedTuple):
    """A job as people see it. `next_run`: None while nothing is due, as when it is paused."""

    known: Known
    next_run: datetime | None
    running: bool
    drift: str | None

    def as_json(self) -> dict[str, Any]:
        job, last = self.known.job, self.known.last
        return {
            "id": job.name,
            "name": job.title,
            "trigger": said(job.timing),
            "next_run_time": self.next_run,
            "last_run_time": self.known.claimed_at,
            "running": self.running,
            "paused": job.paused_at is not None,
            "business_id": job.business_id,
            "drift": self.drift,
            "last_status": None if last is None else last.status,
            "last_run_id": self.known.run_id,
        }


class Overview(NamedTuple):
    """All jobs on this machine. `strays`: what of ours is there that belongs to no job.

    `alive`: whether the scheduler itself runs; None: not to be seen from this machine.
    """

    state: State
    backend: Backend | None
    jobs: tuple[Shown, ...]
    strays: str | None
    alive: bool | None


def overview(
    rows: Rows,
    home: Home,
    settings: Settings,
    environ: Mapping[str, str],
    locks: Locks,
    now: datetime,
) -> Overview:
    """All jobs of an installation, as they are now."""
    state = read_state(rows, home)
    return look(state, find_place(state.installed.name, home, settings, environ), locks, now)


def look(state: State, place: Place, locks: Locks, now: datetime) -> Overview:
    """Compare the database with the machine. Nothing is written, and nothing fails: what can't be
    seen is said as a difference.
    """
    backend, trouble = _backend_of(state, place)
    names = [one.job.name for one in state.live]
    drift = unseen(names, trouble) if trouble else _drift(state, backend)
    left = "; ".join(filter(None, (drift.get(""), *_left_behind(state, place))))
    drift = drift | ({"": left} if left else {})
    shown = tuple(_shown(one, drift, locks, now) for one in state.live)
    alive = _alive(state, backend, now)
    return Overview(state, backend, shown, _rest(state, drift), alive)


def _shown(known: Known, drift: Mapping[str, str], locks: Locks, now: datetime) -> Shown:
    last = known.last
    # Only of a run that has not noted its end can the lock be held for long.
    running = last is not None and last.finished_at is None and locks.held("slot", known.job.id)
    return Shown(known, known.job.next_run(now), running, drift.get(known.job.name))


def _backend_of(state: State, place: Place) -> tuple[Backend | None, str]:
    """The backend that holds the jobs, if this machine does; what is wrong with it."""
    name = state.installed.backend
    if name is None:
        return None, "the jobs are installed nowhere" if state.live else ""
    try:
        return backend_named(name)(place), ""
    except AnalyticsSyncError as error:
        return None, error.message


def _drift(state: State, backend: Backend | None) -> dict[str, str]:
    if state.elsewhere:
        return {one.job.name: f"installed on {state.elsewhere}" for one in state.live}
    if backend is None:
        return {}
    try:
        return backend.drift(state.expected)
    except AnalyticsSyncError as error:
        return unseen((one.job.name for one in state.live), error.message)


def _left_behind(state: State, place: Place) -> Iterator[str]:
    """What other backends hold, though all jobs are in one: a move was killed half-way."""
    # To look into each of them takes as long as all the rest.
    if state.elsewhere or not os.access(place.home / MOVING, os.F_OK):
        return
    for name in ON_THIS_MACHINE:
        if name != state.installed.backend:
            # One that can't be looked through starts nothing, or nothing that could be mended.
            with suppress(AnalyticsSyncError):
                for piece in backend_named(name)(place).change((), mend=True).pieces[:1]:
                    yield f"entries that should be gone are in {name} ({piece.where})"


def _rest(state: State, drift: Mapping[str, str]) -> str | None:
    """What is told under no job: of the tick, and of what belongs to no job."""
    jobs = {one.job.name for one in state.known}
    rest = [
        f"{name}: {words}" if name else words for name, words in drift.items() if name not in jobs
    ]
    return "; ".join(rest) or None


def _alive(state: State, backend: Backend | None, now: datetime) -> bool | None:
    if backend is None or not state.live:
        return False
    return None if state.elsewhere else backend.alive(now, state.installed.ticked_at)
