"""Opens the installation for one request, and for only so many requests at once."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from analytics_sync.errors import Busy
from analytics_sync.wiring import Installation, installation

# Each has files or a connection open while it is served; the others wait for their turn.
AT_ONCE: Final = 16
PATIENCE: Final = 20.0

_places = threading.BoundedSemaphore(AT_ONCE)
# A test may put another in its place.
open_installation: Callable[[], AbstractContextManager[Installation]] = installation


@contextmanager
def opened() -> Iterator[Installation]:
    """The installation that the environment names, as its settings are now; for a worker thread.

    Nothing is kept between requests: what a command changes meanwhile, a restored database or
    other settings, holds from the next request on, with any number of workers.

    :raises Busy: too many requests are being served.
    """
    if not _places.acquire(timeout=PATIENCE):
        raise Busy("Too many requests are being served.", hint="Try again in a moment.")
    try:
        with open_installation() as found:
            yield found
    finally:
        _places.release()
