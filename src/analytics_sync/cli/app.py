"""Puts the commands together."""

import importlib
from collections.abc import Sequence
from functools import cache
from itertools import dropwhile
from typing import Annotated, Any

import typer

from analytics_sync.cli.options import Verbosity, set_verbosity
from analytics_sync.version import __version__

# Each command's module, in the order of `--help`.
MODULES = {
    "init": "init",
    "business": "business",
    "app": "apps",
    "account": "account",
    "credential": "credential",
    "post": "post",
    "sync": "sync",
    "schedule": "schedule",
    "unschedule": "unschedule",
    "pause": "pause",
    "resume": "pause",
    "jobs": "jobs",
    "status": "status",
    "tick": "tick",
    "runs": "runs",
    "import": "import_command",
    "export": "export",
    "logs": "logs",
    "notify": "notify",
    "key": "key",
    "config": "config",
    "db": "db",
    "serve": "serve",
    "demo": "demo",
    "simulator": "simulator",
}
FLAGS = frozenset({"--verbose", "-v", "--quiet", "-q"})


def command(arguments: Sequence[str] = ()) -> Any:
    """The command line, ready to run; where `arguments` name a command, with that one alone.

    Building all of them takes longer than a run with nothing to do.
    """
    word = next(dropwhile(FLAGS.__contains__, arguments), "")
    return _built(word if word in MODULES else None)


@cache
def _built(word: str | None) -> Any:
    app = typer.Typer(
        no_args_is_help=True,
        help="Keeps the history of your LinkedIn, X, Facebook and Instagram posts' numbers.",
        pretty_exceptions_enable=False,
    )
    app.callback()(everything)
    for name in [MODULES[word]] if word else dict.fromkeys(MODULES.values()):
        importlib.import_module(f"analytics_sync.cli.{name}").register(app)
    return typer.main.get_command(app)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"analytics-sync {__version__}")
        raise typer.Exit


def everything(
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log at DEBUG to standard error.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Log only errors to standard error.")
    ] = False,
    version: Annotated[  # noqa: ARG001
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of every command."""
    set_verbosity(Verbosity.LOUD if verbose else Verbosity.QUIET if quiet else Verbosity.USUAL)
