"""X's failures, each with the body that X sends (X docs: Response codes and errors; reports)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from analytics_sync.simulator.services._x.dialects import LEGACY, Dialect

ACCOUNT_ID = "1600000"
PROJECTS = "https://developer.twitter.com/en/docs/projects/overview"
KINDS = {
    "app": "OAuth 2.0 Application-Only",
    "user": "OAuth 2.0 User Context",
}
TITLES = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


class Problem(Exception):
    """An answer that is no success. `plain`: sent as application/json, not problem+json."""

    def __init__(
        self,
        status: int,
        body: Mapping[str, Any],
        *,
        plain: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.plain = plain
        self.headers = dict(headers or {})


def blank(status: int) -> Problem:
    """A status and nothing more; 401 covers unknown, expired and revoked tokens alike."""
    title = TITLES[status]
    return Problem(
        status, {"title": title, "type": "about:blank", "status": status, "detail": title}
    )


def too_many(body: str) -> Problem:
    """The rate limit, in the body of v2 or in that of v1.1."""
    if body == "errors":
        return Problem(
            429, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}, plain=True
        )
    return blank(429)


def invalid_request(dialect: Dialect, errors: Sequence[Mapping[str, Any]]) -> Problem:
    """400: `errors` has an entry with `parameters` and `message` for each mistake."""
    return Problem(
        400,
        {
            "errors": list(errors),
            "title": "Invalid Request",
            "detail": "One or more parameters to your request was invalid.",
            "type": dialect.problem("invalid-request"),
        },
    )


def unsupported_authentication(dialect: Dialect, kind: str, allowed: Sequence[str]) -> Problem:
    names = [KINDS[one] for one in allowed]
    if "user" in allowed:
        names.insert(0, "OAuth 1.0a User Context")
    return Problem(
        403,
        {
            "title": "Unsupported Authentication",
            "detail": f"Authenticating with {KINDS[kind]} is forbidden for this endpoint.  "
            f"Supported authentication types are [{', '.join(names)}].",
            "type": dialect.problem("unsupported-authentication"),
            "status": 403,
        },
    )


def client_forbidden(dialect: Dialect, client_id: str) -> Problem:
    """403: the application belongs to no project, or its plan lacks this endpoint."""
    return Problem(
        403,
        {
            "client_id": client_id,
            "title": "Client Forbidden",
            "detail": "When authenticating requests to the Twitter API v2 endpoints, you must use "
            "keys and tokens from a Twitter developer App that is attached to a Project. You can "
            "create a project via the developer portal.",
            "registration_url": PROJECTS,
            "required_enrollment": "Appropriate Level of API Access",
            "reason": "client-not-enrolled",
            "type": dialect.problem("client-forbidden"),
        },
    )


def credits_depleted(body: str) -> Problem:
    """402, as in spring 2026 ("old") or as later ("new")."""
    if body == "old":
        return Problem(
            402,
            {
                "title": "CreditsDepleted",
                "type": LEGACY.problem("credits"),
                "detail": f"Your enrolled account [{ACCOUNT_ID}] does not have any credits to "
                "fulfill this request.",
            },
        )
    return Problem(
        402,
        {
            "title": "Payment Required",
            "detail": "credits depleted",
            "status": 402,
            "type": "https://api.x.com/2/problems/credits-depleted",
        },
    )


def spending_limit(next_cycle: date) -> Problem:
    """403: the account's owner allowed no more for this billing cycle."""
    return Problem(
        403,
        {
            "account_id": ACCOUNT_ID,
            "title": "SpendCapReached",
            "detail": f"Your enrolled account [{ACCOUNT_ID}] has reached its billing cycle spend "
            f"cap. API requests will be blocked until the next cycle begins on {next_cycle}.",
            "reset_date": str(next_cycle),
            "type": LEGACY.problem("credits"),
        },
    )


def usage_capped(dialect: Dialect) -> Problem:
    """429 that no waiting for a rate window mends."""
    return Problem(
        429,
        {
            "title": "UsageCapExceeded",
            "detail": "Usage cap exceeded: Monthly product cap",
            "type": dialect.problem("usage-capped"),
            "account_id": int(ACCOUNT_ID),
            "product_name": "standard-basic",
            "period": "Monthly",
            "scope": "Product",
        },
    )


@dataclass(frozen=True, slots=True)
class Entries:
    """Makes the entries of `errors` in a 200: what was asked for by `parameter` and is not there.

    `section`: where it is missing, "data" or "includes".
    """

    dialect: Dialect
    resource: str
    parameter: str
    section: str = "data"

    def not_found(self, value: str) -> dict[str, Any]:
        """Deleted, or never there."""
        return {
            **self._about(value),
            "title": "Not Found Error",
            "detail": f"Could not find {self.resource} with {self.parameter}: [{value}].",
            "type": self.dialect.problem("resource-not-found"),
        }

    def suspended(self, value: str) -> dict[str, Any]:
        """A suspended profile."""
        detail = f"User has been suspended: [{value}]."
        return {**self.not_found(value), "title": "Forbidden", "detail": detail}

    def not_authorized(self, value: str) -> dict[str, Any]:
        """The author is protected or suspended."""
        return {
            **self._about(value),
            "section": self.section,
            "title": "Authorization Error",
            "detail": f"Sorry, you are not authorized to see the {self.resource.capitalize()} with "
            f"{self.parameter}: [{value}].",
            "type": self.dialect.problem("not-authorized-for-resource"),
        }

    def field_refused(self, value: str, field: str) -> dict[str, Any]:
        """One sub-field of private metrics that the token may not see."""
        return {
            **self._about(value),
            "section": self.section,
            "field": field,
            "title": "Field Authorization Error",
            "detail": f"Sorry, you are not authorized to access '{field}' on the "
            f"{self.resource.capitalize()} with {self.parameter} : [{value}].",
            "type": self.dialect.problem("not-authorized-for-field"),
        }

    def not_hydrated(self, field: str) -> dict[str, Any]:
        """A field could not be filled. The entry does not say of which post."""
        return {
            "resource_type": self.resource,
            "field": field,
            "section": self.section,
            "title": "Field Hydration Failure",
            "detail": f"The field '{field}' could not be hydrated.",
            "type": self.dialect.problem("field-hydration-failure"),
        }

    def _about(self, value: str) -> dict[str, Any]:
        return {
            "resource_type": self.resource,
            "resource_id": value,
            "parameter": self.parameter,
            "value": value,
        }
