"""Loads all settings, each from the strongest place that sets it, and names all mistakes at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import NamedTuple

from analytics_sync.domain.cadence import Cadence
from analytics_sync.errors import ConfigurationInvalid
from analytics_sync.settings.address import ping_secrets
from analytics_sync.settings.choose import Choice
from analytics_sync.settings.database import passwords
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.settings.fields import Declaration, Fields
from analytics_sync.settings.home import Home
from analytics_sync.settings.sources import Source
from analytics_sync.settings.values import Shown, show


class Origin(NamedTuple):
    """One setting as `config show` prints it. `value` is masked where it is a secret."""

    key: str
    value: Shown
    source: Source
    where: str


@dataclass(frozen=True, slots=True)
class Notify:
    """Who is told how jobs fare: `url` None and `command` (): nobody. False then."""

    url: str | None = field(default=None, repr=False)
    command: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.url or self.command)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All that is set. `origins` tells for each key its value, masked, and where it came from.

    `key_command` is () and `log_level` None when not set. `secrets` are all values that must
    never be seen; the log is told them.
    """

    home: Home
    database_url: str = field(repr=False)
    max_run: timedelta
    enabled: bool
    key_command: tuple[str, ...]
    log_level: str | None
    notify: Notify
    cadence: Cadence
    platforms: Mapping[str, PlatformSettings]
    origins: tuple[Origin, ...] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    @property
    def environment(self) -> tuple[str, ...]:
        """The variables that set something: an installed job would run without them."""
        return tuple(one.where for one in self.origins if one.source is Source.ENVIRONMENT)


def load(
    home: Home,
    environ: Mapping[str, str],
    options: Mapping[str, object],
    declarations: Mapping[str, Declaration],
) -> Settings:
    """The settings of an installation: option, environment, `config.toml`, default.

    `options`: values by dotted key, as the command line gave them. `declarations`: the installed
    platforms by name.

    :raises ConfigurationInvalid: naming every mistake, in all places.
    """
    choice = Choice(home, Fields(declarations))
    choice.take_all(environ, options)
    settings = _built(choice)
    if choice.problems:
        raise ConfigurationInvalid(
            choice.problems, hint="Correct each of these, then run the command again."
        )
    return settings


def _built(choice: Choice) -> Settings:
    cadence = choice.cadence("cadence", Cadence.usual())
    declarations = choice.fields.declarations.values()
    platforms = {one.name: _platform(choice, one, cadence) for one in declarations}
    return Settings(
        home=choice.home,
        database_url=choice.value("database_url"),
        max_run=choice.value("max_run"),
        enabled=choice.value("enabled"),
        key_command=choice.value("key_command") or (),
        log_level=choice.value("log_level"),
        notify=Notify(choice.value("notify.url"), choice.value("notify.command") or ()),
        cadence=cadence,
        platforms={name: _with_siblings(name, platforms) for name in platforms},
        origins=tuple(
            Origin(key, show(chosen.field, chosen.value), chosen.source, chosen.where)
            for key, chosen in choice.by_key.items()
        ),
        secrets=tuple(_secrets(choice)),
    )


def _platform(choice: Choice, declaration: Declaration, general: Cadence) -> PlatformSettings:
    choice.follow_base(declaration)
    start = f"platforms.{declaration.name}."
    said = {
        key.removeprefix(start): chosen.value
        for key, chosen in choice.by_key.items()
        if key.startswith(start)
    }
    own = {setting.name: said.pop(setting.name) for setting in declaration.settings}
    return PlatformSettings(**said, own=own, cadence=_cadence(choice, declaration, general))


def _cadence(choice: Choice, declaration: Declaration, general: Cadence) -> Cadence:
    """The general cadence, unless the platform declares one of its own or a table sets one."""
    table = f"cadence.{declaration.name}"
    usual = general if declaration.cadence == Cadence.usual() else declaration.cadence
    if usual is general and not choice.has_cadence(table):
        return general
    return choice.cadence(table, usual)


def _with_siblings(name: str, platforms: Mapping[str, PlatformSettings]) -> PlatformSettings:
    others = {other: one for other, one in platforms.items() if other != name}
    return replace(platforms[name], siblings=others)


def _secrets(choice: Choice) -> Iterator[str]:
    for chosen in choice.by_key.values():
        if chosen.field.secret and chosen.value:
            yield str(chosen.value)
    yield from passwords(choice.value("database_url"))
    if address := choice.value("notify.url"):
        yield from ping_secrets(address)
