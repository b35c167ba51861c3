"""Tells people how jobs fare: a ping for each run, a command when something breaks or ends."""

from typing import TYPE_CHECKING

from analytics_sync.domain.jobs import Job

if TYPE_CHECKING:
    from analytics_sync.store.consents import Consent


class Teller:
    """Tells nobody: what an installation has whose `[notify]` is empty.

    Whoever runs a job calls `started` and `ended`, outside of a transaction. They never raise, and
    what comes of a sync never depends on them.
    """

    def started(self, job: Job) -> None:
        """A run of a job begins. Takes no time: what is sent is sent beside the run."""

    def ended(self, job: Job, status: int, words: str) -> None:
        """It ended with an exit status; `words`: a line or a few about it, for people."""

    def remind(self, job: Job, status: int, words: str) -> None:
        """It ended so some time ago: tell whoever is told once and does not know yet."""

    def ends(self, consent: "Consent", words: str) -> bool:
        """A credential ends soon, or has ended: whether all that should be told were."""
        return True

    def test(self) -> dict[str, str]:
        """Send a test in each way: what went wrong with it, or nothing, by the setting's name."""
        return {}
