"""What can be set: each key with its kind, bounds, default and one line of help."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import Enum, auto
from typing import Final, NamedTuple, Protocol

from analytics_sync.domain.cadence import Cadence
from analytics_sync.settings.cadences import age_of, name_of
from analytics_sync.settings.declare import Setting
from analytics_sync.settings.home import HOME_VARIABLE

PREFIX: Final = "ANALYTICS_SYNC_"
# Read by others than this loader: the home itself, and the vault.
NO_SETTINGS: Final = frozenset([HOME_VARIABLE, "ANALYTICS_SYNC_KEY"])


class Declaration(Protocol):
    """What the loader must know of a platform; `platforms.Platform` is one.

    `token_url`, `authorize_url` and `aliases` are used too where a platform has them.
    """

    @property
    def name(self) -> str: ...
    @property
    def base_url(self) -> str: ...
    @property
    def settings(self) -> tuple[Setting, ...]: ...
    @property
    def cadence(self) -> Cadence: ...
    @property
    def listings(self) -> Mapping[str, timedelta]: ...


class Kind(Enum):
    """What form a value has. `values` reads and shows each."""

    TEXT = auto()
    WHOLE = auto()
    NUMBER = auto()
    FLAG = auto()
    SPAN = auto()
    COMMAND = auto()
    ADDRESS = auto()
    PING = auto()
    DATABASE = auto()
    CADENCE = auto()


class Field(NamedTuple):
    """One thing that can be set. `least` and `most` are seconds where the kind is a span."""

    key: str
    kind: Kind
    default: object = None
    help: str = ""
    choices: tuple[str, ...] = ()
    pattern: str = ""
    form: str = ""
    least: float | None = None
    most: float | None = None
    secret: bool = False

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return PREFIX + self.key.upper().replace(".", "__").replace("-", "_")


COMMON: Final = (
    Field(
        key="database_url",
        kind=Kind.DATABASE,
        help="Another database than the file in the home.",
    ),
    Field(
        key="max_run",
        kind=Kind.SPAN,
        default=timedelta(minutes=10),
        least=10,
        most=86_400,
        help="How long one run may last; what is left is done by the next one.",
    ),
    Field(
        key="enabled",
        kind=Kind.FLAG,
        default=True,
        help="false: installed jobs do nothing and say so.",
    ),
    Field(
        key="key_command",
        kind=Kind.COMMAND,
        help="Prints the key that encrypts tokens; run without a shell.",
    ),
    Field(
        key="log_level",
        kind=Kind.TEXT,
        choices=("debug", "info", "warning", "error"),
        help="What standard error shows; unset: info on a terminal and under journald, else warning.",
    ),
)

NOTIFY: Final = (
    Field(
        key="notify.url",
        kind=Kind.PING,
        help="Pinged at the start and end of each run of a job, as Healthchecks has it; {job} is its id.",
        secret=True,
    ),
    Field(
        key="notify.command",
        kind=Kind.COMMAND,
        help="Run without a shell when something breaks, and when it is well again.",
    ),
)


def platform_fields(declaration: Declaration) -> Iterator[Field]:
    """All fields of `[platforms.NAME]`: those that every platform has, then its own."""
    start = f"platforms.{declaration.name}."
    yield Field(
        key=start + "base_url",
        kind=Kind.ADDRESS,
        default=declaration.base_url,
        help="What comes before the version; https, plain http to this machine only.",
    )
    for name, what in (("token_url", "tokens are fetched"), ("authorize_url", "people log in")):
        yield Field(
            key=start + name,
            kind=Kind.ADDRESS,
            help=f"Where {what}; unset: as base_url says.",
        )
    yield Field(key=start + "client_id", kind=Kind.TEXT, help="Of the default app.")
    yield Field(key=start + "client_secret", kind=Kind.TEXT, secret=True, help="Its secret.")
    yield Field(
        key=start + "redirect_uri",
        kind=Kind.ADDRESS,
        help="Where a log-in comes back, as registered with the app; unset: the platform's usual one.",
    )
    yield Field(
        key=start + "posts_per_sync",
        kind=Kind.WHOLE,
        default=100,
        least=1,
        most=100_000,
        help="At most so many posts of an account are read in one run.",
    )
    for period in ("hour", "day"):
        yield Field(
            key=f"{start}max_calls_per_{period}",
            kind=Kind.WHOLE,
            least=1,
            most=1_000_000_000,
            help=f"A ceiling of your own on an app's calls in each {period}; unset: none.",
        )
    yield Field(
        key=start + "discover_every",
        kind=Kind.SPAN,
        default=declaration.listings.get("posts", timedelta(hours=1)),
        least=60,
        most=30 * 86_400,
        help="How often, at most, new posts are looked for.",
    )
    for setting in declaration.settings:
        yield _declared(start, setting)


def _declared(start: str, setting: Setting) -> Field:
    # A bool is an int too, so it comes first.
    kinds = {bool: Kind.FLAG, int: Kind.WHOLE, float: Kind.NUMBER, str: Kind.TEXT}
    return Field(
        key=start + setting.name,
        kind=next(kind for type_, kind in kinds.items() if isinstance(setting.default, type_)),
        default=setting.default,
        help=setting.help,
        choices=setting.choices,
        pattern=setting.pattern,
        form=setting.form,
        least=setting.least,
        most=setting.most,
        secret=setting.secret,
    )


class Fields:
    """All fields of an installation, by key and by environment variable."""

    def __init__(self, declarations: Mapping[str, Declaration]) -> None:
        self.declarations = declarations
        platforms = (f for one in declarations.values() for f in platform_fields(one))
        self.known = {field.key: field for field in (*COMMON, *NOTIFY, *platforms)}
        self._by_variable = {field.variable: field for field in self.known.values()}
        self._cadence_tables = {"cadence": "cadence"} | {
            f"cadence.{name.replace('-', '_')}": f"cadence.{name}" for name in declarations
        }
        self.tables = frozenset(
            ["platforms", "notify", *self._cadence_tables.values()]
            + [f"platforms.{name}" for name in declarations]
        )

    def by_key(self, key: str) -> Field | None:
        """The field of a dotted key; a step of a cadence gets its usual name."""
        if key in self.known:
            return self.known[key]
        table, _, name = key.rpartition(".")
        if table not in self._cadence_tables.values():
            return None
        try:
            return Field(key=f"{table}.{name_of(age_of(name))}", kind=Kind.CADENCE)
        except ValueError:
            return None

    def by_variable(self, variable: str) -> Field | None:
        """The field that an environment variable sets."""
        if variable in self._by_variable:
            return self._by_variable[variable]
        key = variable.removeprefix(PREFIX).lower().replace("__", ".")
        table, _, name = key.rpartition(".")
        field = self.by_key(f"{self._cadence_tables.get(table)}.{name}")
        return field if field is not None and variable.isupper() else None
