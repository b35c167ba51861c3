"""The simulator as one ASGI application: each platform below its own path, controls in `/_sim`."""

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from analytics_sync.simulator.control import control_app
from analytics_sync.simulator.recorder import Recorder
from analytics_sync.simulator.service import Handle, Service
from analytics_sync.simulator.services import all_services
from analytics_sync.simulator.world import World


class Simulator:
    """A world and the services that show it: all that there are, unless some are given."""

    def __init__(self, world: World, services: Mapping[str, Service] | None = None) -> None:
        self.world = world
        self.services: Mapping[str, Service] = all_services(world) if services is None else services
        self.handles: list[tuple[int, Handle]] = []
        self.app: ASGIApp = Starlette(
            routes=[
                Mount("/_sim", control_app(self.world, self.services, self.handles)),
                *(
                    Mount(f"/{name}", Recorder(world, name, service.app))
                    for name, service in self.services.items()
                ),
            ]
        )

    def populate(self, businesses: Mapping[int, str], posts_per_account: int) -> None:
        """Give each business an account on every platform."""
        for number, name in businesses.items():
            for service in self.services.values():
                handle = service.populate(number, name, posts_per_account)
                self.handles.append((number, handle))

    def settings(self, origin: str) -> dict[str, str]:
        """The environment that points the tool at a simulator that listens at `origin`."""
        settings: dict[str, str] = {}
        for name, service in self.services.items():
            address = f"{origin}/{name}"
            client = service.client()
            told = {"BASE_URL": address}
            if client is not None:
                told |= {
                    "TOKEN_URL": address + service.token_path,
                    "AUTHORIZE_URL": address + service.authorize_path,
                    "CLIENT_ID": client.client_id,
                }
                if client.client_secret is not None:
                    told["CLIENT_SECRET"] = client.client_secret
            start = f"ANALYTICS_SYNC_PLATFORMS__{name.upper()}__"
            settings |= {start + key: value for key, value in told.items()}
        return settings
