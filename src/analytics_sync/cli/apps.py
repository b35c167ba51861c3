"""`app`: the OAuth applications through which people log in."""

import typer


def register(app: typer.Typer) -> None:
    pass
