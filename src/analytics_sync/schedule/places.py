"""Bounds how many jobs run at once: after a power-off, systemd starts all that were missed together."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from analytics_sync.errors import Busy
from analytics_sync.locks import Lock, try_lock

# Each of them takes some 60 MiB.
PLACES: Final = 16
PATIENCE: Final = 5.0
PAUSE: Final = 0.25


@contextmanager
def place(
    folder: Path,
    *,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """One of the places for jobs of this home on this machine, for the block.

    :raises Busy: none got free for some seconds. The slot stays due, and a tick takes it.
    """
    end = monotonic() + PATIENCE
    while (held := _free(folder)) is None:
        if monotonic() >= end:
            raise Busy(
                f"{PLACES} jobs run already on this machine.",
                hint="Nothing to do: the next tick runs what is left.",
            )
        sleep(PAUSE)
    with held:
        yield


def _free(folder: Path) -> Lock | None:
    folder.mkdir(mode=0o700, exist_ok=True)
    taken = (try_lock(folder / f"place-{number}.lock") for number in range(PLACES))
    return next((lock for lock in taken if lock is not None), None)
