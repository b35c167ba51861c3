"""LinkedIn's answers on the wire: the envelope of its refusals, and the headers of all answers."""

import hashlib
from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse

JSON = dict[str, Any]

# Observed text of a refused parameter; the details say which.
_SEE_DETAILS = "Invalid param. Please see errorDetails for more information."


class Refusal(Exception):
    """An answer other than 2xx. `body` is the whole JSON document."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        service_code: int | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: JSON = {"status": status}
        if service_code is not None:
            self.body["serviceErrorCode"] = service_code
        if code is not None:
            self.body["code"] = code
        self.body["message"] = message
        self.body.update(details or {})


def answer(status: int, body: object, *, serial: int) -> JSONResponse:
    """A JSON answer with LinkedIn's tracing headers; it never tells a limit or a time to wait."""
    trace = hashlib.blake2b(str(serial).encode(), digest_size=12).hexdigest()
    headers = {
        "x-li-uuid": f"AAY{trace}",
        "x-li-fabric": "prod-lva1",
        "x-li-request-id": trace,
        "x-restli-protocol-version": "2.0.0",
    }
    return JSONResponse(body, status, headers=headers)


def _bad_input(code: str, field: str, description: str) -> Refusal:
    """400 with the input that is wrong (LinkedIn docs: Error Handling)."""
    wrong = {
        "description": description,
        "input": {"inputPath": {"fieldPath": field}},
        "code": code,
    }
    details = {
        "errorDetailType": "com.linkedin.common.error.BadRequest",
        "errorDetails": {"inputErrors": [wrong]},
    }
    return Refusal(400, _SEE_DETAILS, code=code, details=details)


def field_invalid(field: str, description: str) -> Refusal:
    return _bad_input("FIELD_INVALID", field, description)


def parameter_not_allowed(field: str) -> Refusal:
    return _bad_input("QUERY_PARAM_NOT_ALLOWED", field, "Query parameter is not allowed")


def wrong_urn_type(field: str, urn: str) -> Refusal:
    return _bad_input("INVALID_URN_TYPE", field, f"Invalid URN type: {urn}")


def bad_key(raw: str) -> Refusal:
    return Refusal(400, f"Syntax exception in path variables: {raw}", code="ILLEGAL_ARGUMENT")


def access_denied(what: str) -> Refusal:
    """403. `what`: "posts.FINDER-author.20260701", or what else can't be reached."""
    return Refusal(
        403, f"Not enough permissions to access: {what}", code="ACCESS_DENIED", service_code=100
    )


def old_syntax(name: str) -> Refusal:
    """403 for Rest.li 1.0 in a 2.0 request (seen in Microsoft Q&A 1331917)."""
    return Refusal(
        403,
        "Unpermitted fields present in PARAMETER: Data Processing Exception while processing "
        f"fields [/{name}]",
        code="ACCESS_DENIED",
        service_code=100,
    )


def not_found(message: str) -> Refusal:
    return Refusal(404, message, code="NOT_FOUND")


def no_resource(name: str) -> Refusal:
    return not_found(f"No root resource defined for path '/{name}'")


def version_missing() -> Refusal:
    return Refusal(
        400,
        "A version must be present. Please specify a version by adding the LinkedIn-Version header.",
        code="VERSION_MISSING",
    )


def version_gone(version: str) -> Refusal:
    return Refusal(426, f"Requested version {version} is not active", code="NONEXISTENT_VERSION")


def empty_token() -> Refusal:
    return Refusal(401, "Empty oauth2_access_token", service_code=401)


def unknown_scheme() -> Refusal:
    return Refusal(401, "Unknown authentication schema", service_code=401)


def invalid_token() -> Refusal:
    return Refusal(401, "Invalid access token", code="INVALID_ACCESS_TOKEN", service_code=65600)


def revoked_token() -> Refusal:
    return Refusal(
        401,
        "The token used in the request has been revoked by the user",
        code="REVOKED_ACCESS_TOKEN",
        service_code=65601,
    )


def expired_token() -> Refusal:
    return Refusal(
        401,
        "The token used in the request has expired",
        code="EXPIRED_ACCESS_TOKEN",
        service_code=65602,
    )


def day_quota(holder: str) -> Refusal:
    """429 until 00:00 UTC. `holder`: APPLICATION or MEMBER."""
    return Refusal(
        429,
        f"Resource level throttle {holder} DAY limit for calls to this resource is reached.",
        service_code=101,
    )


def too_fast() -> Refusal:
    """429 of the infrastructure, which passes within a minute."""
    return Refusal(
        429,
        "Resource level throttle limit for calls to this resource is reached.",
        code="TOO_MANY_REQUESTS",
        service_code=429,
    )
