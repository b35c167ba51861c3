"""A real program that tells people, and an installation with one job."""

import json
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from analytics_sync.domain.jobs import Job
from analytics_sync.domain.timing import Every
from analytics_sync.store import schedules
from analytics_sync.store.jobs import Known, one_job
from analytics_sync.store.light import over
from analytics_sync.wiring import Installation, installation
from support.fake_clock import FakeClock


@dataclass
class Program:
    """A real program that notes what it is given; `text` is the rest of its script."""

    path: Path

    def write(self, text: str = "") -> None:
        place = self.path.parent
        self.path.write_text(
            "#!/bin/sh\n"
            f'env > "{place}/environment"\n'
            f'cat >> "{place}/documents"\n'
            f'pwd > "{place}/folder"\n'
            f"{text}\n"
        )
        self.path.chmod(stat.S_IRWXU)

    @property
    def told(self) -> list[dict[str, Any]]:
        """The documents that it was given, in turn."""
        file = self.path.with_name("documents")
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def events(self) -> list[tuple[str, int]]:
        return [(one["event"], one["status"]) for one in self.told]

    @property
    def environment(self) -> dict[str, str]:
        lines = self.path.with_name("environment").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)


class Place:
    """A home whose one job is for all businesses, hourly."""

    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        self.clock = FakeClock()
        self.environ = {"ANALYTICS_SYNC_HOME": str(folder / "home"), "PATH": "/usr/bin:/bin"}
        if database_url is not None:
            self.environ["ANALYTICS_SYNC_DATABASE_URL"] = database_url

    @contextmanager
    def opened(self, **notify: str) -> Iterator[Installation]:
        settings = {f"ANALYTICS_SYNC_NOTIFY__{name.upper()}": v for name, v in notify.items()}
        with installation({**self.environ, **settings}, clock=self.clock) as found:
            yield found

    def schedule(self) -> None:
        with self.opened() as found, found.database.write() as connection:
            now = self.clock.now() - timedelta(days=1)
            schedules.put(connection, None, Every(timedelta(hours=1)), now=now)

    def known(self) -> Known:
        with self.opened() as found, found.database.read() as connection:
            known = one_job(over(connection), "sync_all_businesses")
        assert known is not None
        return known

    @property
    def job(self) -> Job:
        return self.known().job

    def ended(self, *statuses: int, **notify: str) -> None:
        """Runs of the job ended so, each in a process of its own."""
        for status in statuses:
            self.clock.advance(60)
            with self.opened(**notify) as found:
                found.teller.ended(self.job, status, f"It ended with {status}.")

    def told(self) -> tuple[Any, ...]:
        with self.opened() as found, found.database.read() as connection:
            return over(connection)("SELECT told, told_at FROM schedule")[0]
