"""Where a vault looks for its keys, at first and again later: a rotation may change them."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from analytics_sync.errors import ConfigurationInvalid
from analytics_sync.vault.keys import Keys, find_keys, keys_of_file

# Device, inode, change in nanoseconds, size.
Identity = tuple[int, int, int, int]


@dataclass(frozen=True)
class KeySource:
    """All places of one installation; see `find_keys` for their order."""

    key_file: Path
    environ: Mapping[str, str] = field(repr=False)
    key_command: Sequence[str] = ()

    def find(self) -> Keys | None:
        """:raises ConfigurationInvalid: a place has keys that can't be read or used."""
        return find_keys(self.key_file, self.environ, self.key_command)

    def identity(self, keys: Keys) -> Identity | None:
        """Another one than before: the key file was replaced. Costs one look."""
        return _identity(self.key_file) if keys.place == "file" else None

    def rotated(self, keys: Keys) -> Keys | None:
        """The keys of the key file, if these came from it, or from a copy of it.

        systemd's credential is a copy of when the unit was started. None where there are no others.
        """
        if keys.place in {"file", "credential"}:
            with suppress(ConfigurationInvalid):
                found = keys_of_file(self.key_file)
                if found is not None and found.texts != keys.texts:
                    return found
        return None


def _identity(path: Path) -> Identity | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size
