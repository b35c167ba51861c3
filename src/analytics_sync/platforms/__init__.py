"""The platforms, found by listing this folder and the entry points of installed packages."""

import importlib
import os
import pkgutil
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from analytics_sync.errors import WrongUsage

if TYPE_CHECKING:
    from analytics_sync.platforms._contract import Platform

ENTRY_POINT_GROUP = "analytics_sync.platforms"


@cache
def all_platforms() -> "dict[str, Platform]":
    """Every platform by its name, ours first, then those of installed packages."""
    found: dict[str, Platform] = {}
    for module in pkgutil.iter_modules(__path__):
        if not module.name.startswith("_"):
            platform = importlib.import_module(f"{__name__}.{module.name}").PLATFORM
            found[platform.name] = platform
    for platform in _installed():
        found.setdefault(platform.name, platform)
    return found


def _installed() -> "Iterator[Platform]":
    """Platforms of other packages, by their entry points."""
    if any(map(_names_our_group, sys.path)):
        from importlib.metadata import entry_points

        for entry_point in entry_points(group=ENTRY_POINT_GROUP):
            yield entry_point.load()


def _names_our_group(place: str) -> bool:
    """Whether a package in this place of the import path may bring a platform.

    A glance at the files that importlib.metadata would read: loading it, only to learn nearly
    always that there is none, takes a tenth of the time of a short command.
    """
    try:
        names = os.listdir(place or os.curdir)  # noqa: PTH208 - pathlib takes thrice the time
    except NotADirectoryError:
        return True  # a zip file: importlib.metadata alone looks into it
    except OSError:
        return False
    files = (Path(place, name, "entry_points.txt") for name in names if name.endswith("-info"))
    return any(ENTRY_POINT_GROUP.encode() in file.read_bytes() for file in files if file.exists())


def names_meant(text: str) -> tuple[str, ...]:
    """The platforms that a word on the command line means: a name, an alias or a family.

    :raises WrongUsage: no platform is called that.
    """
    word = text.strip().lower()
    platforms = all_platforms()
    meant = tuple(
        name
        for name, platform in platforms.items()
        if word == name or word in platform.aliases or word == platform.family
    )
    if not meant:
        raise WrongUsage(
            f"There is no platform {text!r}.",
            hint=f"Known platforms: {', '.join(sorted(platforms))}.",
            code="unknown_platform",
        )
    return meant


def platform_named(text: str) -> "Platform":
    """The one platform that a name or an alias means.

    :raises WrongUsage: unknown, or the name of a family of platforms.
    """
    meant = names_meant(text)
    if len(meant) > 1:
        raise WrongUsage(
            f"{text!r} means several platforms: {', '.join(meant)}.", hint="Name one of them."
        )
    return all_platforms()[meant[0]]
