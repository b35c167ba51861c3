"""The token endpoints: codes, exchanges, refreshes, and the consent dialog.

Sources: Meta, "Long-Lived Access Tokens", "Refresh Access Token", "Access Token". The dialog
consents at once: there is nobody to ask.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode

from analytics_sync.simulator.services._graph.errors import (
    Answer,
    GraphError,
    action_not_permitted,
    bad_parameter,
)
from analytics_sync.simulator.services._graph.host import Grant, Host
from analytics_sync.simulator.services._graph.request import GraphRequest
from analytics_sync.simulator.services._graph.time import DAY, MINUTE
from analytics_sync.simulator.services._graph.tokens import check_alive, find_token
from analytics_sync.simulator.world import Token

SHORT = {"facebook": timedelta(hours=2), "instagram": timedelta(hours=1)}
LONG = 60 * DAY
CODE_LIFE = 10 * MINUTE
PERSON = "10000001"


def consent(host: Host, params: Mapping[str, str]) -> str:
    """Where the dialog sends the browser: with a code, or with what went wrong.

    Switch `<host>.refuses_consent`: the person says no.
    """
    redirect_uri = params.get("redirect_uri", "")
    if params.get("client_id") != host.app_id:
        raise GraphError("Error validating application. Invalid application ID.", 101)
    if not redirect_uri.startswith(("http://", "https://")):
        raise bad_parameter("The redirect_uri URL must be absolute")
    state = {"state": params["state"]} if "state" in params else {}
    if host.flag("refuses_consent"):
        said = {
            "error": "access_denied",
            "error_reason": "user_denied",
            "error_description": "Permissions error",
        }
    else:
        scopes = frozenset(params.get("scope", "").replace(",", " ").split())
        said = {"code": authorize(host, redirect_uri, scopes)}
    glue = "&" if "?" in redirect_uri else "?"
    tail = "#_" if host.name == "instagram" else "#_=_"
    return f"{redirect_uri}{glue}{urlencode({**said, **state})}{tail}"


def authorize(host: Host, redirect_uri: str, scopes: frozenset[str]) -> str:
    """A code that can be exchanged once, within ten minutes."""
    code = host.secret("AQ", "code", len(host.codes), redirect_uri)
    host.codes[code] = Grant(redirect_uri, scopes, host.now + CODE_LIFE)
    return code


def access_token(host: Host, request: GraphRequest) -> Answer:
    """`GET` or `POST oauth/access_token`: a code, a long-lived token, or the application's own."""
    params = request.params
    _check_application(host, params)
    match params.get("grant_type", "authorization_code"):
        case "fb_exchange_token" if host.name == "facebook":
            return _bearer(host, _lengthened(host, _required(params, "fb_exchange_token")))
        case "client_credentials" if host.name == "facebook":
            return {"access_token": f"{host.app_id}|{host.app_secret}", "token_type": "bearer"}
        case "authorization_code":
            return _exchanged(host, params)
        case other:
            raise bad_parameter(f"Unsupported grant_type {other}")


def _check_application(host: Host, params: Mapping[str, str]) -> None:
    if _required(params, "client_id") != host.app_id:
        raise GraphError("Error validating application. Invalid application ID.", 101)
    if _required(params, "client_secret") != host.app_secret:
        raise GraphError("Error validating client secret.", 1)


def _required(params: Mapping[str, str], name: str) -> str:
    value = params.get(name, "")
    if not value:
        raise bad_parameter(f"Missing {name} parameter.")
    return value


def _exchanged(host: Host, params: Mapping[str, str]) -> Answer:
    code = _required(params, "code").removesuffix("#_")
    grant = host.codes.get(code)
    if grant is None:
        raise GraphError("Invalid verification code format.", 100, subcode=36009)
    if grant.used:
        raise GraphError("This authorization code has been used.", 100, subcode=36009)
    if grant.redirect_uri != params.get("redirect_uri"):
        raise GraphError(
            "Error validating verification code. Please make sure your redirect_uri is identical "
            "to the one you used in the OAuth dialog request",
            100,
            subcode=36008,
        )
    if grant.expires_at <= host.now:
        raise GraphError("This authorization code has expired.", 100, subcode=36007)
    grant.used = True
    token = _person_token(host, grant.scopes, code)
    if host.name == "instagram":
        return {
            "access_token": token.value,
            "user_id": token.subject,
            "permissions": sorted(token.scopes),
        }
    return _bearer(host, token)


def _person_token(host: Host, scopes: frozenset[str], code: str) -> Token:
    """Short-lived. The person has a role on every Page, or owns the account `<host>.person`."""
    expires_at = host.now + SHORT[host.name]
    if host.name == "facebook":
        pages = [page.id for page in host.world.of("facebook")]
        facts: dict[str, object] = {"pages": pages}
        value, kind, subject = host.secret("EAAB", code), "user", host.text("person", PERSON)
    else:
        first = next((account.id for account in host.world.of("instagram")), "")
        value, kind, subject = host.secret("IGAA", code), "ig", host.text("person", first)
        facts = {"short_lived": True}
    return _added(host, value, kind, subject, scopes, expires_at, facts)


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
    return host.world.add_token(
        Token(value, host.name, kind, subject, scopes, expires_at, facts=told)
    )


def _living(host: Host, value: str) -> Token:
    token = find_token(host, value)
    check_alive(host, token)
    return token


def _lengthened(host: Host, value: str) -> Token:
    """60 days from now, under a new value. A dead token cannot be exchanged."""
    token = _living(host, value)
    prefix = value[:4] if value[:4] in {"EAAB", "IGAA"} else value[:3]
    facts: dict[str, object] = {
        k: v for k, v in token.facts.items() if k not in {"issued_at", "short_lived"}
    }
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
    if _required(params, "client_secret") != host.app_secret:
        raise GraphError("Error validating client secret.", 1)
    token = _living(host, _given(request))
    if not token.facts.get("short_lived"):
        raise bad_parameter("Only a short-lived token can be exchanged", instagram=True)
    return _bearer(host, _lengthened(host, token.value))


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
    fresh = _lengthened(host, token.value)
    return {**_bearer(host, fresh), "permissions": ",".join(sorted(fresh.scopes))}


def _given(request: GraphRequest) -> str:
    value = request.token
    if not value:
        raise bad_parameter("Missing access_token parameter.", instagram=True)
    return value
