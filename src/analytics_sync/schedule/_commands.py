"""Runs the small programs of the operating system: `crontab`, `systemctl` and the like."""

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import IO, Final, NamedTuple

from analytics_sync.errors import SchedulerUnusable

SECONDS: Final = 20.0
# English words, and a crontab without the lines that Debian's program puts before it itself.
ENVIRONMENT: Final = {"LC_ALL": "C", "CRONTAB_NOHEADER": "Y"}
NOTHING_MORE: Final[Mapping[str, str]] = MappingProxyType({})
USUAL_FOLDERS: Final = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"


class Answer(NamedTuple):
    """How a program ended: what it printed, byte for byte, and its complaints for people."""

    status: int
    output: bytes
    complaint: str


def find(program: str) -> str | None:
    """Where a program lies on PATH, or in the usual folders; None: nowhere."""
    for folder in f"{os.environ.get('PATH', '')}:{USUAL_FOLDERS}".split(":"):
        path = os.path.join(folder, program)  # noqa: PTH118 - pathlib costs more than the answer
        if folder and os.access(path, os.X_OK) and not os.path.isdir(path):  # noqa: PTH112
            return path
    return None


def run(
    program: str,
    *arguments: str,
    stdin: bytes = b"",
    seconds: float = SECONDS,
    environ: Mapping[str, str] = NOTHING_MORE,
) -> Answer:
    """Run a program of the operating system to its end, in English.

    `environ`: what it has beside this process's own environment.

    :raises SchedulerUnusable: it is missing, can't be started, or does not end in time.
    """
    command = [find(program) or program, *arguments]
    try:
        with _whole(stdin) as file:
            process = subprocess.Popen(  # noqa: S603 - an absolute program, and no shell
                command,
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, **ENVIRONMENT, **environ},
                start_new_session=True,
            )
    except OSError as error:
        raise SchedulerUnusable(
            f"`{program}` can't be started: {error.strerror}.",
            hint=f"Install the package that has `{program}`, or take another --backend.",
        ) from error
    try:
        output, complaint = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise SchedulerUnusable(
            f"`{' '.join((program, *arguments))}` did not end within {seconds:g} s.",
            hint="Run it by hand to see what it waits for.",
        ) from error
    finally:
        # Also what it started, which would keep our pipes open.
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    return Answer(process.returncode, output, complaint.decode(errors="replace").strip())


def _whole(content: bytes) -> IO[bytes]:
    """A file with all that a program is to read. From a pipe, `crontab -` takes the part that came
    before we were killed for the whole crontab; also when nothing came at all.
    """
    if hasattr(os, "memfd_create"):
        file: IO[bytes] = os.fdopen(os.memfd_create("stdin"), "w+b")
    else:
        import tempfile

        file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.write(content)
    file.seek(0)
    return file
