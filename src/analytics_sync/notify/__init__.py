"""Tells people how scheduled jobs fare: a ping for each run, a command when something breaks."""

from analytics_sync.domain.jobs import Job


class Teller:
    """Tells nobody: what an installation has whose `[notify]` is empty.

    Whoever runs a job calls both, outside of an event loop. Neither ever raises, and a sync's
    outcome never depends on them.
    """

    def started(self, job: Job) -> None:
        """A run of a job begins. Takes no time: what is sent is sent beside the run."""

    def ended(self, job: Job, status: int, words: str) -> None:
        """It ended with an exit status; `words`: a line or a few about it, for people."""
