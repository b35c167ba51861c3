"""The platforms, found by listing this folder and the entry points of installed packages."""

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points

from analytics_sync.errors import WrongUsage
from analytics_sync.platforms._contract import Platform

ENTRY_POINT_GROUP = "analytics_sync.platforms"


@cache
def all_platforms() -> dict[str, Platform]:
    """Every platform by its name, ours first, then those of installed packages."""
    found: dict[str, Platform] = {}
    for module in pkgutil.iter_modules(__path__):
        if not module.name.startswith("_"):
            platform = importlib.import_module(f"{__name__}.{module.name}").PLATFORM
            found[platform.name] = platform
    for entry_point in entry_points(group=ENTRY_POINT_GROUP):
        platform = entry_point.load()
        found.setdefault(platform.name, platform)
    return found


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


def platform_named(text: str) -> Platform:
    """The one platform that a name or an alias means.

    :raises WrongUsage: unknown, or the name of a family of platforms.
    """
    meant = names_meant(text)
    if len(meant) > 1:
        raise WrongUsage(
            f"{text!r} means several platforms: {', '.join(meant)}.", hint="Name one of them."
        )
    return all_platforms()[meant[0]]
