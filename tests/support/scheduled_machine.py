"""A machine in a sandbox with homes whose jobs its systemd starts, and platforms that answer them."""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analytics_sync.clock import SystemClock
from analytics_sync.simulator.app import Simulator
from analytics_sync.simulator.clock import SimulatedClock
from analytics_sync.simulator.server import serving
from analytics_sync.simulator.world import World
from support import systemd_sandbox
from support.systemd_sandbox import Sandbox, booted

PYTHON = Path(sys.executable)
PROGRAM = Path(sys.prefix, "bin", "analytics-sync")
HIDDEN = ("/tmp", "/var/tmp", "/run", "/dev/shm")


def why_not() -> str | None:
    """Why no jobs can be started here for real; None when they can."""
    if any(PROGRAM.is_relative_to(folder) for folder in HIDDEN):
        return f"the program lies in a throw-away place: {PROGRAM}"
    if not PROGRAM.exists():
        return f"the program is not installed: {PROGRAM}"
    return systemd_sandbox.why_not()


@dataclass
class Home:
    """An installation of one user. `as_root`: root schedules it, so it has system units."""

    sandbox: Sandbox
    user: str
    as_root: bool
    folder: str = ".local/share/analytics-sync"

    @property
    def path(self) -> str:
        return f"{self.sandbox.home_of(self.user)}/{self.folder}"

    def say(self, *arguments: str, stdin: str = "", root: bool = False, check: bool = True) -> Any:
        """Run the program as the user, as `su` does, or as root; gives its JSON document."""
        done = self.sandbox.run(
            PROGRAM,
            *arguments,
            "--json",
            user=None if root else self.user,
            env={"ANALYTICS_SYNC_HOME": self.path, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=stdin,
            check=check,
        )
        return json.loads(done.stdout)

    def ask(self, *arguments: str) -> Any:
        """As who schedules."""
        return self.say(*arguments, root=self.as_root)

    @property
    def runs(self) -> list[dict[str, Any]]:
        """The newest first."""
        return list(self.say("runs")["runs"])

    def systemctl(self, *arguments: str, check: bool = True) -> str:
        """Ask the manager that starts the jobs."""
        if self.as_root:
            return self.sandbox.run("systemctl", *arguments, check=check).stdout
        number = self.sandbox.run("id", "-u", self.user).stdout.strip()
        runtime = {"XDG_RUNTIME_DIR": f"/run/user/{number}"}
        return self.sandbox.run(
            "systemctl", "--user", *arguments, user=self.user, env=runtime, check=check
        ).stdout

    def unit(self, job: str, kind: str = "service") -> str:
        """The one unit of a job that is loaded."""
        told = self.systemctl("list-units", "--all", "--plain", "--no-legend", f"*{job}.{kind}")
        names = [line.split()[0] for line in told.splitlines()]
        [name] = [one for one in names if "-failed@" not in one]
        return name

    def show(self, unit: str, prop: str) -> str:
        return self.systemctl("show", f"--property={prop}", "--value", unit).strip()


@dataclass
class Platforms:
    """Made-up platforms that live in this process and in real time."""

    simulator: Simulator
    origin: str

    @property
    def config(self) -> str:
        """The settings that lead to them, as a config file has them."""
        tables: dict[str, list[str]] = defaultdict(list)
        for name, value in self.simulator.settings(self.origin).items():
            *table, key = name.removeprefix("ANALYTICS_SYNC_").lower().split("__")
            tables[".".join(table)].append(f"{key} = {json.dumps(value)}")
        return "".join(f"[{table}]\n" + "\n".join(lines) + "\n" for table, lines in tables.items())


@contextmanager
def platforms(names: Sequence[str], businesses: int, posts: int = 20) -> Iterator[Platforms]:
    made = Simulator(World(SimulatedClock(SystemClock().now(), running=True), seed=1))
    for business in range(1, businesses + 1):
        for name in names:
            made.handles.append(
                (business, made.services[name].populate(business, f"Acme {business}", posts))
            )
    with serving(made) as origin:
        yield Platforms(made, origin)


def furnish(world: Platforms, home: Home, business: int) -> Home:
    """Make the user, and in the home one business with the accounts of a simulated one."""
    sandbox, user = home.sandbox, home.user
    sandbox.add_user(user)
    if not home.as_root:
        sandbox.linger(user)
    home.say("init")
    sandbox.run("tee", f"{home.path}/config.toml", user=user, stdin=world.config)
    home.say("business", "add", "Acme")
    for number, handle in world.simulator.handles:
        if number == business:
            home.say("account", "add", "1", handle.platform, "--token-stdin", stdin=handle.token)
    return home


@contextmanager
def machine(folder: Path) -> Iterator[Sandbox]:
    """A sandbox in which every user may start this Python, wherever it lies."""
    with booted(folder) as sandbox:
        for path in (PROGRAM, Path(sys.base_prefix, "bin"), Path(__file__)):
            for parent in path.resolve().parents:
                sandbox.run("chmod", "a+x", parent)
        yield sandbox
