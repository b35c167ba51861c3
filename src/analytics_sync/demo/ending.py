"""Lets a signal end the demo as Ctrl-C does: through the blocks that tidy up."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Final

# Python makes an exception of Ctrl-C, and asyncio ends its tasks for it; these just end all.
SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def tidy_ending() -> Iterator[None]:
    """Treat a signal like Ctrl-C, unless it is ignored (`nohup`)."""
    with handlers_kept() as ours:
        for number in ours:
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _interrupt)
        yield


@contextmanager
def handlers_kept() -> Iterator[Sequence[signal.Signals]]:
    """Put back after the block what it made of signals: an event loop leaves them at default.

    Gives the signals that can be set here: only the main thread sets any.
    """
    ours = SIGNALS if threading.current_thread() is threading.main_thread() else ()
    before = {number: signal.getsignal(number) for number in ours}
    try:
        yield ours
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(_: int, __: FrameType | None) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # As a shell starts what runs in the background.
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)
