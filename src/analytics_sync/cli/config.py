"""`config`: where the configuration is, what is set and by whom, and whether it is right."""

from typing import Any

import typer

from analytics_sync.cli.options import Json, answer, opened
from analytics_sync.cli.tables import say, table

config = typer.Typer(no_args_is_help=True, help="The settings, and where each came from.")


def register(app: typer.Typer) -> None:
    app.add_typer(config, name="config")


@config.command()
def path(*, json: Json = False) -> None:
    """Say where the config file is."""
    import os

    from analytics_sync.settings.home import find_home

    found = find_home(os.environ).config
    # Not the method of paths, which fails where the home may not be entered.
    exists = os.path.exists(found)  # noqa: PTH110
    answer({"path": str(found), "exists": exists}, as_json=json, human=lambda: say(str(found)))


@config.command()
def show(*, json: Json = False) -> None:
    """Show each setting with where it came from; secrets are masked."""
    with opened() as installation:
        origins = installation.settings.origins

    def human() -> None:
        table(
            ("setting", "value", "from"),
            [(one.key, _shown(one.value), one.where) for one in origins],
            empty="",
        )

    settings = [
        {"key": one.key, "value": one.value, "source": one.source.name.lower(), "where": one.where}
        for one in origins
    ]
    answer({"settings": settings}, as_json=json, human=human)


@config.command()
def check(*, json: Json = False) -> None:
    """Check the settings; every mistake is named at once, with status 78."""
    with opened() as installation:
        home = installation.home

    answer(
        {"ok": True, "home": str(home.path), "config": str(home.config)},
        as_json=json,
        human=lambda: say(f"No mistakes. Home: {home.path}"),
    )


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    return " ".join(value) if isinstance(value, list) else str(value)
