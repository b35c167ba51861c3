"""The home: the one folder that holds configuration, key, database, locks and logs."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from analytics_sync.errors import ConfigurationInvalid

APPLICATION: Final = "analytics-sync"
HOME_VARIABLE: Final = "ANALYTICS_SYNC_HOME"
ONLY_OWNER: Final = 0o700


class Home(NamedTuple):
    """The folder, always absolute, and where its things lie. `named_by` says who chose it."""

    path: Path
    named_by: str = "default"

    @property
    def config(self) -> Path:
        return self.path / "config.toml"

    @property
    def key(self) -> Path:
        return self.path / "key"

    @property
    def database(self) -> Path:
        return self.path / "analytics-sync.db"

    @property
    def locks(self) -> Path:
        return self.path / "locks"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    def create(self) -> None:
        """Make the folder and those in it, for its owner only; what exists is left as it is.

        :raises ConfigurationInvalid: the folder can't be made there.
        """
        try:
            self.path.mkdir(ONLY_OWNER, parents=True, exist_ok=True)
            for folder in (self.locks, self.logs):
                folder.mkdir(ONLY_OWNER, exist_ok=True)
        except FileExistsError as error:
            raise ConfigurationInvalid(
                [f"{error.filename} is in the way: a folder belongs there."],
                hint=f"Move it away, or name another home in {HOME_VARIABLE}.",
            ) from error
        except OSError as error:
            raise ConfigurationInvalid(
                [f"The home {self.path} can't be made: {error.strerror} ({error.filename})."],
                hint=f"Name a folder of your own in {HOME_VARIABLE}, or make this one yours.",
            ) from error


def find_home(environ: Mapping[str, str]) -> Home:
    """The home that `ANALYTICS_SYNC_HOME` names, else the platform's folder for user data.

    Nothing is created. A relative name counts from the current folder, `~` is the user's.

    :raises ConfigurationInvalid: the name holds characters that no crontab, unit or database
        address can carry.
    """
    named = environ.get(HOME_VARIABLE, "")
    if "?" in named or not named.isprintable():
        raise ConfigurationInvalid(
            [f"{HOME_VARIABLE} = {named!r} holds '?' or a control character."],
            hint="Choose a folder whose name has neither.",
        )
    try:
        folder = Path(named).expanduser() if named else _usual_folder(environ)
    except RuntimeError as error:
        raise ConfigurationInvalid(
            [f"No home: {HOME_VARIABLE} names none, and the user's own folder is unknown: {error}"],
            hint=f"Set {HOME_VARIABLE} to an absolute folder.",
        ) from error
    return Home(folder.absolute(), HOME_VARIABLE if named else "default")


def _usual_folder(environ: Mapping[str, str]) -> Path:
    """What platformdirs says; on Linux worked out here, as its import would slow each command."""
    if sys.platform != "linux":
        from platformdirs import user_data_path

        return user_data_path(APPLICATION, appauthor=False)
    shared = environ.get("XDG_DATA_HOME", "").strip()
    if shared.startswith("/"):
        return Path(shared, APPLICATION)
    return Path(environ.get("HOME") or _home_of_user(), ".local/share", APPLICATION)


def _home_of_user() -> str:
    """What the system knows, also where HOME is set to nothing.

    :raises RuntimeError: it knows no such user.
    """
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        raise RuntimeError(f"user {os.getuid()} is not in the system's list") from None
