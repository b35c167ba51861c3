"""The places that settings come from: options, environment and `config.toml`."""

import stat
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

from analytics_sync.settings.fields import NO_SETTINGS, PREFIX, Fields
from analytics_sync.settings.home import HOME_VARIABLE


class Source(StrEnum):
    """Where a value came from, strongest first."""

    OPTION = "option"
    ENVIRONMENT = "environment"
    CONFIG = "config.toml"
    DEFAULT = "default"


# At the end of a variable: it names a file that holds the value, as containers keep secrets.
FILE: Final = "_FILE"
LARGEST: Final = 65_536


class Found(NamedTuple):
    """Something that was set. `key` is None for a variable that sets nothing known.

    `where` names the file, the variable or the option for a person. `in_file`: `raw` is the path of
    a file that holds the value.
    """

    key: str | None
    raw: object
    source: Source
    where: str
    in_file: bool = False


def from_options(options: Mapping[str, object]) -> Iterator[Found]:
    """Options of the command line by dotted key; those that are None were not given."""
    for key, raw in options.items():
        if raw is not None:
            yield Found(key, raw, Source.OPTION, "the command line")


def from_environment(environ: Mapping[str, str], fields: Fields) -> Iterator[Found]:
    """Variables that begin with `ANALYTICS_SYNC_`; an empty one counts as not set.

    One that ends with `_FILE` names a file with the value, where the variable itself is not set.
    """
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or variable in NO_SETTINGS or not environ[variable]:
            continue
        field = fields.by_variable(variable)
        bare = variable.removesuffix(FILE)
        in_file = field is None and bare != variable
        if in_file and not environ.get(bare):
            field = fields.by_variable(bare)
        elif in_file and fields.by_variable(bare):
            continue
        key = field.key if field else None
        yield Found(key, environ[variable], Source.ENVIRONMENT, variable, in_file)


def from_file(path: Path, fields: Fields) -> Iterator[Found]:
    """All keys of `config.toml`; none when there is no such file.

    :raises ValueError: the file can't be read as TOML, with words that show none of its text.
    """
    for key, raw in _flat(read_toml(path), "", fields):
        yield Found(key, raw, Source.CONFIG, str(path))


def read_toml(path: Path) -> dict[str, Any]:
    """A file's tables; {} when there is no such file.

    :raises ValueError: with words that show none of the file's text, as it may hold secrets.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueError(f"{path} is not a file")
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    except NotADirectoryError as error:
        raise ValueError(
            f"the home {path.parent} is no folder; name another one in {HOME_VARIABLE}"
        ) from error
    except OSError as error:
        raise ValueError(f"{path} can't be read: {error.strerror}") from error
    return _parsed(path, content)


def read_value(path: Path) -> str:
    """The text of a file that holds one value.

    :raises ValueError: it can't be read, or is empty; with words that show none of it.
    """
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST).decode("utf-8-sig").strip()
    except OSError as error:
        raise ValueError(f"the file can't be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise ValueError("the file is not UTF-8") from None
    if not text:
        raise ValueError("the file is empty")
    return text


def _parsed(path: Path, content: bytes) -> dict[str, Any]:
    import tomllib

    try:
        # Some editors put a mark before the first character.
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(f"{path}, line {line}: not UTF-8; save the file as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is not TOML: {error}") from None
    except RecursionError:
        raise ValueError(f"{path} is not TOML that can be read: nested too deep") from None


def _flat(table: Mapping[str, Any], start: str, fields: Fields) -> Iterable[tuple[str, object]]:
    """Dotted keys with their values; an unknown table is one key, however much it holds."""
    for name, raw in table.items():
        key = start + name
        if isinstance(raw, dict) and key in fields.tables:
            yield from _flat(raw, f"{key}.", fields)
        else:
            yield key, raw
