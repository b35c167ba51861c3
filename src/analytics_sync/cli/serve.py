"""`serve`: the HTTP shim."""

import typer


def register(app: typer.Typer) -> None:
    pass
