"""Whose token it is, whether it still lives, and the proof that goes with it."""

import hashlib
import hmac
from datetime import datetime

from analytics_sync.simulator.services._graph.errors import GraphError
from analytics_sync.simulator.services._graph.host import Host
from analytics_sync.simulator.services._graph.request import GraphRequest
from analytics_sync.simulator.services._graph.time import spoken
from analytics_sync.simulator.world import Token

INVALID = "Error validating access token: "
# Why a token died: subcode -> what the answer says. Source: Meta, "Handling Errors".
DEATHS = {
    458: "The user has not authorized application 42.",
    459: "You cannot access the app till you log in to www.facebook.com and follow the "
    "instructions given.",
    460: "The session has been invalidated because the user changed their password or Facebook "
    "has changed the session for security reasons.",
    463: "Session has expired.",
    464: "Sessions for the user are not allowed because the user is not a confirmed user.",
    467: "The session is invalid because the user logged out.",
    492: "The user must be an administrator, editor, or moderator of the page in order to "
    "impersonate it.",
}


def authenticate(host: Host, request: GraphRequest) -> Token:
    """The living token of a request.

    :raises GraphError: 104 or 2500 without one, 190 for a dead one, 100 for a wrong proof.
    """
    value = request.token
    if not value:
        raise token_missing(request)
    token = application_token(host, value) if "|" in value else find_token(host, value)
    check_alive(host, token)
    check_proof(host, token, request.params.get("appsecret_proof"))
    return token


def find_token(host: Host, value: str) -> Token:
    token = host.world.tokens.get(value)
    if token is None or token.platform != host.name:
        raise refused_token(host, "Invalid OAuth access token - Cannot parse access token")
    return token


def application_token(host: Host, value: str) -> Token:
    """`{app-id}|{app-secret}`."""
    client_id, _, secret = value.partition("|")
    application = host.application(client_id)
    if application is None or application.client_secret != secret:
        raise refused_token(host, "Invalid OAuth access token signature.")
    return Token(value, host.name, "app", client_id, facts={"app_id": client_id})


def check_alive(host: Host, token: Token) -> None:
    """:raises GraphError: 190 (or 102), with the subcode that says why."""
    if token.revoked is not None:
        raise revoked(host, token.revoked)
    if token.expires_at is not None and token.expires_at <= host.now:
        raise expired(host, token.expires_at)


def revoked(host: Host, reason: str) -> GraphError:
    """`reason`: a subcode of 190, or "102"; other words say nothing of why."""
    if reason == "102":
        return GraphError("Session key invalid or no longer valid", 102)
    subcode = int(reason) if reason.isdigit() else None
    words = DEATHS.get(subcode or 0, "The session is invalid.")
    return refused_token(host, INVALID + words, subcode)


def expired(host: Host, since: datetime) -> GraphError:
    words = f"Session has expired on {spoken(since)}. The current time is {spoken(host.now)}."
    return refused_token(host, INVALID + words, 463)


def refused_token(host: Host, message: str, subcode: int | None = None) -> GraphError:
    status = host.number("token_status", 400)
    return GraphError(message, 190, subcode=subcode, status=status)


def token_missing(request: GraphRequest) -> GraphError:
    if request.segments[:1] == ("me",):
        return GraphError(
            "An active access token must be used to query information about the current user.",
            2500,
        )
    return GraphError("An access token is required to request this resource.", 104)


def proof_of(secret: str, token: str) -> str:
    """`appsecret_proof`: lower-case hex HMAC-SHA256 of the token, keyed with the secret."""
    return hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def check_proof(host: Host, token: Token, proof: str | None) -> None:
    """A proof must belong to the very token of the request, and to its app.

    One that is sent without being required is checked when the secret is known to be in use: a
    switch has named it, or the app was added.

    :raises GraphError: code 100, missing or wrong.
    """
    required = bool(host.switch("require_proof"))
    if proof is None:
        if required:
            raise GraphError(
                "API calls from the server require an appsecret_proof argument",
                100,
                kind="GraphMethodException",
            )
        return
    application = host.application_of(token)
    added = application.client_id in host.applications
    if not (required or added or host.switch("app_secret")):
        return
    wanted = proof_of(application.client_secret, token.value)
    if not hmac.compare_digest(proof.encode(), wanted.encode()):
        raise GraphError(
            "Invalid appsecret_proof provided in the API argument", 100, kind="GraphMethodException"
        )
