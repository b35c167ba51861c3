"""The simulator's controls, faults and switches, in the words of its own modules."""

import ast
import inspect
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path

from starlette.routing import Route

from analytics_sync.clock import EPOCH
from analytics_sync.simulator import control, faults, services
from analytics_sync.simulator.clock import SimulatedClock
from analytics_sync.simulator.services._x.switches import SWITCHES
from analytics_sync.simulator.world import World
from docparts import Maker, block, code, table

FOLDER = Path(services.__file__).parent
METHODS = ("GET", "POST", "PATCH", "DELETE")


def controls(_: str) -> str:
    """The paths below `/_sim` with what each takes, as their functions say it."""
    told = {
        node.name: " ".join((ast.get_docstring(node) or "").split())
        for node in ast.walk(ast.parse(inspect.getsource(control)))
        if isinstance(node, ast.AsyncFunctionDef)
    }
    app = control.control_app(World(SimulatedClock(EPOCH)), {}, [])
    rows = [
        (
            code(f"/_sim{route.path}"),
            " ".join(method for method in METHODS if method in (route.methods or ())),
            told[route.name],
        )
        for route in app.routes
        if isinstance(route, Route)
    ]
    return table(("path", "methods", "what it does"), rows)


def wire_faults(_: str) -> str:
    """What a fault is, as its class says it."""
    lines = (f"{field.name:9} {_default(field)}" for field in fields(faults.Fault))
    return f"{_prose(inspect.getdoc(faults.Fault))}\n\n{block(chr(10).join(lines))}"


def _default(field: Field[object]) -> str:
    if field.default is not MISSING:
        return repr(field.default)
    return "(must be said)" if field.default_factory is MISSING else repr(field.default_factory())


def switches(platform: str) -> str:
    """All switches of X; for the others see `service`."""
    if platform != "x":
        raise ValueError(f"only X has a table of switches, not {platform!r}")
    return table(
        ("switch", "what it does (default)"),
        [(code(f"x.{name}"), text) for name, text in SWITCHES.items()],
    )


def service(name: str) -> str:
    """What a service's module says of itself."""
    return block(_docstring(FOLDER / f"{name}.py"))


def _docstring(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    if not text:
        raise ValueError(f"{path.name} says nothing of itself")
    return text


def _prose(text: str | None) -> str:
    return "\n\n".join(" ".join(part.split()) for part in (text or "").split("\n\n"))


MAKERS: Mapping[str, Maker] = {
    "simulator-controls": controls,
    "simulator-faults": wire_faults,
    "simulator-switches": switches,
    "simulator-service": service,
}
