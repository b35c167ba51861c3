"""`account check`: what the platforms say of stored tokens."""

import typer


def register(app: typer.Typer) -> None:
    pass
