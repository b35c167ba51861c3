"""Chooses for each setting the value of the strongest place that sets it, and notes mistakes."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from analytics_sync.domain.cadence import Cadence
from analytics_sync.settings import values
from analytics_sync.settings.address import follow
from analytics_sync.settings.cadences import age_of, cadence_of, gap_in, name_of, steps_of
from analytics_sync.settings.database import below, sqlite_url
from analytics_sync.settings.fields import Declaration, Field, Fields, Kind
from analytics_sync.settings.home import Home
from analytics_sync.settings.sources import (
    Found,
    Source,
    from_environment,
    from_file,
    from_options,
    read_value,
)


class Chosen(NamedTuple):
    """A value and where it came from."""

    field: Field
    value: Any
    source: Source = Source.DEFAULT
    where: str = "default"


class Choice:
    """All settings of an installation by key, defaults filled in, and all `problems` met."""

    def __init__(self, home: Home, fields: Fields) -> None:
        self.home = home
        self.fields = fields
        self.problems: list[str] = []
        self.by_key: dict[str, Chosen] = {
            field.key: Chosen(field, field.default) for field in fields.known.values()
        }
        database_url = fields.known["database_url"]
        self.by_key["database_url"] = Chosen(database_url, sqlite_url(home.database))

    def value(self, key: str) -> Any:
        return self.by_key[key].value

    def take_all(self, environ: Mapping[str, str], options: Mapping[str, object]) -> None:
        """Weakest first, so that the stronger ones replace them."""
        try:
            self._take(from_file(self.home.config, self.fields))
        except ValueError as mistake:
            self.problems.append(str(mistake))
        self._take(from_environment(environ, self.fields))
        self._take(from_options(options))

    def _take(self, all_found: Iterable[Found]) -> None:
        for found in all_found:
            field = self.fields.by_key(found.key) if found.key else None
            if field is None:
                from analytics_sync.settings.mistakes import unknown

                self.problems.append(unknown(found, self.fields))
                continue
            try:
                value = self._read(field, found)
            except ValueError as mistake:
                shown = values.show_raw(field, found.raw)
                self.problems.append(f"{found.key} = {shown} ({found.where}): {mistake}")
            else:
                self.by_key[field.key] = Chosen(field, value, found.source, found.where)

    def _read(self, field: Field, found: Found) -> object:
        if found.in_file:
            found = found._replace(raw=read_value(Path(str(found.raw))))
        written = isinstance(found.raw, str) and found.source is not Source.CONFIG
        value = (
            values.read_text(field, str(found.raw)) if written else values.read(field, found.raw)
        )
        return below(self.home.path, str(value)) if field.kind is Kind.DATABASE else value

    def follow_base(self, declaration: Declaration) -> None:
        """Give unset addresses their usual values, moved to where `base_url` was moved."""
        start = f"platforms.{declaration.name}."
        base = self.by_key[start + "base_url"]
        for name in ("token_url", "authorize_url"):
            field, value, source, where = self.by_key[start + name]
            if value is not None:
                continue
            value = getattr(declaration, name, "")
            if value and base.value != declaration.base_url:
                value, where = follow(value, base.value), "follows base_url"
            self.by_key[start + name] = Chosen(field, value, source, where)

    def cadence(self, table: str, usual: Cadence) -> Cadence:
        """The cadence of a table: what was set there, and the usual steps where nothing was."""
        for age, every in steps_of(usual).items():
            key = f"{table}.{name_of(age)}"
            self.by_key.setdefault(key, Chosen(Field(key=key, kind=Kind.CADENCE), every))
        steps = dict(self._steps(table))
        if gap := gap_in(steps):
            key = f"{table}.{gap}"
            self.problems.append(
                f'{key} = "off" ({self.by_key[key].where}): a later step would read posts again; '
                'set the later steps and `older` to "off" too'
            )
        return cadence_of(steps)

    def has_cadence(self, table: str) -> bool:
        return any(self._steps(table))

    def _steps(self, table: str) -> Iterable[tuple[timedelta | None, timedelta | None]]:
        for key, chosen in self.by_key.items():
            start, _, name = key.rpartition(".")
            if start == table:
                yield age_of(name), chosen.value
