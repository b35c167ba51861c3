"""What can be set, from the same declarations that the program reads."""

from collections.abc import Mapping, Sequence
from typing import Any

from analytics_sync.settings.fields import COMMON, NOTIFY, Field, platform_fields
from analytics_sync.settings.template import template
from analytics_sync.settings.values import form, show
from docparts import Maker, block, code, table
from docparts.platforms import ours, platform_named

COLUMNS = ("setting", "default", "allowed", "what it does")


def settings_of(name: str) -> str:
    """One platform's own settings; `each`: those of every platform; `common`: outside of tables."""
    if name == "notify":
        return table(COLUMNS, [_row(field, _last(field)) for field in NOTIFY])
    if name == "common":
        return table(COLUMNS, [_row(field, field.key) for field in COMMON])
    if name == "each":
        return table(COLUMNS, [_shared(alike) for alike in _by_name().values()])
    own = {setting.name for setting in platform_named(name).settings}
    fields = [f for f in platform_fields(platform_named(name)) if _last(f) in own]
    return table(COLUMNS, [_row(field, _last(field)) for field in fields])


def _by_name() -> Mapping[str, list[Field]]:
    """The settings that every platform has, each with its fields of all platforms."""
    found: dict[str, list[Field]] = {}
    for one in ours():
        own = {setting.name for setting in one.settings}
        for field in platform_fields(one):
            if _last(field) not in own:
                found.setdefault(_last(field), []).append(field)
    return found


def _shared(alike: Sequence[Field]) -> tuple[str, ...]:
    name, default, *rest = _row(alike[0], _last(alike[0]))
    if len({str(show(field, field.default)) for field in alike}) > 1:
        default = ", ".join(f"{f.key.split('.')[1]}: {_default(f)}" for f in alike)
    return (name, default, *rest)


def _row(field: Field, name: str) -> tuple[str, ...]:
    return (code(name), _default(field), form(field), field.help)


def _default(field: Field) -> str:
    value: Any = show(field, field.default)
    if value is None:
        return ""
    return code(str(value).lower() if isinstance(value, bool) else str(value))


def _last(field: Field) -> str:
    return field.key.rpartition(".")[2]


def config_file(_: str) -> str:
    """The file that `init` writes."""
    return block(template({one.name: one for one in ours()}), "toml")


MAKERS: Mapping[str, Maker] = {"settings": settings_of, "config.toml": config_file}
