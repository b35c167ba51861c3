"""Where `account add` reads a token: a file or standard input."""

import logging
import os
import re
import shlex
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from analytics_sync.errors import WrongUsage

if TYPE_CHECKING:
    from analytics_sync.tokens import Token

log = logging.getLogger(__name__)

# Somebody may put the token itself where its file belongs.
LIKE_A_TOKEN = re.compile(r"[^/\s]{30,}")


def read_token(file: Path | None, *, from_stdin: bool) -> "Token | None":
    """The token in a file or on standard input; None where it comes in another way.

    :raises WrongUsage: there is none, or it has another form.
    """
    from analytics_sync.tokens import parse_token

    if from_stdin:
        return parse_token(_read_stdin(), "standard input")
    if file is None:
        return None
    return parse_token(_read(file), f"the token file {file}")


def _read_stdin() -> str:
    """:raises WrongUsage: there is no standard input."""
    from analytics_sync.tokens import LARGEST_SOURCE

    if sys.stdin is None:
        raise WrongUsage(
            "--token-stdin: there is no standard input.", hint="Pipe the token in, or name a file."
        )
    return sys.stdin.buffer.read(LARGEST_SOURCE + 1).decode(errors="replace")


def _read(file: Path) -> str:
    """:raises WrongUsage: the file is none, can't be read, or is no text."""
    from analytics_sync.domain.masking import mask
    from analytics_sync.tokens import LARGEST_SOURCE

    try:
        with file.open("rb") as opened_file:
            mode = os.fstat(opened_file.fileno()).st_mode
            if stat.S_ISREG(mode) and stat.S_IMODE(mode) & 0o044:
                log.warning(
                    "the token file %s may be read by others: chmod 600 %s",
                    file,
                    shlex.quote(str(file)),
                )
            return opened_file.read(LARGEST_SOURCE + 1).decode()
    except IsADirectoryError:
        raise WrongUsage(f"--token-file {file} is a folder.", hint="Name a file.") from None
    except OSError as error:
        shown = mask(str(file)) if LIKE_A_TOKEN.fullmatch(str(file)) else file
        raise WrongUsage(
            f"--token-file {shown} can't be read: {error.strerror}.",
            hint="Name a file that holds the token, and that you may read.",
        ) from None
    except UnicodeDecodeError:
        raise WrongUsage(
            f"--token-file {file} holds no text.", hint="Is it the right file?"
        ) from None
