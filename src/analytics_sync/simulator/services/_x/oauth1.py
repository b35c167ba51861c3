"""OAuth 1.0a: users' tokens that never expire, and the signature of every request (RFC 5849)."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import parse_qsl, quote, unquote

from starlette.requests import Request

from analytics_sync.simulator.services._x.apps import CONFIDENTIAL, Application
from analytics_sync.simulator.services._x.oauth import Authorization
from analytics_sync.simulator.services._x.switches import Switches
from analytics_sync.simulator.world import Token, World

# How far a signature's time may be from X's own.
TOLERANCE = timedelta(minutes=5)
SCOPES = frozenset({"tweet.read", "users.read"})
NEEDED = frozenset(
    "oauth_consumer_key oauth_nonce oauth_signature oauth_signature_method oauth_timestamp "
    "oauth_token".split()
)
_PARAMETER = re.compile(r'\s*([A-Za-z0-9_]+)\s*=\s*"([^"]*)"\s*')
_USUAL_PORTS = {"http": ":80", "https": ":443"}
Pairs = list[tuple[str, str]]


class WrongSignature(Exception):
    """The request is not signed, or not rightly."""


@dataclass(frozen=True, slots=True)
class UserToken:
    """What an application signs with for a user."""

    token: Token
    application: Application
    secret: str = field(repr=False)

    @property
    def value(self) -> str:
        return self.token.value


class Signatures:
    """The OAuth 1.0a tokens of one world, and the judge of what is signed with them."""

    def __init__(self, world: World, oauth: Authorization, switches: Switches) -> None:
        self._world = world
        self._oauth = oauth
        self._switches = switches
        self.tokens: dict[str, UserToken] = {}
        # Consumer key, timestamp and nonce of what was accepted.
        self._seen: set[tuple[str, str, str]] = set()

    def grant(self, subject: str, application: Application = CONFIDENTIAL) -> UserToken:
        """A user's token; it never expires."""
        value = f"{subject}-{self._oauth.secret('oauth1', subject)[:40]}"
        facts: dict[str, object] = {"application": application.id}
        token = Token(value, "x", "user", subject, SCOPES, facts=facts)
        given = UserToken(token, application, self._oauth.secret("oauth1 secret", subject)[:45])
        self.tokens[value] = given
        return given

    def withdraw(self, subject: str, client_id: str | None = None) -> int:
        """The user takes the access back; returns how many tokens that ends."""
        ended = 0
        for one in self.tokens.values():
            if one.token.subject == subject and client_id in {None, one.application.id}:
                ended += one.token.revoked is None
                one.token.revoked = "the user withdrew the consent"
        return ended

    def judge(self, request: Request) -> Token:
        """Whose request it is.

        :raises WrongSignature: with words for the developer; X says 401 and nothing more.
        """
        given = _header(request.headers.get("authorization", ""))
        said = dict(given)
        self._check_form(given, said)
        known = self.tokens.get(said["oauth_token"])
        if known is None or known.token.revoked is not None:
            raise WrongSignature("oauth_token is unknown or was revoked")
        if known.application.consumer_key != said["oauth_consumer_key"]:
            raise WrongSignature("oauth_token belongs to another oauth_consumer_key")
        wanted = signature(
            request.method,
            base_address(request),
            [
                *parse_qsl(request.url.query, keep_blank_values=True),
                *((n, v) for n, v in given if n not in {"oauth_signature", "realm"}),
            ],
            known.application.consumer_secret,
            known.secret,
        )
        if not hmac.compare_digest(wanted.encode(), said["oauth_signature"].encode()):
            raise WrongSignature("oauth_signature does not fit the request")
        self._check_freshness(said)
        return known.token

    def _check_form(self, given: Pairs, said: dict[str, str]) -> None:
        if len(said) != len(given):
            raise WrongSignature("a parameter is there twice")
        if missing := sorted(NEEDED - said.keys()):
            raise WrongSignature(f"missing: {', '.join(missing)}")
        if said["oauth_signature_method"] != "HMAC-SHA1":
            raise WrongSignature("oauth_signature_method must be HMAC-SHA1")
        if said.get("oauth_version", "1.0") != "1.0":
            raise WrongSignature("oauth_version must be 1.0")
        stamp = said["oauth_timestamp"]
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12):
            raise WrongSignature("oauth_timestamp must be a number of seconds")

    def _check_freshness(self, said: dict[str, str]) -> None:
        stamp = said["oauth_timestamp"]
        away = abs(self._world.clock.now().timestamp() - int(stamp))
        if self._switches.flag("check_timestamps", True) and away > TOLERANCE.total_seconds():
            raise WrongSignature(f"oauth_timestamp is {away:.0f} seconds away")
        use = (said["oauth_consumer_key"], stamp, said["oauth_nonce"])
        if not said["oauth_nonce"] or use in self._seen:
            raise WrongSignature("oauth_nonce was used before")
        self._seen.add(use)


def signature(
    method: str, address: str, parameters: Pairs, consumer_secret: str, token_secret: str
) -> str:
    """HMAC-SHA1 of a request (RFC 5849, section 3.4)."""
    pairs = sorted((encoded(name), encoded(value)) for name, value in parameters)
    normal = "&".join(f"{name}={value}" for name, value in pairs)
    text = "&".join(map(encoded, (method.upper(), address, normal)))
    key = f"{encoded(consumer_secret)}&{encoded(token_secret)}"
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), hashlib.sha1)).decode()


def base_address(request: Request) -> str:
    """The request's address as it is signed: without query and usual port, host in lower case."""
    scheme = request.url.scheme.lower()
    host = request.headers.get("host", "").lower().removesuffix(_USUAL_PORTS.get(scheme, ""))
    raw = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
    return f"{scheme}://{host}{raw.decode('latin-1')}"


def encoded(text: str) -> str:
    """RFC 5849, section 3.6."""
    return quote(text, safe="-._~")


def _header(header: str) -> Pairs:
    scheme, _, rest = header.strip().partition(" ")
    if scheme.lower() != "oauth":
        raise WrongSignature("no OAuth header")
    return [_parameter(part) for part in _parts(rest)]


def _parts(text: str) -> Iterable[str]:
    return (part for part in text.split(",") if part.strip())


def _parameter(part: str) -> tuple[str, str]:
    found = _PARAMETER.fullmatch(part)
    if found is None:
        raise WrongSignature("the OAuth header cannot be read")
    return unquote(found[1]), unquote(found[2])
