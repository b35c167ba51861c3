"""`credential`: list, replace, remove."""

import typer


def register(app: typer.Typer) -> None:
    pass
