"""The Graph API's refusals: one constructor for each, with Meta's own words and codes."""

from collections.abc import Iterable
from typing import Any

DOCUMENTATION = "https://developers.facebook.com/docs/graph-api"
REVIEW = "https://developers.facebook.com/docs/apps/review"
RATE_HELP = f"{DOCUMENTATION}/overview/rate-limiting"

Answer = dict[str, Any]


class GraphError(Exception):
    """One error envelope. Source: Meta, "Handling Errors".

    `instagram`: raised by Instagram's side, whose newer answers are of type `IGApiException` and
    carry no `(#100)` before the message.
    """

    def __init__(
        self,
        message: str,
        code: int,
        *,
        kind: str = "OAuthException",
        subcode: int | None = None,
        status: int = 400,
        transient: bool | None = None,
        title: str | None = None,
        words: str | None = None,
        instagram: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.kind = kind
        self.subcode = subcode
        self.status = status
        self.transient = transient
        self.title = title
        self.words = words
        self.instagram = instagram

    def in_new_style(self) -> None:
        """Turn into what Instagram's newer servers say, where Instagram is the speaker."""
        if self.instagram:
            self.kind = "IGApiException"
            self.message = self.message.removeprefix("(#100) ")

    def envelope(self, trace: str) -> Answer:
        """`{"error": {...}}`; keys without a value are left out."""
        said = {
            "message": self.message,
            "type": self.kind,
            "code": self.code,
            "error_subcode": self.subcode,
            "is_transient": self.transient,
            "error_user_title": self.title,
            "error_user_msg": self.words,
            "fbtrace_id": trace,
        }
        return {"error": {name: value for name, value in said.items() if value is not None}}

    def challenge(self) -> str:
        """The value of `WWW-Authenticate` that goes with this error."""
        words = {102: "invalid_token", 190: "invalid_token", 10: "insufficient_scope"}
        reason = words.get(self.code, "invalid_request")
        message = self.message.encode("ascii", "backslashreplace").decode().replace('"', "'")
        return f'OAuth "Facebook Platform" "{reason}" "{message}"'


class InstagramOAuthError(GraphError):
    """The same in the envelope of api.instagram.com/oauth/access_token."""

    def __init__(self, error: GraphError) -> None:
        super().__init__(error.message.removeprefix("(#100) "), error.code)

    def envelope(self, trace: str) -> Answer:
        return {"error_type": "OAuthException", "code": 400, "error_message": self.message}


# Objects, fields and parameters


def no_such_object(identity: str, method: str = "get", *, instagram: bool = False) -> GraphError:
    """100/33: deleted, hidden, or not for this token; Meta does not tell which."""
    return GraphError(
        f"Unsupported {method} request. Object with ID '{identity}' does not exist, cannot be "
        "loaded due to missing permissions, or does not support this operation. Please read the "
        f"Graph API documentation at {DOCUMENTATION}",
        100,
        subcode=33,
        kind="GraphMethodException",
        instagram=instagram,
    )


def no_such_alias(alias: str) -> GraphError:
    return GraphError(f"(#803) Some of the aliases you requested do not exist: {alias}", 803)


def unsupported(method: str, *, instagram: bool = False) -> GraphError:
    if instagram:
        return GraphError(f"Unsupported request - method type: {method}", 100, instagram=True)
    return GraphError(
        f"Unsupported {method} request. Please read the Graph API documentation at {DOCUMENTATION}",
        100,
        kind="GraphMethodException",
    )


def unknown_path(rest: Iterable[str]) -> GraphError:
    return GraphError(f"Unknown path components: /{'/'.join(rest)}", 2500)


def bad_syntax(found: str, position: int, text: str) -> GraphError:
    return GraphError(
        f'Syntax error "Expected end of string instead of "{found}"." at character {position}: '
        f"{text}",
        2500,
    )


def nonexisting_field(name: str, type_name: str) -> GraphError:
    return GraphError(
        f"(#100) Tried accessing nonexisting field ({name}) on node type ({type_name})", 100
    )


def bad_parameter(message: str, *, instagram: bool = False) -> GraphError:
    return GraphError(f"(#100) {message}", 100, instagram=instagram)


def removed_parameter(name: str, *, status: int = 400) -> GraphError:
    """A parameter that v26.0 took out of all versions; `ids` is refused with HTTP 500."""
    return GraphError(f"The {name} query parameter is deprecated in v26.0+", 100, status=status)


def too_many_items() -> GraphError:
    return GraphError(
        "Too many requests in batch message. Maximum batch size is 50",
        100,
        kind="GraphBatchException",
    )


# Permissions


def permission_missing(scope: str) -> GraphError:
    """Code 10, as Pages say it."""
    return GraphError(
        f"(#10) This endpoint requires the '{scope}' permission or the 'Page Public Content "
        f"Access' feature. Refer to {REVIEW}/login-permissions#manage-pages and "
        f"{REVIEW}/feature#reference-PAGES_ACCESS for details.",
        10,
    )


def extended_permission_missing(scope: str) -> GraphError:
    """Code 200, as insights of Pages say it."""
    return GraphError(f"(#200) Requires extended permission: {scope}", 200)


def business_permission_missing() -> GraphError:
    return GraphError("(#200) Requires business_management permission to manage the object", 200)


def action_not_permitted() -> GraphError:
    """Code 10, as Instagram says it."""
    return GraphError("(#10) Application does not have permission for this action", 10)


# Insights


def not_a_metric() -> GraphError:
    """Names nothing: the client must find the offender itself."""
    return GraphError("(#100) The value must be a valid insights metric", 100)


def no_metric() -> GraphError:
    return GraphError(
        "(#3001) Invalid query",
        3001,
        subcode=1504028,
        transient=False,
        title="No metric was specified to be fetched",
        words="Please specify one or more metrics to be fetched and try again.",
    )


def too_little_audience(metric: str) -> GraphError:
    return GraphError(f"(#200) Not enough followers to show {metric}", 200)


def must_be_one_of(parameter: str, allowed: Iterable[str], *, instagram: bool) -> GraphError:
    return bad_parameter(
        f"{parameter} must be one of the following values: {', '.join(allowed)}",
        instagram=instagram,
    )


def metrics_not_supported(metrics: Iterable[str]) -> GraphError:
    return bad_parameter(
        f"The Media Insights API does not support the {', '.join(metrics)} metric for this media "
        "product type.",
        instagram=True,
    )


def posted_before_conversion() -> GraphError:
    return GraphError(
        "Invalid parameter",
        100,
        subcode=2108006,
        transient=False,
        title="Media posted before business account conversion",
        words="The media was posted before the most recent time that the user's account was "
        "converted to a business account from a personal account.",
        instagram=True,
    )


def too_few_viewers() -> GraphError:
    return GraphError("(#10) Not enough viewers for the media to show insights", 10)


# Trouble


def unknown_error() -> GraphError:
    return GraphError("An unknown error has occurred.", 1, status=500)


def service_unavailable() -> GraphError:
    return GraphError(
        "An unexpected error has occurred. Please retry your request later.",
        2,
        status=500,
        transient=True,
    )


def too_much_data() -> GraphError:
    return GraphError(
        "Please reduce the amount of data you're asking for, then retry your request",
        1,
        status=500,
    )


def blocked() -> GraphError:
    return GraphError(
        "The action attempted has been deemed abusive or is otherwise disallowed", 368
    )


LIMIT_MESSAGES = {
    4: "Application request limit reached",
    17: "User request limit reached",
    32: "Page request limit reached",
    341: "Application limit reached",
    613: "Calls to this api have exceeded the rate limit.",
    80001: f"There have been too many calls to this Page account. Wait a bit and try again. For "
    f"more info, please refer to {RATE_HELP}.",
    80002: f"There have been too many calls to this Instagram account. Wait a bit and try again. "
    f"For more info, please refer to {RATE_HELP}.",
}


def limit_reached(code: int, status: int = 400) -> GraphError:
    """Source: Meta, "Rate Limits"."""
    message = LIMIT_MESSAGES.get(code, "There have been too many calls.")
    transient = True if code in {4, 17} else None
    return GraphError(f"(#{code}) {message}", code, transient=transient, status=status)
