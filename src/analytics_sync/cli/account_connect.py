"""`account connect`: log in with a browser, and add what the log-in reaches."""

import typer


def register(app: typer.Typer) -> None:
    pass
