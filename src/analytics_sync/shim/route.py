"""A route that answers failures in our form, wherever it is mounted, and reads no endless body."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive

from analytics_sync.errors import AnalyticsSyncError
from analytics_sync.shim import answers

# Far more than any post has.
LARGEST_BODY: Final = 1_048_576
MOST_TOLD: Final = 5
# What FastAPI says of bytes that are no text.
UNREADABLE: Final = "There was an error parsing the body"


class Route(APIRoute):
    """An endpoint of the shim. An application's own handlers of errors don't see its failures."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            bounded = Request(request.scope, bounded_receive(request.receive))
            try:
                return await handle(bounded)
            except RequestValidationError as error:
                return of_bounds(error.errors())
            except AnalyticsSyncError as error:
                return answers.of_error(error)
            except HTTPException as error:
                if type(error) is HTTPException and error.status_code == 413:
                    return too_large()
                if error.status_code == 400 and error.detail == UNREADABLE:
                    return of_bounds([{"loc": ("body",), "msg": "is not JSON that can be read"}])
                raise
            except Exception as error:  # noqa: BLE001 - it goes to the log
                return answers.internal(error)

        return handler


def bounded_receive(receive: Receive) -> Receive:
    """Give what is received, until the body grows beyond its bound."""
    seen = 0

    async def receive_bounded() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > LARGEST_BODY:
            raise HTTPException(413)
        return message

    return receive_bounded


def too_large() -> Response:
    """413. The server throws the rest of the body away, so that the caller reads this."""
    return answers.failure(
        413,
        "body_too_large",
        f"The body is larger than {LARGEST_BODY:,} bytes.",
        "Tell of one post in each request.",
    )


def of_bounds(errors: Sequence[Mapping[str, Any]]) -> Response:
    """What is out of bounds or of a wrong form, by its name; never the value, which may be secret."""
    told = [f"{_place(error)}: {_words(error)}" for error in errors[:MOST_TOLD]]
    if len(errors) > MOST_TOLD:
        told.append(f"and {len(errors) - MOST_TOLD} more")
    return answers.failure(
        422, "invalid", "; ".join(told) + ".", "The API documentation says what is taken."
    )


def _place(error: Mapping[str, Any]) -> str:
    parts = [part for part in error.get("loc", ()) if isinstance(part, str)]
    return parts[-1] if parts else "request"


def _words(error: Mapping[str, Any]) -> str:
    words = str(error.get("msg", "is wrong")).removeprefix("Value error, ")
    return words[:300].rstrip(".")
