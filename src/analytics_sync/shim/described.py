"""How the API documentation describes answers: their form, their headers, and what each means."""

from collections.abc import Mapping
from typing import Any, Final

from analytics_sync.shim.shapes import Done, Failure, RunFailure

_MEANINGS: Final = {
    304: "The caller has it already (`If-None-Match`).",
    401: "No token, or one that is not known.",
    403: "Asked by a page of another origin.",
    404: "There is no such business, run, post or job.",
    409: "That work is being done: `run_id` says by which run, `location` where to look.",
    413: "The body is too large.",
    421: "The host is not one of this service.",
    422: "A value is out of bounds or of a wrong form, or nothing can be done with it.",
    429: "As many runs as may go on were asked for already.",
    500: "A fault of the service.",
    503: "The database, the scheduler or the configuration can't be used now.",
}
_USUAL: Final = (401, 403, 413, 421, 422, 500, 503)
_DONE: Final = {200: "Done.", 201: "Taken up.", 202: "Started."}


def _header(description: str, *, always: bool = True) -> dict[str, Any]:
    return {"description": description, "required": always, "schema": {"type": "string"}}


_PLACE: Final = {"Location": _header("Where to look at the run.")}
ETAG: Final = {"ETag": _header("To be sent as `If-None-Match`.")}
_HEADERS: Final[Mapping[int, Mapping[str, Any]]] = {
    202: _PLACE,
    304: ETAG,
    401: {"WWW-Authenticate": _header("`Bearer`.")},
    409: _PLACE,
    429: {"Retry-After": _header("Seconds.")},
    503: {"Retry-After": _header("Seconds, when it is only busy.", always=False)},
}


def responses(
    of: type[Done] | None,
    *others: int,
    statuses: tuple[int, ...] = (200,),
    headers: Mapping[str, Any] | None = None,
) -> dict[int | str, dict[str, Any]]:
    """The answers of an endpoint: of a form with these statuses, and failures of the `others`."""
    told: dict[int | str, dict[str, Any]] = {
        status: {
            "description": _DONE[status],
            "headers": {**(headers or {}), **_HEADERS.get(status, {})},
            **({} if of is None else {"model": of}),
        }
        for status in statuses
    }
    for status in sorted({*_USUAL, *others}):
        told[status] = {"description": _MEANINGS[status], "headers": _HEADERS.get(status, {})}
        if status != 304:
            told[status]["model"] = RunFailure if status == 409 else Failure
    return told
