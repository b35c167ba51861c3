"""The floor of every command: a Typer application whose only command does nothing."""

import typer

app = typer.Typer()


@app.command()
def nothing() -> None:
    pass


app()
