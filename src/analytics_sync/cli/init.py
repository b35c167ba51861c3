"""`init`: the config file, the key and the database."""

import typer

from analytics_sync.cli.options import Json, answer, opened
from analytics_sync.cli.tables import say


def register(app: typer.Typer) -> None:
    app.command("init")(init)


def init(*, json: Json = False) -> None:
    """Make the config file, the key and the database; what exists is left as it is."""
    from analytics_sync.wiring import initialise

    with opened() as installation:
        made = initialise(installation)

    def human() -> None:
        say(f"Home: {made['home']}")
        for name in ("config", "key", "database"):
            state = "made" if name in made["made"] else "was there"
            say(f"  {name:8} {made[name]} ({state})")
        say('Next: analytics-sync business add "My business"')

    answer(made, as_json=json, human=human)
