"""Finds out whether a cron daemon runs on this machine."""

import os
from pathlib import Path
from typing import Final

PROCESSES: Final = Path("/proc")
PID_FILES: Final = ("crond.pid", "cron.pid")
RUN: Final = Path("/run")
NAMES: Final = frozenset(["cron", "crond", "fcron"])


def running(processes: Path = PROCESSES, run: Path = RUN) -> bool:
    """Whether a cron daemon runs: the one that left its number, or any process with its name."""
    numbers = [number for name in PID_FILES if (number := _number(run / name)) is not None]
    if any(_is_cron(processes / number) or _is_hidden(processes / number) for number in numbers):
        return True
    return any(_is_cron(folder) for folder in processes.glob("[0-9]*"))


def advice() -> list[str]:
    """What to do when none runs."""
    if running():
        return []
    return [
        "No cron daemon runs on this machine, so nothing fires: `service cron start` starts it."
    ]


def _number(file: Path) -> str | None:
    try:
        number = file.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None
    return number if number.isdecimal() else None


def _is_cron(process: Path) -> bool:
    try:
        name = (process / "comm").read_text(errors="replace").strip()
        if name == "busybox":
            return b"crond" in (process / "cmdline").read_bytes().split(b"\0")[:2]
    except OSError:
        return False
    return name in NAMES


def _is_hidden(process: Path) -> bool:
    """Whether it runs, but this user may see no processes of others."""
    try:
        (process / "comm").read_bytes()
    except OSError:
        try:
            os.kill(int(process.name), 0)
        except PermissionError:
            return True
        except OSError:
            return False
    return False
