"""How connections are made: proxies, certificates, time to connect, and what is never kept."""

import ssl
from http.cookiejar import CookieJar, DefaultCookiePolicy

from analytics_sync.errors import ConfigurationInvalid
from analytics_sync.transport._httpx import httpx
from analytics_sync.transport.body import ACCEPTED_ENCODINGS
from analytics_sync.version import __version__

_CONNECT_SECONDS = 10.0

# Longer than the slow-down between two calls, so that a connection outlives it.
_KEEP_ALIVE_SECONDS = 30.0


class ExactURL(httpx.URL):
    """Sends the target as the platform wrote it; httpx shortens dot segments and quotes a little.

    (Not httpcore's "target" extension: that one also ends up in the CONNECT to a proxy.)
    """

    def __init__(self, url: httpx.URL, target: bytes) -> None:
        super().__init__(url)
        self._target = target

    @property
    def raw_path(self) -> bytes:
        return self._target


def new_client(scheme: str, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    """A client for "https", or for "http" to this machine, which no proxy comes between.

    :raises ConfigurationInvalid: the proxy or the certificates that the environment names can't
        be used.
    """
    secure = scheme == "https"
    try:
        return httpx.AsyncClient(
            transport=transport,
            # A bare context trusts nobody: right where no TLS is spoken, and free.
            verify=_trusted() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            trust_env=secure,
            follow_redirects=False,
            event_hooks={"response": [_forget_location]},
            timeout=httpx.Timeout(None, connect=_CONNECT_SECONDS),
            limits=httpx.Limits(
                max_connections=None,
                max_keepalive_connections=None,
                keepalive_expiry=_KEEP_ALIVE_SECONDS,
            ),
            headers={
                "user-agent": f"analytics-sync/{__version__}",
                "accept-encoding": ACCEPTED_ENCODINGS,
            },
            # Keeps no cookie: accounts share connections, never identities.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        )
    except (ImportError, ValueError, httpx.InvalidURL):
        problem = "HTTPS_PROXY, ALL_PROXY: the proxy named in the environment can't be used"
    raise ConfigurationInvalid([problem], hint="Wanted: http://HOST:PORT or https://HOST:PORT.")


async def _forget_location(response: httpx.Response) -> None:
    """Keep httpx from preparing a next request, which fails on an address that is none."""
    if 300 <= response.status_code < 400:
        response.headers.pop("location", None)


def _trusted() -> ssl.SSLContext:
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        reason = error.strerror or "not a certificate file"
    raise ConfigurationInvalid(
        [f"SSL_CERT_FILE, SSL_CERT_DIR: the certificates named there can't be read: {reason}"]
    )
