"""Tells people in each way that is set up: a ping for every run, the command when news is there."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from analytics_sync.clock import Clock
from analytics_sync.domain.jobs import EVERY_BUSINESS, TRY_LATER, Job
from analytics_sync.notify import Teller
from analytics_sync.notify.event import Event, What, of_credential, told
from analytics_sync.notify.ping import LABEL, Pings
from analytics_sync.settings.database import sqlite_file
from analytics_sync.settings.home import HOME_VARIABLE
from analytics_sync.settings.load import Notify
from analytics_sync.store.consents import Consent
from analytics_sync.store.told import Told

if TYPE_CHECKING:
    from analytics_sync.store.database import Database

_log = logging.getLogger(__name__)


class Notifier(Teller):
    """`url`: the database's address, for a light look; `database` opens it, for writing.

    `environ`: what the command gets, less our secrets; the home is in it.
    """

    def __init__(
        self,
        notify: Notify,
        *,
        url: str,
        database: "Callable[[], Database]",
        clock: Clock,
        environ: Mapping[str, str],
    ) -> None:
        self._notify = notify
        self._url = url
        self._database = database
        self._clock = clock
        self._environ = environ

    @cached_property
    def _pings(self) -> Pings | None:
        return Pings(self._notify.url, self._clock) if self._notify.url else None

    def started(self, job: Job) -> None:
        with _never_failing():
            if self._pings:
                self._pings.start(job.name)

    def ended(self, job: Job, status: int, words: str) -> None:
        with _never_failing():
            if self._pings:
                self._pings.end(job.name, 0 if status == TRY_LATER else status, words)
        self.remind(job, status, words)

    def remind(self, job: Job, status: int, words: str) -> None:
        with _never_failing():
            if self._notify.command and status != TRY_LATER and self._is_news(job, status):
                self._tell_once(job, status, words)

    def ends(self, consent: Consent, words: str) -> bool:
        if not self._notify.command:
            return True
        failure = "not tried"
        with _never_failing():
            failure = self._run(of_credential(consent, words, self._clock.now()))
        return not failure

    def test(self) -> dict[str, str]:
        words = "A test of analytics-sync: nothing is wrong."
        came = {}
        if self._pings:
            came[LABEL] = self._pings.end(EVERY_BUSINESS, 0, words)
        if self._notify.command:
            event = Event(What.TEST, EVERY_BUSINESS, "Test", None, 0, words, self._clock.now())
            came["notify.command"] = self._run(event)
        return came

    def _is_news(self, job: Job, status: int) -> bool:
        """False when a light look is enough to say no."""
        if sqlite_file(self._url) is None:
            return True
        from analytics_sync.store.light import reading
        from analytics_sync.store.told import is_news

        with reading(self._url) as rows:
            return is_news(rows, job.id, status)

    def _tell_once(self, job: Job, status: int, words: str) -> None:
        from analytics_sync.store.told import give_back, take

        database = self._database()
        now_is = Told(status, self._clock.now())
        with database.write() as connection:
            before = take(connection, job.id, now_is)
        if before is None:
            return
        event = Event(
            what=What.FAILURE if status else What.RECOVERY,
            job=job.name,
            title=job.title,
            business_id=job.business_id,
            status=status,
            message=told(words),
            at=self._clock.now(),
            since=before.at if before.status else None,
        )
        if self._run(event):
            with database.write() as connection:
                give_back(connection, job.id, now_is, before)

    def _run(self, event: Event) -> str:
        """Run the command: what went wrong, or nothing. Logged."""
        from analytics_sync.notify.command import NotRun, run

        home = self._environ[HOME_VARIABLE]
        try:
            run(self._notify.command, self._environ, event.variables(), event.document(home))
        except (NotRun, OSError) as error:
            failure = f"notify.command ({self._notify.command[0]}) {error}"
            _log.warning("Nobody may have been told: %s", failure)
            return failure
        return ""


@contextmanager
def _never_failing() -> Iterator[None]:
    """A notifier that fails never fails a sync."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - this is the frame
        _log.warning("Nobody may have been told: %s: %s", type(error).__name__, error)
        _log.debug("the notifier failed", exc_info=True)
