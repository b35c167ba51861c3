"""`debug_token`: what a token is and what it covers. Source: Meta, "Authentication Versus Data"."""

from datetime import datetime

from analytics_sync.simulator.services._graph.access import Access
from analytics_sync.simulator.services._graph.errors import Answer, GraphError, bad_parameter
from analytics_sync.simulator.services._graph.host import Host
from analytics_sync.simulator.services._graph.oauth import DATA_ACCESS
from analytics_sync.simulator.services._graph.request import GraphRequest
from analytics_sync.simulator.services._graph.time import DAY
from analytics_sync.simulator.services._graph.tokens import (
    application_token,
    authenticate,
    check_alive,
    find_token,
)
from analytics_sync.simulator.world import Token

# Permissions that are given for single Pages and accounts.
COVERING = ("pages_", "read_insights", "instagram_", "ads_", "business_")
TYPES = {"page": "PAGE", "user": "USER", "system": "SYSTEM_USER", "app": "APP"}


def debug_token(host: Host, request: GraphRequest) -> Answer:
    """The inspecting token is the application's, or a living one of the same application."""
    viewer = authenticate(host, request)
    value = request.params.get("input_token", "")
    if not value:
        raise bad_parameter("You must provide an input token")
    try:
        token = application_token(host, value) if "|" in value else find_token(host, value)
    except GraphError as error:
        return {"data": {"error": _short(error), "is_valid": False, "scopes": []}}
    if host.application_of(token).client_id != host.application_of(viewer).client_id:
        foreign = bad_parameter("The App_id in the input_token did not match the Viewing App")
        return {"data": {"error": _short(foreign), "is_valid": False, "scopes": []}}
    data = _described(host, token)
    try:
        check_alive(host, token)
    except GraphError as error:
        data |= {"error": _short(error), "is_valid": False}
    return {"data": data}


def _short(error: GraphError) -> Answer:
    said: Answer = {"code": error.code, "message": error.message}
    return said if error.subcode is None else {**said, "subcode": error.subcode}


def _described(host: Host, token: Token) -> Answer:
    issued = token.facts.get("issued_at")
    issued_at = issued if isinstance(issued, datetime) else host.now - DAY
    access_until = token.facts.get("data_access_expires_at", issued_at + DATA_ACCESS)
    data: Answer = {
        "app_id": str(token.facts.get("app_id", host.app_id)),
        "type": TYPES.get(token.kind, "USER"),
        "application": host.application_of(token).name,
        "is_valid": True,
        "issued_at": int(issued_at.timestamp()),
        "expires_at": 0 if token.expires_at is None else int(token.expires_at.timestamp()),
        "data_access_expires_at": _seconds(access_until),
        "scopes": sorted(token.scopes),
        "granular_scopes": [_granted(host, token, scope) for scope in sorted(token.scopes)],
    }
    if token.kind == "page":
        data["profile_id"] = token.subject
    if token.kind != "app":
        data["user_id"] = str(token.facts.get("user_id", token.subject))
    return data


def _granted(host: Host, token: Token, scope: str) -> Answer:
    """Which Pages or Instagram accounts a permission really covers; none named means all."""
    consent = host.society.consent_of(token)
    everything = consent is not None and consent.pages is None and token.kind == "user"
    if everything or not scope.startswith(COVERING):
        return {"scope": scope}
    access = Access(host.world, token)
    accounts = access.instagram() if scope.startswith("instagram") else access.pages()
    covered = sorted(account.id for account in accounts)
    return {"scope": scope, "target_ids": covered} if covered else {"scope": scope}


def _seconds(moment: object) -> int:
    return int(moment.timestamp()) if isinstance(moment, datetime) else 0
