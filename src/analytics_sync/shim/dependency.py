"""The rules of our own application, for routes that are mounted in another."""

from anyio import to_thread
from fastapi import HTTPException, Request

from analytics_sync.shim.desk import opened
from analytics_sync.shim.gate import Rules, refusal
from analytics_sync.wiring.callers import caller as name_of

_RULES = Rules()


async def caller(token: str) -> str | None:
    """The name of the program whose token this is, looked up beside the event loop."""

    def look_up() -> str | None:
        with opened() as installation:
            return name_of(installation, token)

    return await to_thread.run_sync(look_up)


async def guard(request: Request) -> None:
    """Let in local programs with a right `Host`, and holders of a token; no page of another site.

    :raises HTTPException: 401, 403 or 421.
    """
    refused = await refusal(request.scope, _RULES, caller)
    if refused is not None:
        raise HTTPException(refused.status, refused.message, dict(refused.headers))
