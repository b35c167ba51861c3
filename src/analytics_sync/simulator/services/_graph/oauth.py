"""The token endpoints: codes, exchanges and refreshes.

Sources: Meta, "Long-Lived Access Tokens", "Refresh Access Token", "Access Token". Instagram's
address for codes speaks an older envelope of errors than the rest (as observed).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from analytics_sync.simulator.services._graph.apps import Application, Code
from analytics_sync.simulator.services._graph.errors import (
    Answer,
    GraphError,
    InstagramOAuthError,
    action_not_permitted,
    bad_parameter,
)
from analytics_sync.simulator.services._graph.host import Host
from analytics_sync.simulator.services._graph.request import GraphRequest
from analytics_sync.simulator.services._graph.society import Consent, Reached
from analytics_sync.simulator.services._graph.time import DAY, MINUTE
from analytics_sync.simulator.services._graph.tokens import check_alive, find_token
from analytics_sync.simulator.world import Token

SHORT = {"facebook": timedelta(hours=2), "instagram": timedelta(hours=1)}
LONG = 60 * DAY
CODE_LIFE = {"facebook": 10 * MINUTE, "instagram": 60 * MINUTE}
DATA_ACCESS = 90 * DAY
PERSON = "10000001"
# What a new token does not take over from the one that it comes from.
OWN_FACTS = frozenset({"issued_at", "short_lived"})


def access_token(host: Host, request: GraphRequest) -> Answer:
    """`oauth/access_token` of Facebook: a code, a long-lived token, or the application's own."""
    params = request.params
    application = _application(host, params)
    match params.get("grant_type", "authorization_code"):
        case "fb_exchange_token":
            return _bearer(host, _exchanged_token(host, params, application))
        case "client_credentials":
            value = f"{application.client_id}|{application.client_secret}"
            return {"access_token": value, "token_type": "bearer"}
        case "authorization_code":
            return _bearer(host, _user_token(host, _code(host, params, application)))
        case other:
            raise bad_parameter(f"Unsupported grant_type {other}")


def instagram_access_token(host: Host, request: GraphRequest) -> Answer:
    """`POST oauth/access_token` of Instagram, with a form: a code for a token of an hour.

    Switch `instagram.wrapped_answer`: the answer inside `{"data": [...]}`, as Meta documents it.
    """
    try:
        if request.method != "POST":
            raise bad_parameter("Invalid request method: this address is called with POST")
        if _required(request.params, "grant_type") != "authorization_code":
            raise bad_parameter("grant_type must be authorization_code")
        application = _application(host, request.params)
        code = _code(host, request.params, application)
    except GraphError as error:
        raise InstagramOAuthError(error) from None
    token = _added(
        host,
        host.secret("IGAA", code.person, len(host.world.tokens)),
        "ig",
        code.person,
        code.scopes,
        host.now + SHORT["instagram"],
        {"app_id": application.client_id, "short_lived": True},
    )
    said: Answer = {
        "access_token": token.value,
        "user_id": token.subject,
        "permissions": sorted(token.scopes),
    }
    if host.flag("wrapped_answer"):
        return {"data": [{**said, "permissions": ",".join(sorted(token.scopes))}]}
    return said


def _application(host: Host, params: Mapping[str, str]) -> Application:
    """The app that asks, by its id and secret.

    :raises GraphError: 101 for an unknown one, 1 for a wrong secret.
    """
    application = host.application(_required(params, "client_id"))
    if application is None:
        raise GraphError("Error validating application. Invalid application ID.", 101)
    if _required(params, "client_secret") != application.client_secret:
        raise GraphError("Error validating client secret.", 1)
    return application


def _required(params: Mapping[str, str], name: str) -> str:
    value = params.get(name, "")
    if not value:
        raise bad_parameter(f"Missing {name} parameter.")
    return value


def _code(host: Host, params: Mapping[str, str], application: Application) -> Code:
    """The code of a request, which is used up by this.

    :raises GraphError: unknown or of another app, used, for another address, or too old.
    """
    value = _required(params, "code").removesuffix("#_")
    code = host.codes.get(value)
    if code is None or code.application.client_id != application.client_id:
        raise GraphError("Invalid verification code format.", 100, subcode=36009)
    if code.used or (code.consent is not None and code.consent.ended):
        raise GraphError("This authorization code has been used.", 100, subcode=36009)
    if code.redirect_uri != params.get("redirect_uri"):
        raise GraphError(
            "Error validating verification code. Please make sure your redirect_uri is identical "
            "to the one you used in the OAuth dialog request",
            100,
            subcode=36008,
        )
    if code.expires_at <= host.now:
        raise GraphError("This authorization code has expired.", 100, subcode=36007)
    code.used = True
    return code


def _user_token(host: Host, code: Code) -> Token:
    """A person's short-lived token."""
    consent = code.consent
    if consent is None:
        raise GraphError("Invalid verification code format.", 100, subcode=36009)
    return _added(
        host,
        host.secret("EAAB", code.person, len(host.world.tokens)),
        "user",
        code.person,
        consent.granted,
        host.now + SHORT["facebook"],
        {
            "app_id": code.application.client_id,
            "pages": Reached(consent),
            "consent": consent,
            "name": consent.person.name,
            "data_access_expires_at": (consent.given_at or host.now) + DATA_ACCESS,
        },
    )


def _exchanged_token(host: Host, params: Mapping[str, str], application: Application) -> Token:
    token = _living(host, _required(params, "fb_exchange_token"))
    if host.application_of(token).client_id != application.client_id:
        raise GraphError(
            "Error validating access token: The access token does not belong to application "
            f"{application.client_id}.",
            190,
        )
    return _lengthened(host, token)


def _added(
    host: Host,
    value: str,
    kind: str,
    subject: str,
    scopes: frozenset[str],
    expires_at: datetime,
    facts: dict[str, object],
) -> Token:
    told = {"app_id": host.app_id, "issued_at": host.now, **facts}
    token = Token(value, host.name, kind, subject, scopes, expires_at, facts=told)
    consent = facts.get("consent")
    if isinstance(consent, Consent):
        consent.tokens.append(token)
    return host.world.add_token(token)


def _living(host: Host, value: str) -> Token:
    token = find_token(host, value)
    check_alive(host, token)
    return token


def _lengthened(host: Host, token: Token) -> Token:
    """60 days from now, under a new value. A dead token cannot be exchanged."""
    value = token.value
    prefix = value[:4] if value[:4] in {"EAAB", "IGAA"} else value[:3]
    facts: dict[str, Any] = {k: v for k, v in token.facts.items() if k not in OWN_FACTS}
    fresh = host.secret(prefix, value, host.now.timestamp())
    facts["long_lived"] = True
    return _added(host, fresh, token.kind, token.subject, token.scopes, host.now + LONG, facts)


def _bearer(host: Host, token: Token) -> Answer:
    said: Answer = {"access_token": token.value, "token_type": "bearer"}
    if token.expires_at is not None:
        said["expires_in"] = int((token.expires_at - host.now).total_seconds())
    return said


def exchange_instagram(host: Host, request: GraphRequest) -> Answer:
    """`GET access_token?grant_type=ig_exchange_token`: an hour becomes 60 days."""
    params = request.params
    if _required(params, "grant_type") != "ig_exchange_token":
        raise bad_parameter("grant_type must be ig_exchange_token", instagram=True)
    token = _living(host, _given(request))
    if _required(params, "client_secret") != host.application_of(token).client_secret:
        raise GraphError("Error validating client secret.", 1)
    if not token.facts.get("short_lived"):
        raise bad_parameter("Only a short-lived token can be exchanged", instagram=True)
    return _bearer(host, _lengthened(host, token))


def refresh_instagram(host: Host, request: GraphRequest) -> Answer:
    """`GET refresh_access_token`: 60 more days for a token of at least 24 hours."""
    if _required(request.params, "grant_type") != "ig_refresh_token":
        raise bad_parameter("grant_type must be ig_refresh_token", instagram=True)
    token = _living(host, _given(request))
    if "instagram_business_basic" not in token.scopes:
        raise action_not_permitted()
    issued_at = token.facts.get("issued_at")
    young = isinstance(issued_at, datetime) and host.now - issued_at < DAY
    if young or token.facts.get("short_lived"):
        raise bad_parameter(
            "The access token must be long-lived and at least 24 hours old", instagram=True
        )
    fresh = _lengthened(host, token)
    host.rotations[token.subject, host.application_of(token).client_id] += 1
    return {**_bearer(host, fresh), "permissions": ",".join(sorted(fresh.scopes))}


def _given(request: GraphRequest) -> str:
    value = request.token
    if not value:
        raise bad_parameter("Missing access_token parameter.", instagram=True)
    return value
