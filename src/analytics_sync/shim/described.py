"""How the API documentation describes answers."""

from typing import Any, Final

from pydantic import BaseModel

JSON: Final = "application/json"


class Problem(BaseModel):
    """What is wrong, as a code, and in words with what to do."""

    code: str
    message: str
    hint: str


class Failure(BaseModel):
    """Every failure has this form."""

    success: bool = False
    error: Problem


class RunFailure(Failure):
    """A run is in the way."""

    run_id: int | None = None
    location: str | None = None


_MEANINGS: Final = {
    401: "No token, or one that is not known.",
    403: "Asked by a page of another origin.",
    404: "There is no such business, run, post or job.",
    409: "That work is being done: `run_id` says by which run, `location` where to look.",
    413: "The body is too large.",
    421: "The host is not one of this service.",
    422: "A value is out of bounds or of a wrong form, or nothing can be done with it.",
    429: "As many runs as may go on were asked for already.",
    503: "The database, the scheduler or the configuration can't be used now.",
}
_USUAL: Final = (401, 403, 413, 421, 422, 500, 503)


def responses(
    named: str | None, *others: int, status: int = 200, of: str = "object"
) -> dict[int | str, dict[str, Any]]:
    """The answers of an endpoint: `success` with `named`, and failures of these statuses."""
    properties: dict[str, Any] = {"success": {"const": True}}
    required = ["success"]
    if named is not None:
        properties[named] = {"type": of}
        required.append(named)
    schema = {"type": "object", "properties": properties, "required": required}
    told: dict[int | str, dict[str, Any]] = {
        status: {"description": "Done.", "content": {JSON: {"schema": schema}}}
    }
    for number in sorted({*_USUAL, *others} - {304}):
        model = RunFailure if number in {409, 429} else Failure
        meaning = _MEANINGS.get(number, "A fault of the service.")
        told[number] = {"model": model, "description": meaning}
    if 304 in others:
        told[304] = {"description": "The caller has it already (`If-None-Match`)."}
    return told
