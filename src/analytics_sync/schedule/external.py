"""The backend `external`: nothing is installed; a container's or platform's own timer calls `tick`."""

import shlex
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from analytics_sync.clock import is_ahead
from analytics_sync.schedule._backend import Backend, Change, Entry, Place
from analytics_sync.settings.home import HOME_VARIABLE

# Ticks are asked for at least hourly; a slow one of before must not look like an end of all.
LONGEST_SILENCE: Final = timedelta(minutes=75)


class External(Backend):
    """Only taken when it is named. A tick does everything, so that is all there is to see of it."""

    name = "external"

    @classmethod
    def serves(cls, place: Place) -> bool:  # noqa: ARG003
        return False

    def check(self) -> None:
        """Nothing is needed here."""

    def change(self, entries: Sequence[Entry], *, mend: bool = False) -> Change:
        return Change()

    def apply(self, change: Change) -> None:
        """Nothing is written."""

    def drift(self, entries: Sequence[Entry]) -> dict[str, str]:
        return {}

    def alive(self, now: datetime, ticked_at: datetime | None) -> bool:
        """Whether a tick began lately; not one that a wrong clock put into the future."""
        if ticked_at is None or is_ahead(ticked_at, now):
            return False
        return now - ticked_at <= LONGEST_SILENCE

    def advice(self) -> list[str]:
        home, program = shlex.quote(str(self.place.home)), shlex.quote(str(self.place.program))
        return [
            "Let your own timer run this every 5 minutes (at least hourly), as the owner of the home:",
            f"{HOME_VARIABLE}={home} {program} tick",
        ]


BACKEND: Final = External
