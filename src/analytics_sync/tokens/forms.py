"""The forms in which a token comes in: a bare one, or JSON."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from analytics_sync.domain.credentials import OAuth1, Token
from analytics_sync.errors import WrongUsage
from analytics_sync.logs import redact

LONGEST_TOKEN: Final = 16_384
# Far more than a token with all that may come along with it.
LARGEST_SOURCE: Final = 65_536
FORM: Final = 'The form is {"access_token", "refresh_token", "expires_at", "scopes"}.'
# Of OAuth 1.0a (X): beside `access_token`, which is the user's token there.
SIGNING: Final = ("consumer_key", "consumer_secret", "access_token_secret")


def parse_token(text: str, source: str) -> Token:
    """A bare access token, or JSON with `access_token` and optionally the rest.

    `source` names where the text came from, for the error's words.

    :raises WrongUsage: empty, not a token, or JSON without one.
    """
    stripped = text.removeprefix("\ufeff").strip()
    if not stripped:
        raise WrongUsage(f"{source} is empty.", hint="It must hold an access token.")
    if len(stripped) > LARGEST_SOURCE:
        raise WrongUsage(
            f"{source} is larger than {LARGEST_SOURCE // 1024} KiB: that is no token.",
            hint="Is it the right file?",
        )
    if not stripped.startswith(("{", "[", '"')):
        return Token(_checked(stripped, source))
    try:
        told = json.loads(stripped)
    except (ValueError, RecursionError) as error:
        raise WrongUsage(
            f"{source} begins like JSON but is not: {error}.",
            hint='Write a bare token, or {"access_token": "..."}.',
        ) from None
    return token_from(told if isinstance(told, dict) else {}, source)


def token_from(told: Mapping[str, Any], source: str) -> Token:
    """The same from decoded JSON; unknown keys are ignored.

    :raises WrongUsage: no access token, or a field of the wrong form; names the field.
    """
    access = told.get("access_token")
    if not isinstance(access, str):
        raise WrongUsage(f"{source} has no text under access_token.", hint=FORM)
    refresh = told.get("refresh_token")
    if refresh is not None and not isinstance(refresh, str):
        raise WrongUsage(f"{source}: refresh_token must be a text or null.", hint=FORM)
    access = _checked(access.strip(), source)
    return Token(
        access_token=access,
        refresh_token=_checked(refresh.strip(), f"{source}, refresh_token,") if refresh else None,
        expires_at=_moment(told, "expires_at", source),
        scopes=_scopes(told.get("scopes"), source),
        refresh_expires_at=_moment(told, "refresh_token_expires_at", source),
        oauth1=_oauth1(told, access, source),
    )


def _oauth1(told: Mapping[str, Any], token: str, source: str) -> OAuth1 | None:
    """What signs requests by OAuth 1.0a, where it is told; all of it or nothing."""
    said = {name: told[name] for name in SIGNING if told.get(name) is not None}
    if not said:
        return None
    for name in SIGNING:
        if not isinstance(said.get(name), str):
            raise WrongUsage(
                f"{source}: OAuth 1.0a needs a text under {name}.",
                hint='Its form is {"consumer_key", "consumer_secret", "access_token", '
                '"access_token_secret"}.',
            )
    key, secret, token_secret = (
        _checked(said[name].strip(), f"{source}, {name},") for name in SIGNING
    )
    return OAuth1(key, secret, token, token_secret)


def _checked(token: str, source: str) -> str:
    if not token or len(token) > LONGEST_TOKEN or not token.isascii() or not token.isprintable():
        raise WrongUsage(
            f"{source} holds no access token: expected one line of printable characters.",
            hint="Check that the file is the right one and that nothing else is in it.",
        )
    if any(character.isspace() for character in token):
        raise WrongUsage(
            f"{source} holds more than an access token: there is a space or a line break in it.",
            hint="Leave only the token.",
        )
    redact(token)
    return token


def _moment(told: Mapping[str, Any], name: str, source: str) -> datetime | None:
    value = told.get(name)
    if value is None:
        return None
    hint = 'Write it as "2026-12-31T00:00:00Z", or null.'
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise WrongUsage(f"{source}: {name} {value!r} has no zone.", hint=hint)
        return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise WrongUsage(f"{source}: {name} {value!r} is not a time.", hint=hint) from None


def _scopes(value: Any, source: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return tuple(value.replace(",", " ").split())
    if isinstance(value, list) and all(isinstance(scope, str) for scope in value):
        return tuple(value)
    raise WrongUsage(f"{source}: scopes must be a list of texts.", hint=FORM)
