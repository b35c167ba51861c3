"""Words for settings that nobody knows, with the known one that was probably meant."""

from collections.abc import Iterable
from typing import Final

from analytics_sync.settings.fields import COMMON, NO_SETTINGS, PREFIX, Fields
from analytics_sync.settings.sources import Found, Source

HOW_VARIABLES_ARE_NAMED: Final = (
    "; the names of tables are parted by two underscores: ANALYTICS_SYNC_PLATFORMS__X__BASE_URL"
)


def unknown(found: Found, fields: Fields) -> str:
    """What is wrong with something that sets nothing. Its value is not shown: it may be a secret."""
    if found.source is Source.ENVIRONMENT:
        known = [*NO_SETTINGS, *(field.variable for field in fields.known.values())]
        meant = _closest(found.where, known, PREFIX) or HOW_VARIABLES_ARE_NAMED
        return f"{found.where} (environment): there is no such setting{meant}"
    key = found.key or ""
    if key in fields.tables:
        return f"{key} ({found.where}): must be a table, [{key}]"
    table, _, name = key.rpartition(".")
    if table in ("platforms", "cadence") and not _is_step(name):
        return f"{key} ({found.where}): {_unknown_platform(name, fields)}"
    meant = _closest(key, [*fields.known, *_cadence_keys(fields)], f"{table}." if table else "")
    return f"{key} ({found.where}): there is no such setting{meant or _known_in(table, fields)}"


def _is_step(name: str) -> bool:
    return name.startswith(("under", "old"))


def _unknown_platform(name: str, fields: Fields) -> str:
    for platform, declaration in fields.declarations.items():
        if name in getattr(declaration, "aliases", ()):
            return f"the platform is called {platform!r} here; write {platform} for {name}"
    meant = _closest(name, fields.declarations)
    return (
        f"no platform called {name!r} is installed{meant}; install the package that adds it, "
        f"or remove the table (installed: {', '.join(sorted(fields.declarations))})"
    )


def _closest(word: str, known: Iterable[str], start: str = "") -> str:
    """The known word most like this one; a common start of all makes none of them alike."""
    from difflib import get_close_matches

    ends = {one.removeprefix(start).lower(): one for one in known if one.startswith(start)}
    close = get_close_matches(word.removeprefix(start).lower(), ends, n=1)
    return f"; did you mean {ends[close[0]]}?" if close else ""


def _cadence_keys(fields: Fields) -> list[str]:
    tables = ["cadence", *(f"cadence.{name}" for name in fields.declarations)]
    return [f"{table}.{step}" for table in tables for step in ("under_7_days", "older")]


def _known_in(table: str, fields: Fields) -> str:
    if table.startswith("cadence"):
        return "; allowed: under_<N>_days, under_<N>_hours, older"
    inside = [key for key in fields.known if key.rpartition(".")[0] == table]
    names = inside or [field.key for field in COMMON]
    return "; allowed: " + ", ".join(key.rpartition(".")[2] for key in names)
