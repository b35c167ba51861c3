"""The outermost frame: the only place where an error becomes words and an exit status."""

import json
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import takewhile
from typing import Any, TextIO

from typer.exceptions import Abort, TyperException

from analytics_sync import logs
from analytics_sync.cli.app import command
from analytics_sync.errors import AnalyticsSyncError, ExitStatus

log = logging.getLogger(__name__)
REPORT = "Please report it, with the last lines of `analytics-sync logs`."

# What a shell reports for a program that a closed pipe, or Ctrl-C, ended.
PIPE_CLOSED = 141
INTERRUPTED = 130

# Before logging is set up, Python would print a record with its traceback on standard error.
logging.getLogger("analytics_sync").addHandler(logging.NullHandler())


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit status. No traceback reaches a person."""
    as_json = "--json" in takewhile(lambda word: word != "--", arguments)
    status = 0
    try:
        status = _outcome(arguments, as_json=as_json)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`): nothing is left to say to them.
        _silence(sys.stdout)
        return status or PIPE_CLOSED
    except OSError as error:
        _silence(sys.stdout)
        _say("system", f"The output can't be written: {error.strerror}.", "", as_json=False)
        return status or ExitStatus.FAILED
    return status


def _outcome(arguments: Sequence[str], *, as_json: bool) -> int:
    try:
        status = command(arguments).main(
            list(arguments), prog_name="analytics-sync", standalone_mode=False
        )
    except AnalyticsSyncError as error:
        return _tell(error, as_json=as_json)
    except TyperException as error:
        return _tell_usage(error, as_json=as_json)
    except Abort:
        return _say("aborted", "Stopped.", "", as_json=as_json) or ExitStatus.FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except _cancelled():
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except SystemExit as end:
        # The libraries' own end: 0 after words for a completion, else of a closed pipe.
        if end.code:
            raise BrokenPipeError from None
        status = 0
    except OSError as error:
        name = f" ({error.filename})" if error.filename else ""
        _say("system", f"{error.strerror or error}{name}.", "", as_json=as_json)
        return ExitStatus.FAILED
    except Exception as error:
        log.exception("unexpected failure")
        text = f"Unexpected failure: {type(error).__name__}: {error}"
        _say("internal", text, REPORT, as_json=as_json)
        return ExitStatus.FAILED
    return int(status or 0)


def _cancelled() -> type[BaseException] | tuple[()]:
    """What asyncio makes of Ctrl-C in the instant before a run listens for it."""
    asyncio = sys.modules.get("asyncio")
    return asyncio.CancelledError if asyncio is not None else ()


def _tell(error: AnalyticsSyncError, *, as_json: bool) -> int:
    log.debug("%s: %s", error.code, error.message)
    _say(str(error.code), error.message, error.hint, as_json=as_json)
    return error.exit_status


def _tell_usage(error: TyperException, *, as_json: bool) -> int:
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    context: Any = getattr(error, "ctx", None)
    name = context.command_path if context is not None else "analytics-sync"
    _say("usage", message, f"`{name} --help` shows what it takes.", as_json=as_json)
    return getattr(error, "exit_code", ExitStatus.USAGE)


def _say(code: str, message: str, hint: str, *, as_json: bool) -> int:
    message, hint = logs.redacted(message), logs.redacted(hint)
    stream = sys.stdout if as_json else sys.stderr
    if as_json:
        text = json.dumps({"error": {"code": code, "message": message, "hint": hint}})
    else:
        lines = [*(message.splitlines() or [""]), *([hint] if hint else [])]
        text = "\n  ".join([f"Error: {lines[0]}", *lines[1:]])
    try:
        print(text, file=stream, flush=True)
    except OSError:
        # The exit status still tells, and perhaps standard error can.
        _silence(stream)
        if as_json:
            return _say(code, message, hint, as_json=False)
    return 0


def _silence(stream: TextIO) -> None:
    """Let what is still to be written go nowhere: Python's own end would fail on it once more."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
