"""How a secret is shown to people: enough to tell two apart, too little to use."""

from typing import Final

HIDDEN: Final = "****"
# Four characters of a short secret would be a good part of it.
LONG_ENOUGH: Final = 16


def mask(secret: str) -> str:
    """Stars, and the last four characters of a secret that is long enough to spare them."""
    return HIDDEN + secret[-4:] if len(secret) >= LONG_ENOUGH else HIDDEN


def mask_url(url: str) -> str:
    """An address with the password of `user:password@host` hidden; the rest stays readable.

    What follows the user's first colon up to the last `@` is taken as the password, so that one
    with an unescaped `@` or `/` is hidden too. A password in the query is hidden likewise.
    """
    start, separator, rest = url.partition("://")
    if not separator:
        return url
    userinfo, at, place = rest.rpartition("@")
    user, colon, _ = userinfo.partition(":")
    place, question, query = place.partition("?")
    shown = f"{start}://{user}{colon}{HIDDEN if colon else ''}{at}{place}"
    return shown + question + "&".join(_mask_parameter(part) for part in query.split("&"))


def mask_path(url: str) -> str:
    """An address of which only the host may be seen."""
    start, separator, rest = url.partition("://")
    return f"{start}://{rest.partition('/')[0]}/{HIDDEN}" if separator else HIDDEN


def _mask_parameter(part: str) -> str:
    name, equals, _ = part.partition("=")
    return f"{name}={HIDDEN}" if equals and "pass" in name.lower() else part
