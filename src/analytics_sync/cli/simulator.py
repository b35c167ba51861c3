"""`simulator`: the made-up platforms alone, for trying things."""

from datetime import timedelta
from typing import Annotated

import typer

from analytics_sync.cli.options import Json, answer
from analytics_sync.cli.tables import say
from analytics_sync.clock import SystemClock
from analytics_sync.errors import AnalyticsSyncError

# Names of people that are printed of each platform.
SHOWN = 3


def register(app: typer.Typer) -> None:
    app.command("simulator")(simulator)


def simulator(
    *,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 0,
    seed: Annotated[int, typer.Option("--seed", help="Another seed, other numbers.")] = 1,
    businesses: Annotated[int, typer.Option("--businesses", min=1, max=1000)] = 3,
    posts: Annotated[
        int, typer.Option("--posts", min=1, max=5000, help="Posts of each account.")
    ] = 60,
    json: Json = False,
) -> None:
    """Serve made-up platforms on this machine, and print the settings that point here."""
    from analytics_sync.simulator.app import Simulator
    from analytics_sync.simulator.clock import SimulatedClock
    from analytics_sync.simulator.server import listen, origin_of, serve
    from analytics_sync.simulator.world import World

    clock = SimulatedClock(SystemClock().now(), running=True)
    made = Simulator(World(clock, seed=seed))
    made.populate({n: f"Business {n}" for n in range(1, businesses + 1)}, posts)
    try:
        listening = listen(port=port)
    except OSError as error:
        raise AnalyticsSyncError(
            f"Port {port} can't be used: {error.strerror}.", hint="Leave --port out for a free one."
        ) from error
    origin = origin_of(listening)
    settings = made.settings(origin)
    accounts = [
        {
            "business": number,
            "platform": handle.platform,
            "platform_account_id": handle.platform_account_id,
            "kind": handle.kind,
            "token": handle.token,
        }
        for number, handle in made.handles
    ]

    people = {
        platform: [person.name for person in service.people()]
        for platform, service in made.services.items()
        if service.client() is not None
    }

    def human() -> None:
        say(f"# The simulator listens at {origin}; Ctrl-C ends it. In another terminal:")
        for name, value in settings.items():
            say(f"export {name}={value}")
        say("# Log in as one of them, in a browser:")
        for platform, names in people.items():
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            say(f"analytics-sync account connect 1 {platform}  # {', '.join(names[:SHOWN])}{more}")
        say("# Or give the tokens by hand:")
        for account in accounts:
            say(
                f"echo '{account['token']}' | analytics-sync account add {account['business']} "
                f"{account['platform']} --token-stdin"
            )
        say(
            f"# A day later: curl -d '{{\"advance\": {timedelta(days=1) // timedelta(seconds=1)}}}' "
            f"{origin}/_sim/clock"
        )

    told = {"origin": origin, "settings": settings, "accounts": accounts, "people": people}
    answer(told, as_json=json, human=human)
    _flush()
    serve(made, listening)


def _flush() -> None:
    import sys

    sys.stdout.flush()
