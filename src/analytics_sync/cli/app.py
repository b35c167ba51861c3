"""Puts the commands together."""

from functools import cache
from typing import Annotated, Any

import typer

from analytics_sync.cli import account, business, config, db, init, logs, runs, simulator, sync
from analytics_sync.cli.options import Verbosity, set_verbosity
from analytics_sync.version import __version__

app = typer.Typer(
    no_args_is_help=True,
    help="Keeps the history of your LinkedIn, X, Facebook and Instagram posts' numbers.",
    pretty_exceptions_enable=False,
)


@cache
def command() -> Any:
    """The whole command line, ready to run."""
    for module in (init, business, account, sync, runs, logs, config, db, simulator):
        module.register(app)
    return typer.main.get_command(app)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"analytics-sync {__version__}")
        raise typer.Exit


@app.callback()
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
