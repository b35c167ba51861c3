"""Files that root makes in a user's folder belong to that user, who must open them later."""

import os
from pathlib import Path

ONLY_OWNER = 0o600


def open_or_make(path: Path, flags: int) -> int:
    """Open a file, made for the folder's owner alone where it is missing; gives its descriptor.

    Only a file that was made here is given away: a link to something else is left as it is.
    """
    try:
        return os.open(path, flags | os.O_CLOEXEC)
    except FileNotFoundError:
        pass
    try:
        descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_CREAT | os.O_EXCL, ONLY_OWNER)
    except FileExistsError:
        # Another process was faster.
        return os.open(path, flags | os.O_CLOEXEC)
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.fchown(descriptor, folder.st_uid, folder.st_gid)
    return descriptor


def make_folder(path: Path) -> None:
    """Make a folder in an existing one, for that one's owner alone; what exists is left as it is."""
    try:
        path.mkdir(ONLY_OWNER | 0o100)
    except FileExistsError:
        return
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.chown(path, folder.st_uid, folder.st_gid)
