"""Checks web addresses: https anywhere, plain http to this machine only."""

import re
from typing import Final
from urllib.parse import urlsplit

FORM: Final = "an address that begins with https://, or with http:// to this machine"
# Where the id of a job belongs in the address of pings.
JOB: Final = "{job}"
QUERY: Final = r"[\x21\x24-\x5b\x5d-\x7e]*"
# A part of a path that is as long is no word.
SECRET_LENGTH: Final = 16
HOST: Final = r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|[0-9a-f:]+(\.[0-9]+)*"


def check_address(text: str) -> str:
    """The address without a closing slash.

    :raises ValueError: with words that never repeat the address, as it may hold a password.
    """
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        host = ""
    if not re.fullmatch(HOST, host) or parts.scheme not in ("http", "https"):
        raise ValueError(f"must be {FORM}")
    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        raise ValueError(f"must be {FORM}")
    if "@" in parts.netloc:
        raise ValueError("must not hold a user or password")
    if "?" in text or "#" in text:
        raise ValueError("must end before '?' and '#'")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError(
            "plain http would send tokens readable by all on the way; must be https "
            "(http only to 127.0.0.1, ::1 or localhost)"
        )
    return text.rstrip("/")


def check_ping_address(text: str) -> str:
    """The address of pings, without a slash that closes its path; it may have a query.

    :raises ValueError: as `check_address`; the whole address is a secret.
    """
    place, question, query = text.partition("?")
    place = check_address(place.replace(JOB, "job")) and place.rstrip("/")
    if not re.fullmatch(QUERY, query):
        raise ValueError(f"must be {FORM}; what follows '?' can't be sent as it stands")
    return place + question + query


def ping_secrets(address: str) -> list[str]:
    """What of such an address must never be seen: the whole, what follows the host, long parts."""
    parts = urlsplit(address)
    target = address.partition(parts.netloc)[2].strip("/")
    pieces = re.split(r"[/?&=]", target.replace(JOB, "/"))
    return [address, target, *(piece for piece in pieces if len(piece) >= SECRET_LENGTH)]


def is_loopback(host: str) -> bool:
    """Whether a host name or address of a URL means this machine, by itself and for certain."""
    if host in ("localhost", "::1"):
        return True
    numbers = host.split(".")
    return (
        len(numbers) == 4
        and numbers[0] == "127"
        and all(n.isascii() and n.isdigit() and len(n) <= 3 and int(n) <= 255 for n in numbers)
    )


def follow(usual: str, base_url: str) -> str:
    """The `usual` address moved below another base: its host replaced, its path kept."""
    parts = urlsplit(usual)
    return base_url + usual.removeprefix(f"{parts.scheme}://{parts.netloc}")
