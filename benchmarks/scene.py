"""What is measured against: simulated platforms in another process, and homes that use them.

Standard library only: a program that is started is first charged with the memory of its starter.
"""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from measure import ENVIRON, HERE, program

# Reading is charged on X: nothing here may end for want of a budget.
PLENTY = {"ANALYTICS_SYNC_PLATFORMS__X__DAILY_READ_BUDGET": "3000000"}


@dataclass(frozen=True)
class World:
    """A world in another process: where it listens, and what a user would type to use it."""

    origin: str
    settings: dict[str, str]
    accounts: list[dict[str, Any]]

    def pass_time(self, seconds: float) -> None:
        """Let the numbers grow, so that a sync has something to store."""
        self._control("clock", "POST", {"advance": seconds})

    def requests(self) -> dict[str, int]:
        """Requests by platform and label since the last time, as the server counted them."""
        labels: dict[str, int] = self._control("log", "DELETE")["labels"]
        return labels

    def _control(self, name: str, method: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.origin}/_sim/{name}", method=method, data=data)
        with urlopen(request, timeout=30) as answer:
            return json.load(answer)


@contextmanager
def running(
    platforms: str = "x",
    *,
    businesses: int = 1,
    posts: int = 100,
    even: bool = False,
    delay: float = 0.0,
) -> Iterator[World]:
    """Serve a world while the block runs. The parameters are those of `world.py`."""
    command = [sys.executable, str(HERE / "world.py"), "--platforms", platforms]
    command += ["--businesses", str(businesses), "--posts", str(posts), "--delay", str(delay)]
    command += ["--even"] * even
    with subprocess.Popen(command, env=ENVIRON, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield World(**json.loads(server.stdout.readline()))
        finally:
            server.terminate()


def prepare(home: Path, world: World, **settings: str) -> dict[str, str]:
    """Make a home with all of the world's accounts; returns the environment that names it.

    `settings` are those of the environment, without their prefix.
    """
    kept = {k: v for k, v in ENVIRON.items() if not k.startswith("ANALYTICS_SYNC_")}
    own = {f"ANALYTICS_SYNC_{name}": value for name, value in settings.items()}
    environ = {**kept, "ANALYTICS_SYNC_HOME": str(home), **PLENTY, **world.settings, **own}
    told = json.dumps({"environ": environ, "accounts": world.accounts})
    command = [sys.executable, str(HERE / "homes.py")]
    subprocess.run(command, env=environ, input=told, text=True, check=True)
    return environ


def sync(environ: Mapping[str, str], *arguments: str) -> dict[str, Any]:
    """Run a sync, and return what it tells.

    :raises RuntimeError: it did not read everything.
    """
    command = [program(), "sync", "--json", *arguments]
    told = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    document: dict[str, Any] = json.loads(told.stdout or "{}")
    if document.get("outcome") not in {"complete", "nothing_due"}:
        raise RuntimeError(told.stdout + told.stderr)
    return document


def rows(home: Path, query: str) -> list[tuple[Any, ...]]:
    """What a query finds in the home's database."""
    with closing(sqlite3.connect(home / "analytics-sync.db")) as database:
        return database.execute(query).fetchall()
