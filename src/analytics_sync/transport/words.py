"""Transport-level failures in words: the host is named, a query, header or body never."""

import os
import re
import socket
import ssl

from analytics_sync.errors import (
    AnalyticsSyncError,
    ConfigurationInvalid,
    CredentialRefused,
    PlatformStopped,
    Temporary,
)
from analytics_sync.transport.address import host_of
from analytics_sync.transport.call import Call

_NETWORK_HINT = "Check this machine's network; tried again next run."
_PLATFORM_HINT = "Trouble at the platform or on the way to it; tried again next run."

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"(?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?")


def check_headers(call: Call) -> None:
    """Refuse headers that HTTP can't carry, before a library puts their values in an error.

    :raises CredentialRefused: it is the token.
    :raises ConfigurationInvalid: it is another header.
    """
    for name, value in call.headers.items():
        if _HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value):
            continue
        what = "can't be sent: it holds a line break, a space at an end, or letters beyond ASCII"
        if name.lower() == "authorization":
            raise CredentialRefused(
                f"{call.label}: the token {what}", hint="Store the token again without them."
            )
        raise ConfigurationInvalid([f"{call.label}: the header {name!r} {what}"])


def over_deadline(call: Call, seconds: float) -> Temporary:
    """The answer was not complete in time, however busily its bytes came."""
    return Temporary(
        f"{call.label}: {host_of(call)} did not answer in full within {seconds:g} s",
        hint=_PLATFORM_HINT,
    )


def unusable_address(call: Call) -> ConfigurationInvalid:
    """The libraries below can't make a host name of it."""
    return ConfigurationInvalid(
        [f"base_url: {call.label}: {host_of(call)[:80]!r} can't be called"],
        hint="Wanted: https://HOST, with a host name that exists.",
    )


def could_not_connect(call: Call, error: BaseException) -> AnalyticsSyncError:
    """No connection came about, so nothing was sent."""
    host = host_of(call)
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _untrusted(call, cause)
        if isinstance(cause, socket.gaierror):
            return Temporary(
                f"{call.label}: the name {host} was not found",
                hint="Check base_url, and this machine's network and DNS; tried again next run.",
            )
    return Temporary(
        f"{call.label}: could not connect to {host}: {_reason(error)}", hint=_NETWORK_HINT
    )


def proxy_refused(call: Call, answer: str) -> Temporary:
    """The proxy that the environment names did not connect us; `answer` is its status line."""
    return Temporary(
        f"{call.label}: the proxy on the way to {host_of(call)} refused: {answer[:80]}",
        hint="Check the proxy that HTTPS_PROXY or ALL_PROXY names.",
    )


def broken_off(call: Call) -> Temporary:
    """The connection ended before the answer did, or what came is not HTTP."""
    return Temporary(
        f"{call.label}: the answer of {host_of(call)} was cut off or is not HTTP",
        hint=_PLATFORM_HINT,
    )


def _untrusted(call: Call, error: ssl.SSLCertVerificationError) -> PlatformStopped:
    return PlatformStopped(
        f"{call.label}: the TLS certificate of {host_of(call)} is not trusted: "
        f"{error.verify_message}",
        hint="Check this machine's date. Behind a proxy that inspects TLS, name its certificate "
        "in SSL_CERT_FILE.",
    )


def _reason(error: BaseException) -> str:
    """The operating system's words, which never quote what we sent."""
    for cause in reversed(_causes(error)):
        if isinstance(cause, ssl.SSLError):
            return f"TLS: {cause.reason or 'failed'}"
        if isinstance(cause, OSError) and cause.errno:
            return os.strerror(cause.errno)  # asyncio puts words of its own into `strerror`
        if isinstance(cause, TimeoutError):
            return "no answer"
    return type(error).__name__


def _causes(error: BaseException) -> list[BaseException]:
    """The error, what it was raised from, and so on (at most ten)."""
    found: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and len(found) < 10:
        found.append(cause)
        # One name may have several addresses, each with its own refusal.
        group = cause.exceptions[0] if isinstance(cause, BaseExceptionGroup) else None
        cause = group or cause.__cause__ or cause.__context__
    return found
