"""The outermost frame: the only place where an error becomes words and an exit status."""

import json
import logging
import os
import sys
from collections.abc import Sequence
from typing import Any

from typer.exceptions import Abort, TyperException

from analytics_sync import logs
from analytics_sync.cli.app import command
from analytics_sync.errors import AnalyticsSyncError, ExitStatus

log = logging.getLogger(__name__)
REPORT = "Please report it, with the last lines of `analytics-sync logs`."


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit status. No traceback reaches a person."""
    as_json = "--json" in arguments
    try:
        status = command().main(list(arguments), prog_name="analytics-sync", standalone_mode=False)
        sys.stdout.flush()
    except AnalyticsSyncError as error:
        return _tell(error, as_json=as_json)
    except TyperException as error:
        return _tell_usage(error, as_json=as_json)
    except Abort:
        return _say("aborted", "Stopped.", "", as_json=as_json) or ExitStatus.FAILED
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`): nothing is left to say to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
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
    if as_json:
        print(json.dumps({"error": {"code": code, "message": message, "hint": hint}}))  # noqa: T201
    else:
        lines = message.splitlines() or [""]
        print(f"Error: {lines[0]}", *lines[1:], sep="\n  ", file=sys.stderr)  # noqa: T201
        if hint:
            print(f"  {hint}", file=sys.stderr)  # noqa: T201
    return 0
