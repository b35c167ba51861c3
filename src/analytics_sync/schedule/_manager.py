"""Asks systemd, the system's or a user's: `systemctl` with few and long calls."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from analytics_sync.errors import SchedulerUnusable
from analytics_sync.schedule import _commands

# Units named in one call: a thousand new ones take systemd ten seconds.
MOST: Final = 200
# To read the units of thousands of jobs again takes systemd a minute on a busy machine.
SECONDS: Final = 300.0


class Manager:
    """One manager. `command`: what comes before the verb, as `systemctl`, or with `--user`."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = tuple(command)

    @classmethod
    def of_system(cls) -> "Manager":
        return cls(["systemctl"])

    @classmethod
    def of_user(cls, runtime: Path) -> "Manager":
        """The manager of the user whose runtime folder this is; `sudo` and cron don't name it."""
        return cls(["env", f"XDG_RUNTIME_DIR={runtime}", "systemctl", "--user"])

    def ask(self, *arguments: str) -> str:
        """What a call prints.

        :raises SchedulerUnusable: it fails.
        """
        answer = _commands.run(*self.command, *arguments, seconds=SECONDS)
        if answer.status != 0:
            said = answer.complaint or f"it ended with {answer.status}"
            raise SchedulerUnusable(
                f"`systemctl {arguments[0]}` failed: {said}",
                hint="The machine is as it was. `systemctl status` and `journalctl` may tell more;"
                " `--backend crontab` does without systemd.",
                code="systemctl_failed",
            )
        return answer.output.decode(errors="replace")

    def reload(self) -> None:
        """Let it read the unit files again."""
        self.ask("daemon-reload")

    def restart(self, units: Sequence[str]) -> None:
        """Start units, those that run anew."""
        self._each("restart", units)

    def stop(self, units: Sequence[str]) -> None:
        self._each("stop", units)

    def forget_failures(self, pattern: str) -> None:
        """Let it forget that units failed, so that it keeps nothing of those that are gone."""
        self.ask("reset-failed", pattern)

    def active(self, pattern: str) -> set[str]:
        """The units of a pattern that are active."""
        told = self.ask(
            "list-units",
            "--state=active",
            "--plain",
            "--no-legend",
            "--no-pager",
            "--full",
            pattern,
        )
        return {line.split(maxsplit=1)[0] for line in told.splitlines() if line.strip()}

    def reads(self, folder: Path) -> bool:
        """Whether it looks for unit files there."""
        return f" {folder} " in f" {self.ask('show', '--property=UnitPath', '--value').strip()} "

    def _each(self, verb: str, units: Sequence[str]) -> None:
        for start in range(0, len(units), MOST):
            self.ask(verb, *units[start : start + MOST])
