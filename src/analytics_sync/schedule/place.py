"""What entries hold: the program, the home, what its Python needs; and what must not stand in them."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from analytics_sync.errors import SchedulerUnusable
from analytics_sync.schedule._backend import Place
from analytics_sync.settings.database import sqlite_file
from analytics_sync.settings.home import APPLICATION, Home
from analytics_sync.settings.load import Settings

# Emptied by the machine, at the next start at the latest.
THROW_AWAY: Final = ("/tmp", "/var/tmp", "/dev/shm", "/run", "/private/tmp")  # noqa: S108
# What programs keep only to be quicker; `uvx` and `pipx run` start from there.
CACHE_VARIABLES: Final = ("XDG_CACHE_HOME", "UV_CACHE_DIR", "PIP_CACHE_DIR")
CACHE_NAMES: Final = frozenset([".cache", "Caches"])
# In the home while jobs move to another backend: a kill leaves it there, with entries in both.
MOVING: Final = "moving"
KEY_VARIABLE: Final = "ANALYTICS_SYNC_KEY"


def usual_name(home: Home) -> str:
    """What an installation is called that has no name yet: the same for the same home."""
    import hashlib

    told = f"{host()}\0{home.path}".encode(errors="surrogateescape")
    return hashlib.sha256(told).hexdigest()[:8]


def host() -> str:
    return os.uname().nodename


def find_place(name: str, home: Home, settings: Settings, environ: Mapping[str, str]) -> Place:
    """What entries of this installation hold, right or not; `check_place` says which."""
    return Place(
        name=name,
        program=find_program(),
        home=home.path,
        prefixes=tuple(_prefixes()),
        user=_owner(home.path),
        as_root=os.geteuid() == 0,
        max_run=settings.max_run,
        key=None if settings.key_command else home.key,
        writes=tuple(_written_elsewhere(home, settings)),
        environ=environ,
    )


def check_place(place: Place, settings: Settings) -> None:
    """Make sure that a job would run as this command does, from a place that stays.

    :raises SchedulerUnusable: it would not; says why.
    """
    _refuse_environment(place, settings)
    if not os.access(place.program, os.X_OK) or place.program.is_dir():
        raise SchedulerUnusable(
            f"The program that jobs would call is missing: {place.program}.",
            hint="Install analytics-sync with pipx, uv tool or pip; a job can't start it otherwise.",
            code="program_missing",
        )
    for path in (place.program, place.program.resolve(), Path(sys.prefix).resolve()):
        folder = throw_away(path, place.environ)
        if folder is not None:
            raise SchedulerUnusable(
                f"The program {place.program} lies in {folder}, which is emptied now and then:"
                " jobs would stop with it.",
                hint="Install it where it stays (`pipx install`, `uv tool install`), and schedule"
                " with that one.",
                code="program_throw_away",
            )


def throw_away(path: Path, environ: Mapping[str, str]) -> Path | None:
    """The folder around a path that is emptied now and then; None when there is none."""
    named = [environ[name] for name in CACHE_VARIABLES if environ.get(name, "").startswith("/")]
    folders = {Path(name) for name in (*THROW_AWAY, *named)}
    return next(
        (up for up in path.parents if up in folders or up.name in CACHE_NAMES),
        None,
    )


def find_program() -> Path:
    """The console script of the Python that runs now: never a shim, never a bare name.

    The first that exists: beside this Python, where it installs scripts, where the user's
    packages have theirs.
    """
    usual = Path(sys.prefix, "bin", APPLICATION)
    if usual.exists():
        return usual
    import sysconfig

    schemes = (sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user"))
    places = (Path(sysconfig.get_path("scripts", scheme), APPLICATION) for scheme in schemes)
    return next((place for place in places if place.exists()), usual)


def _prefixes() -> Iterator[Path]:
    """Folders that the program's Python reads, none inside of another; links are followed."""
    package = Path(__file__).resolve().parents[2]
    wanted = [Path(prefix).resolve() for prefix in (sys.prefix, sys.base_prefix)]
    found = sorted({*wanted, Path(sys.prefix), package})
    for path in found:
        if not any(path.is_relative_to(other) for other in found if other != path):
            yield path


def _written_elsewhere(home: Home, settings: Settings) -> Iterator[Path]:
    """The folder of a database file that does not lie in the home."""
    file = sqlite_file(settings.database_url)
    if file is not None and not file.is_relative_to(home.path):
        yield file.parent


def _owner(home: Path) -> str:
    """Who owns the home, or would: the jobs run as this user."""
    import pwd

    try:
        number = home.stat().st_uid
    except OSError:
        number = os.geteuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _refuse_environment(place: Place, settings: Settings) -> None:
    """An entry carries nothing but the home: what else is only in the environment would be lost."""
    names = {*settings.environment, *(name for name in (KEY_VARIABLE,) if place.environ.get(name))}
    if names:
        raise SchedulerUnusable(
            f"Settings that only this environment has would be missing in jobs:"
            f" {', '.join(sorted(names))}.",
            hint=f"Write them into {place.home / 'config.toml'} (the key into {place.home / 'key'})"
            " and unset the variables, or schedule with `--backend external`.",
            code="environment_only",
        )
