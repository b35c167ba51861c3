"""Whose units they are, the system's or a user's, and what stands in the way of using them."""

import os
import pwd
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from analytics_sync.errors import SchedulerUnusable
from analytics_sync.schedule import _units
from analytics_sync.schedule._backend import Place
from analytics_sync.schedule._commands import find
from analytics_sync.schedule._manager import Manager
from analytics_sync.schedule._unit_folder import UnitFolder
from analytics_sync.schedule._user_lock import user_name

BOOTED: Final = Path("/run/systemd/system")
SYSTEM_UNITS: Final = Path("/etc/systemd/system")
SYSTEM_STAMPS: Final = Path("/var/lib/systemd/timers")
USER_UNITS: Final = ".config/systemd/user"
LINGER: Final = Path("/var/lib/systemd/linger")
RUNTIME_FOLDERS: Final = Path("/run/user")


class Whose(NamedTuple):
    """The manager, where its units lie, and whether it is the system's."""

    system: bool
    manager: Manager
    files: UnitFolder


def whose(place: Place) -> Whose:
    """System units for root, and for everybody where root has installed them; else the user's."""
    names = _units.ours(place)
    if place.as_root or _installed(SYSTEM_UNITS, place):
        return Whose(True, Manager.of_system(), UnitFolder(SYSTEM_UNITS, SYSTEM_STAMPS, names))
    environ = place.environ
    units = _folder(environ, "XDG_CONFIG_HOME", ".config") / "systemd/user"
    stamps = _folder(environ, "XDG_DATA_HOME", ".local/share") / "systemd/timers"
    manager = Manager.of_user(_runtime(environ))
    return Whose(False, manager, UnitFolder(units, stamps, names))


def alive(place: Place) -> bool:
    """Whether the manager runs: the system's if `as_root`, else the user's. Starts nothing."""
    if not BOOTED.is_dir():
        return False
    # The socket goes with the manager; to connect to it would make a line in the journal each time.
    return place.as_root or _socket(place.environ).is_socket()


def check(place: Place, manager: Manager, files: UnitFolder) -> None:
    """:raises SchedulerUnusable: units can't be installed here; says why."""
    if find("systemctl") is None or not BOOTED.is_dir():
        raise SchedulerUnusable(
            "This machine does not run systemd.",
            hint="Take `--backend crontab`, or `--backend external` in a container.",
            code="no_systemd",
        )
    refuse_other_form(place)
    if not place.as_root and _installed(SYSTEM_UNITS, place):
        raise SchedulerUnusable(
            "The jobs of this home are system units, which root installed.",
            hint="Run the command as root.",
            code="other_form",
        )
    if not alive(place):
        raise _no_manager(place)
    if place.as_root and place.key is not None and not place.key.exists():
        # systemd hands it over, so it has to be there when a job starts, whether it is needed or not.
        raise SchedulerUnusable(
            f"The key file {place.key} is missing, without which no job can start.",
            hint="Type: analytics-sync init",
            code="key_missing",
        )
    check_folder(manager, files.units)


def refuse_other_form(place: Place) -> None:
    """:raises SchedulerUnusable: root asks, and the owner of the home has user units."""
    if not place.as_root or _installed(SYSTEM_UNITS, place):
        return
    with suppress(KeyError, PermissionError):
        owner = pwd.getpwnam(place.user)
        if owner.pw_uid != 0 and _installed(Path(owner.pw_dir, USER_UNITS), place):
            raise SchedulerUnusable(
                f"The jobs of this home are units of the user {place.user}.",
                hint=f"Run the command as {place.user}; or, to have system units instead, first"
                f" `analytics-sync unschedule --all` as {place.user}.",
                code="other_form",
            )


def advice(user: str) -> list[str]:
    """What user units need to run always."""
    if (LINGER / user).exists():
        return []
    told = f"The timers stop when {user} logs out. To let them run always, type:"
    return [f"{told} loginctl enable-linger {user}"]


def check_folder(manager: Manager, folder: Path) -> None:
    """:raises SchedulerUnusable: units in this folder are not read, or can't be written."""
    if not manager.reads(folder):
        raise SchedulerUnusable(
            f"Your systemd manager reads no units from {folder}.",
            hint="XDG_CONFIG_HOME is set here, but not for the manager: unset it and try again.",
            code="unit_folder",
        )
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(there, os.W_OK | os.X_OK, effective_ids=True):
        raise SchedulerUnusable(
            f"Units can't be written to {folder}: {there} is not writable.",
            hint=f"Make {there} writable for you, or take `--backend crontab`.",
            code="unit_folder",
        )


def _no_manager(place: Place) -> SchedulerUnusable:
    user = user_name(os.geteuid())
    return SchedulerUnusable(
        f"No systemd manager of the user {user} runs: nothing listens at {_socket(place.environ)}.",
        hint=f"Type `loginctl enable-linger {user}`, or log in as {user} (not by su or sudo); or"
        " take `--backend crontab`.",
        code="no_user_manager",
    )


def _installed(units: Path, place: Place) -> bool:
    return (units / _units.service_name(place, "sync@.service")).exists()


def _runtime(environ: Mapping[str, str]) -> Path:
    """The user's runtime folder, also where `sudo`, `su` or cron did not name it."""
    named = environ.get("XDG_RUNTIME_DIR", "")
    return Path(named) if named else RUNTIME_FOLDERS / str(os.geteuid())


def _socket(environ: Mapping[str, str]) -> Path:
    return _runtime(environ) / "systemd/private"


def _folder(environ: Mapping[str, str], variable: str, usual: str) -> Path:
    named = environ.get(variable, "").strip()
    if named.startswith("/"):
        return Path(named)
    return Path(environ.get("HOME") or _home(), usual)


def _home() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        # As in a container: no manager has a unit of somebody whom the machine does not know.
        return "/"
