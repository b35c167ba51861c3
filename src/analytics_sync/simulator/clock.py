"""The simulated clock: stands still or runs, and is moved by hand."""

import time
from datetime import UTC, datetime, timedelta


class SimulatedClock:
    """Starts at `start`; `running` lets it go with the machine's monotonic clock."""

    def __init__(self, start: datetime, *, running: bool = False) -> None:
        self._base = start.astimezone(UTC)
        self._running = running
        self._since = time.monotonic()

    def now(self) -> datetime:
        if not self._running:
            return self._base
        return self._base + timedelta(seconds=time.monotonic() - self._since)

    def advance(self, span: timedelta) -> datetime:
        """Move forward (or back); returns the new instant."""
        self._base += span
        return self.now()
