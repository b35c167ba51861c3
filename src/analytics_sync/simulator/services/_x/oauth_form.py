"""The form of X's OAuth requests, and the refusals of them in OAuth's own shape."""

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

FORM = "application/x-www-form-urlencoded"


class Refusal(Exception):
    """A failure in OAuth's shape, not in that of API v2."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(status, error, description)
        self.status = status
        self.body = {"error": error, "error_description": description}


DEAD_CODE = (400, "invalid_request", "Value passed for the authorization code was invalid.")
OTHER_ADDRESS = (
    400,
    "invalid_request",
    "Value passed for the redirect uri did not match the uri of the authorization code.",
)
OTHER_VERIFIER = (
    400,
    "invalid_request",
    "Value passed for the code verifier did not match the code challenge.",
)
DEAD_TOKEN = (400, "invalid_request", "Value passed for the token was invalid.")
NO_HEADER = (401, "unauthorized_client", "Missing valid authorization header")


def needed(form: Mapping[str, str], name: str) -> str:
    if not form.get(name):
        raise Refusal(400, "invalid_request", f"Missing required parameter [{name}].")
    return form[name]


async def read_form(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise Refusal(400, "invalid_request", f"Content-Type must be {FORM}.")
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace")))


def basic(header: str | None) -> tuple[str, str] | None:
    scheme, _, text = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        pair = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        raise Refusal(*NO_HEADER) from None
    client_id, _, secret = pair.partition(":")
    return client_id, secret
