"""Who looks on while the demo's day goes by."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from analytics_sync.demo.runs import Run
    from analytics_sync.sync.progress import Progress

Bars = Callable[[], "AbstractContextManager[Progress | None]"]


class Audience(Protocol):
    """Told of each thing as soon as it is there."""

    def begin(self, home: Path, *, kept: bool) -> None:
        """The home is there; `kept`: it stays after the demo."""

    def hear(self, text: str) -> None:
        """Something is done."""

    def see(self, run: "Run") -> None:
        """A sync has ended."""

    def progress(self) -> "AbstractContextManager[Progress | None]":
        """What draws the progress of one sync."""


class Listener:
    """An audience that shows nothing but progress. `bars`: what draws that of one sync."""

    def __init__(self, bars: Bars) -> None:
        self.progress = bars

    def begin(self, home: Path, *, kept: bool) -> None:
        pass

    def hear(self, text: str) -> None:
        pass

    def see(self, run: "Run") -> None:
        pass
