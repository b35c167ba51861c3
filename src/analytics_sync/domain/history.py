"""What is known of a post, and how a reading changes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from analytics_sync.domain.metrics import COLUMNS, IMPLIED, Number, choose_sources
from analytics_sync.domain.records import Reading


@dataclass(frozen=True, slots=True)
class Known:
    """The last said value of each column and number, and where each column came from.

    `unsaid`: columns that have a value here but which the newest reading left out.
    """

    columns: Mapping[str, int] = field(default_factory=dict)
    extra: Mapping[str, Number] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    unsaid: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fold:
    """A reading laid over what was known. `changed`: a said number differs, so a snapshot is due."""

    known: Known
    said: Mapping[str, int]
    extra: Mapping[str, Number]
    changed: bool


def fold(known: Known, reading: Reading) -> Fold:
    """Lay a reading over what is known. An unsaid number is no change."""
    said, sources = choose_sources(reading.columns, known.sources)
    changed = any(known.columns.get(column) != value for column, value in said.items()) or any(
        known.extra.get(name) != value for name, value in reading.extra.items()
    )
    columns = {**known.columns, **said}
    return Fold(
        known=Known(
            columns=columns,
            extra={**_lasting(known.extra), **reading.extra},
            sources={**sources, **known.sources},
            unsaid=tuple(name for name in COLUMNS if name in columns and name not in said),
        ),
        said=said,
        extra=reading.extra,
        changed=changed,
    )


def _lasting(extra: Mapping[str, Number]) -> dict[str, Number]:
    return {name: value for name, value in extra.items() if name != IMPLIED}
