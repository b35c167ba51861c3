"""A folder in place of systemd's units, and a program in place of `systemctl`."""

import os
from pathlib import Path

SYSTEMCTL = """#!/bin/sh
[ "$1" = --user ] && shift
case "$1" in
show) echo "/usr/lib/systemd/system {units}" ;;
list-units) cd "{units}" && printf '%s loaded active\\n' *.timer ;;
esac
"""


def use_units_in(folder: Path) -> None:
    """Let systemd's units lie there, and its program be a stand-in that agrees to everything."""
    from analytics_sync.schedule import _whose

    units, program = folder / "systemd/user", folder / "bin/systemctl"
    units.mkdir(parents=True, exist_ok=True)
    program.parent.mkdir(exist_ok=True)
    program.write_text(SYSTEMCTL.format(units=units))
    program.chmod(0o755)
    os.environ["PATH"] = f"{program.parent}:{os.environ['PATH']}"
    os.environ["XDG_CONFIG_HOME"] = os.environ["XDG_DATA_HOME"] = str(folder)
    _whose.BOOTED = folder  # type: ignore[misc]
    _whose.SYSTEM_UNITS = units  # type: ignore[misc]
    _whose.SYSTEM_STAMPS = folder / "systemd/timers"  # type: ignore[misc]
    _whose.alive = lambda _: True
