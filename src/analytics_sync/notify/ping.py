"""Pings a monitoring service in the way of Healthchecks: a start, a success, a failed exit status."""

import logging
import threading
from typing import Final
from urllib.parse import quote

from analytics_sync.clock import Clock
from analytics_sync.errors import AnalyticsSyncError
from analytics_sync.notify.event import told
from analytics_sync.settings.address import JOB

LABEL: Final = "notify.url"
START_SECONDS: Final = 5.0
END_SECONDS: Final = 10.0
# Beside the time that a request itself is given.
GRACE: Final = 0.5

_log = logging.getLogger(__name__)


class Pings:
    """Pings of one address. Each is sent by a thread, so that no wait for it is ever longer than
    its time: not even a system that looks for the host's name for minutes holds a job up.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        self._url = url
        self._clock = clock
        self._starting: dict[str, _Sent] = {}

    def start(self, job: str) -> None:
        """Tell that a run begins, without waiting for it."""
        self._starting[job] = _Sent(
            address(self._url, job, "start"), "", START_SECONDS, self._clock
        )

    def end(self, job: str, status: int, words: str) -> str:
        """Tell that it ended, well or with a status; what went wrong with the ping, or nothing."""
        starting = self._starting.pop(job, None)
        if starting is not None:
            starting.outcome()
        how = "" if status == 0 else str(status)
        return _Sent(address(self._url, job, how), told(words), END_SECONDS, self._clock).outcome()


def address(url: str, job: str, how: str) -> str:
    """Where to ping: `how` is appended to the path, in front of a query."""
    place, question, query = url.replace(JOB, quote(job, safe="")).partition("?")
    return f"{place}/{how}{question}{query}" if how else place + question + query


class _Sent:
    """A ping under way; a failure is logged by whoever is there when it is known."""

    def __init__(self, url: str, words: str, seconds: float, clock: Clock) -> None:
        self._seconds = seconds
        self._failure = f"{LABEL}: no answer within {seconds:g} s"
        arguments = (url, words, clock)
        self._thread = threading.Thread(target=self._send, args=arguments, daemon=True)
        self._thread.start()

    def outcome(self) -> str:
        """Wait for its end, or that of its time: what went wrong, or nothing. Logged."""
        self._thread.join(self._seconds + GRACE)
        if self._failure:
            _log.warning("Nobody may have been told: %s", self._failure)
        return self._failure

    def _send(self, url: str, words: str, clock: Clock) -> None:
        import asyncio

        try:
            from analytics_sync.transport.ping import ping

            asyncio.run(ping(url, words, label=LABEL, seconds=self._seconds, clock=clock))
        except AnalyticsSyncError as error:
            self._failure = error.message
        except Exception as error:  # noqa: BLE001 - a notifier that fails never fails a sync
            self._failure = f"{LABEL}: {type(error).__name__}"
        else:
            self._failure = ""
