"""How a platform declares settings of its own, and how it receives all of its values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from analytics_sync.domain.cadence import Cadence

Value = str | int | float | bool


class Setting(NamedTuple):
    """One setting under `[platforms.NAME]`. The default's type is the setting's type."""

    name: str
    default: Value
    help: str
    choices: tuple[str, ...] = ()
    # A regular expression that a text must match whole, and the form in words.
    pattern: str = ""
    form: str = ""
    least: float | None = None
    most: float | None = None
    # Never shown: neither by `config show` nor in the words of a mistake.
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSettings:
    """The values of one platform's settings. Secrets are never shown by `repr`.

    `own` holds the settings that the platform declares itself. `siblings` gives the base address
    and secret of the other platforms (Instagram accounts behind Facebook use Facebook's).
    """

    base_url: str
    token_url: str = ""
    authorize_url: str = ""
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    redirect_uri: str | None = None
    posts_per_sync: int = 100
    max_calls_per_hour: int | None = None
    max_calls_per_day: int | None = None
    discover_every: timedelta = timedelta(hours=1)
    cadence: Cadence = field(default_factory=Cadence.usual)
    own: Mapping[str, Value] = field(default_factory=dict)
    siblings: "Mapping[str, PlatformSettings]" = field(default_factory=dict, repr=False)

    def text(self, name: str) -> str:
        return str(self.own[name])

    def number(self, name: str) -> int:
        return int(self.own[name])
