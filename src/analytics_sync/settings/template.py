"""The commented `config.toml` that `init` writes, made from the declarations so that it can't lie."""

from collections.abc import Iterator, Mapping
from typing import Final

from analytics_sync.domain.cadence import Cadence
from analytics_sync.errors import ConfigurationInvalid
from analytics_sync.settings.cadences import name_of, steps_of
from analytics_sync.settings.fields import COMMON, NOTIFY, Declaration, Field, platform_fields
from analytics_sync.settings.home import Home
from analytics_sync.settings.values import Shown, form, show, show_cadence

OPENING: Final = """\
# Settings of analytics-sync. Each line shows the default; take its first "# " away to change it.
# An environment variable is stronger than this file: ANALYTICS_SYNC_MAX_RUN=5m, and for a table
# ANALYTICS_SYNC_PLATFORMS__X__POSTS_PER_SYNC=50.
"""
ABOUT_CADENCE: Final = """\
# How often a post is read again, by its age: "every run", a span such as 6h, or "off". Further
# steps are named alike: under_<N>_days, under_<N>_hours.
"""
ABOUT_NOTIFY: Final = """\
# Who is told how jobs fare; `analytics-sync notify test` tries it.
"""
ABOUT_PLATFORMS: Final = """\
# Every platform's table below takes these too:
"""


def template(declarations: Mapping[str, Declaration]) -> str:
    """The file's text; read as it is, it sets nothing."""
    return "\n".join(
        [
            OPENING,
            *(_line(field) for field in COMMON),
            "",
            ABOUT_NOTIFY + "[notify]",
            *(_line(field) for field in NOTIFY),
            "",
            ABOUT_CADENCE + "[cadence]",
            *_steps(Cadence.usual()),
            *_own_cadences(declarations),
            "",
            ABOUT_PLATFORMS.rstrip(),
            *(f"#   {_setting(field)}{_comment(field)}" for field in _shared(declarations)),
            *_platforms(declarations),
            "",
        ]
    )


def _own_cadences(declarations: Mapping[str, Declaration]) -> Iterator[str]:
    for name, declaration in declarations.items():
        if declaration.cadence != Cadence.usual():
            yield f"\n[cadence.{name}]"
            yield from _steps(declaration.cadence)


def _steps(cadence: Cadence) -> Iterator[str]:
    for age, every in steps_of(cadence).items():
        yield f'# {name_of(age)} = "{show_cadence(every)}"'


def _platforms(declarations: Mapping[str, Declaration]) -> Iterator[str]:
    shared = {_alike(field) for field in _shared(declarations)}
    for name, declaration in declarations.items():
        yield f"\n[platforms.{name}]"
        yield from (_line(f) for f in platform_fields(declaration) if _alike(f) not in shared)


def _shared(declarations: Mapping[str, Declaration]) -> list[Field]:
    """The settings that every platform has alike: same name, default and help."""
    tables = [list(platform_fields(one)) for one in declarations.values()]
    alike = [{_alike(field) for field in table} for table in tables]
    return [f for f in next(iter(tables), []) if all(_alike(f) in table for table in alike)]


def _alike(field: Field) -> tuple[object, ...]:
    """All of a field but the table that it stands in."""
    return (_name(field), *field[1:])


def _name(field: Field) -> str:
    return field.key.rpartition(".")[2]


def _line(field: Field) -> str:
    return f"# {_setting(field)}{_comment(field)}"


def _setting(field: Field) -> str:
    default = None if field.secret else show(field, field.default)
    return f"{_name(field)} = {_toml(default)}".rstrip()


def _comment(field: Field) -> str:
    return f"  # {about}" if (about := _about(field)) else ""


def _about(field: Field) -> str:
    return " ".join(part for part in (field.help, field.choices and f"({form(field)})") if part)


def _toml(value: Shown) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return "" if value is None else str(value)


def make_config(home: Home, declarations: Mapping[str, Declaration]) -> bool:
    """Write the config file where there is none; whether there was none."""
    try:
        with home.config.open("x", encoding="utf-8") as file:
            try:
                file.write(template(declarations))
                file.flush()
            except OSError:
                # Half of it might say what nobody meant.
                home.config.unlink()
                raise
    except FileExistsError:
        return False
    except OSError as error:
        raise ConfigurationInvalid(
            [f"The config file {home.config} can't be made: {error.strerror}."],
            hint="Its folder needs room, and must be yours; then run `analytics-sync init` again.",
        ) from error
    return True
