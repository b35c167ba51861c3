"""The simulated platforms, one module each, found by listing this folder."""

import importlib
import pkgutil

from analytics_sync.simulator.service import Service
from analytics_sync.simulator.world import World


def all_services(world: World) -> dict[str, Service]:
    """Every simulated platform by its name, in this world."""
    names = [m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")]
    services = [importlib.import_module(f"{__name__}.{name}").SERVICE(world) for name in names]
    return {service.name: service for service in services}
