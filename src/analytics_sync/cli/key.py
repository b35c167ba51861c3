"""`key`: where the encryption key is, and rotating it."""

import typer


def register(app: typer.Typer) -> None:
    pass
