"""Where a call goes: its URL taken apart once, strictly, before anything is sent."""

import re
from dataclasses import dataclass

from analytics_sync.errors import ConfigurationInvalid
from analytics_sync.transport.call import Call

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"

# Stricter than RFC 3986 in the authority, so that no two parsers can read two hosts out of one
# URL: no user information, ASCII only. The target is any visible ASCII but "#".
_URL = re.compile(
    r"(?P<scheme>https?)://"
    rf"(?P<host>{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>(?:[/?][\x21\x22\x24-\x7e]*)?)"
)


@dataclass(frozen=True, slots=True)
class Address:
    """`host` for words, `origin` to tell hosts apart, `target` as it stands in the request line."""

    scheme: str
    host: str
    origin: str
    target: bytes


def address_of(call: Call) -> Address:
    """Take apart where `call` goes.

    :raises ConfigurationInvalid: not an http(s) URL, or plain http to another machine.
    """
    match = _URL.fullmatch(call.url)
    if match is None or int(match["port"] or 0) > 65535:
        raise ConfigurationInvalid(
            [f"base_url: {call.label}: {_shown(call.url)!r} can't be called"],
            hint="Wanted: https://HOST or https://HOST:PORT, and a path without spaces, user "
            "name or password.",
        )
    scheme, host, target = match["scheme"], match["host"].lower(), match["target"]
    if scheme == "http" and not is_loopback(host):
        raise ConfigurationInvalid(
            [f"base_url: {call.label}: plain http to {host} would show the token to everyone"],
            hint="Use https. Plain http is allowed to this machine only (127.0.0.1, localhost).",
        )
    if not target.startswith("/"):
        target = "/" + target
    origin = f"{scheme}://{host}:{match['port'] or ''}"
    return Address(scheme, host, origin, target.encode("ascii"))


def host_of(call: Call) -> str:
    """The host that a call goes to, for messages."""
    match = _URL.fullmatch(call.url)
    return match["host"].lower() if match else "the platform"


def is_loopback(host: str) -> bool:
    """Whether `host` is surely this machine: `localhost` or a loopback address."""
    import ipaddress

    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _shown(url: str) -> str:
    """As much of a URL as a message may hold: nothing before an "@", no query."""
    return url.rpartition("@")[2].partition("?")[0][:80]
