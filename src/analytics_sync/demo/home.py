"""Where the demo's home is made: in a temporary folder, copied at the end if it is to be kept."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from analytics_sync.errors import ConfigurationInvalid, WrongUsage
from analytics_sync.settings.home import HOME_VARIABLE, Home, find_home

PREFIX = "analytics-sync-demo-"
ANOTHER = "Name a new folder, or an empty one."
OPENING = """\
# Made by `analytics-sync demo`. The businesses in here are made up, and the platforms that they
# were on are gone: these addresses lead nowhere, so that no made-up token ever leaves this machine.
enabled = false
"""


@contextmanager
def temporary_home(platforms: Iterable[str]) -> Iterator[Home]:
    """A home that goes away with the block, whatever ends it."""
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as folder:
        home = find_home({HOME_VARIABLE: folder})
        home.config.write_text(_config(platforms), encoding="utf-8")
        yield home


@contextmanager
def kept_home(folder: Path) -> Iterator[Path]:
    """An empty folder to keep a home in; one that was made for it goes away if the block fails.

    :raises WrongUsage: it can't be made or written, or something is in it.
    """
    folder = _named(folder)
    made = _make(folder)
    try:
        yield folder
    except BaseException:
        if made:
            # Not empty: then somebody else put something there.
            with suppress(OSError):
                folder.rmdir()
        raise


def copy(home: Home, folder: Path) -> None:
    """Copy a home that nobody has open; all of it, or nothing.

    :raises WrongUsage: something came into the folder meanwhile.
    """
    _refuse_used(folder)
    copied: list[Path] = []
    try:
        for thing in home.path.iterdir():
            copied.append(folder / thing.name)
            if thing.is_dir():
                shutil.copytree(thing, copied[-1])
            else:
                shutil.copy2(thing, copied[-1])
    except BaseException:
        for thing in copied:
            shutil.rmtree(thing, ignore_errors=True)
            thing.unlink(missing_ok=True)
        raise


def _named(folder: Path) -> Path:
    try:
        return find_home({HOME_VARIABLE: str(folder.absolute())}).path
    except ConfigurationInvalid:
        raise WrongUsage(
            f"--keep {str(folder)!r} holds '?' or a control character.",
            hint="A home can't have such a name: settings and crontabs could not carry it.",
        ) from None


def _make(folder: Path) -> bool:
    """Whether the folder was made just now."""
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        _refuse_used(folder)
        return False
    except OSError as error:
        raise WrongUsage(
            f"--keep {folder} can't be made: {error.strerror}.",
            hint="Name a folder in a place where you may write.",
        ) from None
    return True


def _refuse_used(folder: Path) -> None:
    try:
        used = any(folder.iterdir())
        # The surest way to know whether something can be put there.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except NotADirectoryError:
        raise WrongUsage(f"--keep {folder} is not a folder.", hint=ANOTHER) from None
    except OSError as error:
        raise WrongUsage(
            f"--keep {folder} can't be used: {error.strerror}.", hint=ANOTHER
        ) from None
    if used:
        raise WrongUsage(
            f"--keep {folder} is not empty; the demo changes nothing that exists.", hint=ANOTHER
        )


def _config(platforms: Iterable[str]) -> str:
    tables = (
        f'\n[platforms.{name}]\nbase_url = "http://127.0.0.1:9/{name}"\n' for name in platforms
    )
    return OPENING + "".join(tables)
