"""The address of the database: which ones are taken, and which file one means."""

from pathlib import Path
from typing import Final
from urllib.parse import unquote

SQLITE: Final = ("sqlite", "sqlite+pysqlite")
POSTGRESQL: Final = ("postgresql", "postgres", "postgresql+psycopg")
FORM: Final = "sqlite:////absolute/path.db or postgresql://user:password@host/name"


def check_database_url(text: str) -> str:
    """The address itself, when it is one that the store takes.

    :raises ValueError: with words that never repeat the address, as it may hold a password.
    """
    scheme, separator, rest = text.partition("://")
    if not separator or scheme not in SQLITE + POSTGRESQL or not text.isprintable():
        raise ValueError(f"must be {FORM}")
    if scheme in SQLITE and not _file_of(rest):
        raise ValueError(f"names no file; all state is kept there, so it must be {FORM}")
    if scheme in POSTGRESQL and not rest:
        raise ValueError(f"names no server; must be {FORM}")
    return text


def sqlite_url(file: Path) -> str:
    return f"sqlite:///{file}"


def sqlite_file(url: str) -> Path | None:
    """The file that an SQLite address names; None for another database."""
    scheme, _, rest = url.partition("://")
    return Path(_file_of(rest)) if scheme in SQLITE else None


def below(home: Path, url: str) -> str:
    """The address with a relative SQLite file counted from the home, not the current folder.

    cron and systemd start in folders of their own, and each must find the same database.
    """
    file = sqlite_file(url)
    if file is None or file.is_absolute():
        return url
    _, question, query = url.partition("?")
    return sqlite_url(home / file) + question + query


def passwords(url: str) -> list[str]:
    """All passwords in an address, as they are written there and as they are meant."""
    place, _, query = url.partition("://")[2].partition("?")
    parameters = (part.partition("=") for part in query.split("&"))
    written = [place.rpartition("@")[0].partition(":")[2]]
    written += [value for name, _, value in parameters if "pass" in name.lower()]
    return sorted({text for one in written if one for text in (one, unquote(one))})


def _file_of(rest: str) -> str:
    """What stands behind `sqlite://`, without the slash that closes the empty host."""
    file = rest.partition("?")[0].removeprefix("/") if rest.startswith("/") else ""
    return "" if file in (":memory:", "/") or file.startswith("file:") else file
