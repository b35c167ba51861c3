"""Signs requests by OAuth 1.0a with HMAC-SHA1 (RFC 5849; X docs: Creating a signature)."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

from analytics_sync.clock import Clock
from analytics_sync.domain.credentials import OAuth1
from analytics_sync.logs import redact

Pair = tuple[str, str]
_USUAL_PORTS: Final = {"http": 80, "https": 443}


class SignedHeaders(Mapping[str, str]):
    """The headers of one GET, with a signature made anew each time that it is read.

    So a request that is sent again carries another nonce and time, as RFC 5849 (section 3.3) asks.
    """

    def __init__(self, others: Mapping[str, str], url: str, oauth1: OAuth1, clock: Clock) -> None:
        self._others = others
        self._url = url
        self._oauth1 = oauth1
        self._clock = clock
        for secret in (oauth1.consumer_secret, oauth1.token, oauth1.token_secret):
            redact(secret)

    def __getitem__(self, name: str) -> str:
        if name != "Authorization":
            return self._others[name]
        return authorization(
            "GET",
            self._url,
            self._oauth1,
            nonce=secrets.token_hex(16),
            timestamp=int(self._clock.now().timestamp()),
        )

    def __iter__(self) -> Iterator[str]:
        yield "Authorization"
        yield from self._others

    def __len__(self) -> int:
        return 1 + len(self._others)


def authorization(
    method: str,
    url: str,
    oauth1: OAuth1,
    *,
    nonce: str,
    timestamp: int,
    form: Iterable[Pair] = (),
) -> str:
    """The value of the header (RFC 5849, section 3.5.1). `form`: the fields of a form body."""
    said = {
        "oauth_consumer_key": oauth1.consumer_key,
        "oauth_nonce": nonce,
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(timestamp),
        "oauth_token": oauth1.token,
        "oauth_version": "1.0",
    }
    base = base_string(method, url, [*said.items(), *form])
    said["oauth_signature"] = signature(base, oauth1.consumer_secret, oauth1.token_secret)
    return "OAuth " + ", ".join(
        f'{encode(name)}="{encode(value)}"' for name, value in sorted(said.items())
    )


def signature(base: str, consumer_secret: str, token_secret: str) -> str:
    """HMAC-SHA1 in base64 (RFC 5849, section 3.4.2)."""
    key = f"{encode(consumer_secret)}&{encode(token_secret)}".encode("ascii")
    return base64.b64encode(hmac.new(key, base.encode("ascii"), hashlib.sha1).digest()).decode()


def base_string(method: str, url: str, parameters: Iterable[Pair]) -> str:
    """What is signed (RFC 5849, section 3.4.1); `parameters` besides those of the URL's query."""
    query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    encoded = sorted((encode(name), encode(value)) for name, value in (*query, *parameters))
    normalized = "&".join(f"{name}={value}" for name, value in encoded)
    return "&".join(map(encode, (method.upper(), base_uri(url), normalized)))


def base_uri(url: str) -> str:
    """The address without its query; a usual port is not named (RFC 5849, section 3.4.1.2)."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    usual = parts.port in {None, _USUAL_PORTS.get(parts.scheme)}
    return f"{parts.scheme.lower()}://{host}{'' if usual else f':{parts.port}'}{parts.path or '/'}"


def encode(text: str) -> str:
    """Percent-encoding of RFC 5849, section 3.6: all but letters, digits and `-._~`, as UTF-8."""
    return quote(text, safe="~")
