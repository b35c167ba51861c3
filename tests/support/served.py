"""A home as a person furnishes it, settings in its file, and made-up platforms that answer it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.scheduled_machine import Platforms, platforms


@dataclass
class Furnished:
    """An installation whose platforms live in this process and in real time."""

    home: Path
    platforms: Platforms

    @property
    def environ(self) -> dict[str, str]:
        return {"ANALYTICS_SYNC_HOME": str(self.home)}

    def say(self, *arguments: str, stdin: str = "") -> Any:
        """Run the program; gives its JSON document."""
        done = subprocess.run(
            [sys.executable, "-m", "analytics_sync", *arguments, "--json"],
            env={**os.environ, **self.environ},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)


@contextmanager
def furnished(folder: Path, *names: str, businesses: int = 1) -> Iterator[Furnished]:
    """Businesses with an account on each of these platforms, synced once; jobs are `external`."""
    with platforms(names, businesses, posts=10) as world:
        made = Furnished(folder / "home", world)
        made.say("init")
        (made.home / "config.toml").write_text(world.config, "utf-8")
        for number in range(1, businesses + 1):
            made.say("business", "add", f"Acme {number}")
        for number, handle in world.simulator.handles:
            words = (str(number), handle.platform, "--token-stdin")
            made.say("account", "add", *words, stdin=handle.token)
        made.say("sync")
        made.say("schedule", "--backend", "external", "--every", "24h")
        yield made
