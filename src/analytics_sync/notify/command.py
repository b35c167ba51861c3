"""Runs the user's own program that tells people: it is given the event, and none of our secrets."""

import json
import logging
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from analytics_sync.settings.fields import PREFIX
from analytics_sync.settings.home import HOME_VARIABLE

SECONDS: Final = 30.0
# Of what it prints, the end is logged.
LARGEST: Final = 4_096
# What a program that ended leaves running may hold its output open: looked at so often (seconds).
LOOK: Final = 0.1
SECRETS: Final = frozenset({"CREDENTIALS_DIRECTORY", "PGPASSWORD", "PGPASSFILE"})

_log = logging.getLogger(__name__)


class NotRun(Exception):
    """The program could not be started, failed or took too long; in words."""


def run(
    command: Sequence[str],
    environ: Mapping[str, str],
    variables: Mapping[str, str],
    document: Mapping[str, Any],
    seconds: float = SECONDS,
) -> None:
    """Run it without a shell, the document on its standard input; what it prints is logged.

    When its time is over it is killed with all that it started.

    :raises NotRun: nobody can rely on it having told anybody.
    """
    with tempfile.TemporaryFile() as file:
        # A file, not a pipe: a program that never reads must not hold us up.
        file.write(json.dumps(document, ensure_ascii=False).encode() + b"\n")
        file.seek(0)
        process = _started(command, {**_without_secrets(environ), **variables}, file.fileno())
    with process:
        try:
            ended, printed = _heard(process, seconds)
        finally:
            _kill(process)
    if printed:
        _log.info("%s: %s", command[0], printed.decode("utf-8", "replace").strip())
    if not ended:
        raise NotRun(f"took longer than {seconds:g} s")
    if process.returncode != 0:
        raise NotRun(f"ended with {process.returncode}")


def _started(
    command: Sequence[str], environ: Mapping[str, str], standard_input: int
) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(  # noqa: S603 - the user's own command, split without a shell
            list(command),
            env=dict(environ),
            stdin=standard_input,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # A group of its own, to be ended as a whole; locks and files of ours are closed in it.
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise NotRun(f"can't be started: {reason}") from error


def _without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """All but our settings, of which some are secrets; the home stays, for calling us."""
    return {
        name: value
        for name, value in environ.items()
        if name == HOME_VARIABLE or not (name.startswith(PREFIX) or name in SECRETS)
    }


def _heard(process: "subprocess.Popen[bytes]", seconds: float) -> tuple[bool, bytes]:
    """Whether it ended in time, and the end of what it printed until then."""
    assert process.stdout is not None
    until = time.monotonic() + seconds
    heard, silent = b"", False
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while (left := until - time.monotonic()) > 0:
            ready = not silent and selector.select(min(LOOK, left))
            if ready:
                some = os.read(process.stdout.fileno(), 65_536)
                heard, silent = (heard + some)[-LARGEST:], not some
            elif silent:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(left)
            if process.poll() is not None and not ready:
                return True, heard
    return False, heard


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End it when it still runs, with all that it started; else let what it left behind live."""
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
