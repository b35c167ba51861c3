"""What is answered: documents as JSON, numbers with an ETag, and errors without internals."""

import json
import logging
from collections.abc import Mapping
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final

from starlette.responses import Response

from analytics_sync import logs
from analytics_sync.clock import iso
from analytics_sync.errors import (
    AnalyticsSyncError,
    Busy,
    ConfigurationInvalid,
    CredentialRefused,
    SchedulerUnusable,
    StoreUnusable,
    WrongUsage,
)

log = logging.getLogger(__name__)

UNUSABLE: Final = "The service can't be used now."
LOOK: Final = "On its machine, `analytics-sync status` and `analytics-sync logs` say why."
RETRY_SECONDS: Final = 5


def success(document: Mapping[str, Any], status: int = 200, **headers: str) -> Response:
    """`{"success": true, ...}`; names of headers are written with underscores."""
    return _response({"success": True, **document}, status, _named(headers))


def with_etag(document: Mapping[str, Any], if_none_match: str | None) -> Response:
    """The same, or 304 when the caller has it already."""
    body = _encoded({"success": True, **document})
    etag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if if_none_match is not None and _matches(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def failure(
    status: int,
    code: str,
    message: str,
    hint: str = "",
    *,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> Response:
    """`{"success": false, "error": {"code", "message", "hint"}}`."""
    error = {"code": code, "message": logs.redacted(message), "hint": logs.redacted(hint)}
    return _response({"success": False, "error": error, **(more or {})}, status, headers or {})


def of_error(error: AnalyticsSyncError) -> Response:
    """A failure in the words of the command; of what the caller can't mend, no detail."""
    status = _status(error)
    headers = {"Retry-After": str(RETRY_SECONDS)} if isinstance(error, Busy) else None
    if isinstance(error, StoreUnusable | ConfigurationInvalid | CredentialRefused):
        log.warning("%s: %s", error.code, error.message)
        return failure(status, error.code, UNUSABLE, LOOK)
    return failure(status, error.code, error.message, error.hint, headers=headers)


def internal(error: Exception) -> Response:
    """A fault of ours: in the log with its place, to the caller without."""
    log.error("unexpected failure", exc_info=error)
    return failure(500, "internal", "The service failed.", LOOK)


def _status(error: AnalyticsSyncError) -> int:
    match error:
        case WrongUsage():
            return 404 if error.code.startswith("unknown_") else 422
        case StoreUnusable() | ConfigurationInvalid() | SchedulerUnusable() | Busy():
            return 503
        case _:
            return 500


def _matches(if_none_match: str, etag: str) -> bool:
    """By the weak comparison, as HTTP has it for this header."""
    given = [one.strip().removeprefix("W/") for one in if_none_match.split(",")]
    return "*" in given or etag in given


def _response(document: Mapping[str, Any], status: int, headers: Mapping[str, str]) -> Response:
    made = Response(_encoded(document), status, media_type="application/json")
    made.headers["Cache-Control"] = "no-store"
    made.headers.update(headers)
    return made


def _encoded(document: Mapping[str, Any]) -> bytes:
    text = json.dumps(document, default=_plain, ensure_ascii=False, allow_nan=False)
    # Half a character, which a file may have brought in, has no form in UTF-8.
    return text.encode(errors="replace")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
