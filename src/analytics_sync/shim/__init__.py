"""The HTTP shim: the documented endpoints in front of the same functions as the commands have.

`app` is the whole service; `router` mounts its endpoints in another FastAPI application, whose
log-in then guards them; `guard` is a dependency with the rules of `app`. FastAPI is loaded with
the first of them.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.types import ASGIApp

    from analytics_sync.shim.dependency import guard

    app: ASGIApp
    router: APIRouter

__all__ = ["app", "guard", "router"]


def __getattr__(name: str) -> Any:
    if name == "app":
        from analytics_sync.shim.service import build

        made: Any = build()
    elif name == "router":
        from analytics_sync.shim.endpoints import router as made
    elif name == "guard":
        from analytics_sync.shim.dependency import guard as made
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = made
    return made
