"""Syncs that a program asks for and does not wait for: claimed at once, run by a process of their own."""

import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from analytics_sync.errors import AnalyticsSyncError
from analytics_sync.settings.home import HOME_VARIABLE
from analytics_sync.wiring.installation import Installation, installation
from analytics_sync.wiring.syncs import manual_order

if TYPE_CHECKING:
    from analytics_sync.store.triggers import Claimed
    from analytics_sync.sync.run import Order

log = logging.getLogger(__name__)

# What a service manager says to the process that it started, and to no other.
NOT_INHERITED: Final = (
    "NOTIFY_SOCKET",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_FDNAMES",
    "WATCHDOG_PID",
)

# Starts a program that outlives the caller; a test may look at it.
Start = Callable[[list[str], Mapping[str, str]], "subprocess.Popen[bytes]"]


def claimed_order(opened: Installation, run_id: int) -> "Order":
    """What the run of this row is to sync.

    :raises WrongUsage: there is no such run.
    """
    from analytics_sync.store import runs

    with opened.database.read() as connection:
        row = runs.get(connection, run_id)
    ids = None if row.businesses is None else frozenset(row.businesses)
    order = manual_order(opened)
    return replace(order, trigger=runs.API, business_ids=ids, run_id=run_id)


def trigger(opened: Installation, business_id: int | None, start: Start | None = None) -> int:
    """Claim the sync of a business, or of all, and let a process run it; returns the run's id.

    The row is written first, so that of any number of callers one wins. The process lives on
    when the caller ends.

    :raises WrongUsage: no such business, it is archived, or there is no account.
    :raises AlreadyRunning: a run that goes on does this work.
    :raises TooManyRuns: as many of these runs go on as may.
    """
    claimed = _claim(opened, business_id)
    for id in claimed.killed:
        opened.locks.forget("run", id)
    run_id = claimed.run_id
    environ = _environ(opened)
    command = [sys.executable, "-P", "-m", "analytics_sync", "sync", "--run", str(run_id)]
    try:
        process = (start or _start)(command, environ)
    except OSError as error:
        _close(opened, run_id, f"The process could not be started: {error.strerror}.")
        return run_id
    log.info("run %s: process %s was started", run_id, process.pid)
    waiting = threading.Thread(
        target=_wait, args=(process, run_id, opened.environ), name=f"run-{run_id}", daemon=True
    )
    waiting.start()
    return run_id


def _claim(opened: Installation, business_id: int | None) -> "Claimed":
    from analytics_sync.store import triggers

    with opened.database.write() as connection:
        return triggers.claim(
            connection,
            business_id,
            now=opened.clock.now(),
            held=partial(opened.locks.held, "run"),
        )


def _environ(opened: Installation) -> dict[str, str]:
    environ = {**opened.environ, HOME_VARIABLE: str(opened.home.path)}
    for name in NOT_INHERITED:
        environ.pop(name, None)
    return environ


def _start(command: list[str], environ: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """A process in a session of its own, which inherits nothing that is open."""
    return subprocess.Popen(  # noqa: S603 - the program itself, with a number
        command,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        umask=0o077,
    )


def _wait(process: "subprocess.Popen[bytes]", run_id: int, environ: Mapping[str, str]) -> None:
    """Wait for the process; a run that it left open is closed with words."""
    status = process.wait()
    how = f"with status {status}" if status >= 0 else f"by signal {-status}"
    words = f"The process of the run was ended {how} before it could record what came of it."
    try:
        with installation(environ) as opened:
            _close(opened, run_id, words)
    except AnalyticsSyncError as error:
        log.warning("run %s: %s %s", run_id, words, error.message)


def _close(opened: Installation, run_id: int, words: str) -> None:
    from analytics_sync.store import triggers

    with opened.database.read() as connection:
        if not triggers.is_open(connection, run_id):
            return
    with opened.database.write() as connection:
        closed = triggers.close_failed(connection, run_id, words, opened.clock.now())
    if closed:
        log.warning("run %s: %s", run_id, words)
        opened.locks.forget("run", run_id)
