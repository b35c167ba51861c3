"""Finds the backends by listing this folder, and chooses one of them."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from analytics_sync.errors import SchedulerUnusable, WrongUsage
from analytics_sync.schedule._backend import Backend, Place

# Taken without being named, the first that serves; the others only when named.
USUAL: Final = ("systemd", "crontab")
# Quick to look through, without a network.
ON_THIS_MACHINE: Final = ("systemd", "crontab", "cron.d")
HERE: Final = Path(__file__).parent
PACKAGE: Final = __name__.rpartition(".")[0]


def backend_named(name: str) -> type[Backend]:
    """A backend by its name; loads no other one when its module is called like it.

    :raises WrongUsage: there is none.
    """
    direct = _in_module(name.replace(".", "_"))
    if direct is not None and direct.name == name:
        return direct
    found = {form: kind for kind in all_backends() for form in (kind.name, *kind.forms)}
    if name not in found:
        raise WrongUsage(
            f"There is no backend {name!r}.",
            hint=f"There are: {', '.join(sorted(found))}.",
            code="unknown_backend",
        )
    return found[name]


def all_backends() -> Iterator[type[Backend]]:
    """Every backend, in the order of the modules' names."""
    import pkgutil

    for module in pkgutil.iter_modules([str(HERE)]):
        backend = None if module.name.startswith("_") else _in_module(module.name)
        if backend is not None:
            yield backend


def usual_backend(place: Place) -> type[Backend]:
    """What serves here without being named.

    :raises SchedulerUnusable: nothing does.
    """
    for name in USUAL:
        backend = backend_named(name)
        if backend.serves(place):
            return backend
    raise SchedulerUnusable(
        "This machine has no scheduler that could start the jobs: no systemd that answers, and no"
        " crontab that may be used.",
        hint="Install cron (Debian: `apt install cron`), or let a timer of your own start"
        " `analytics-sync tick` and schedule with `--backend external`.",
        code="no_scheduler",
    )


def _in_module(name: str) -> type[Backend] | None:
    if not name.isidentifier() or name.startswith("_") or not (HERE / f"{name}.py").is_file():
        return None
    found = getattr(importlib.import_module(f"{PACKAGE}.{name}"), "BACKEND", None)
    return found if isinstance(found, type) and issubclass(found, Backend) else None
