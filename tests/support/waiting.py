"""Waiting for something to become true, on a machine that may have much else to do."""

import time
from collections.abc import Callable
from typing import Any, Final

PATIENCE: Final = 180.0
PAUSE: Final = 0.02


def until(true: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Ask again and again; gives the first answer that is true."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, f"still not after {seconds:.0f} s"
        time.sleep(PAUSE)
    return found
