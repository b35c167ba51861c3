"""What the answer of a token endpoint says, whatever stands in it (RFC 6749, section 5.1)."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from analytics_sync.domain.credentials import Token
from analytics_sync.domain.metrics import as_count
from analytics_sync.errors import AnswerNotUnderstood
from analytics_sync.logs import redact
from analytics_sync.transport.call import Reply

LONGEST_TOKEN: Final = 16_384
# No platform's tokens live longer; what is said beyond that is a mistake.
LONGEST_LIFE: Final = timedelta(days=3660)
# Fields of forms and answers that no log may hold.
SECRET_FIELDS: Final = (
    "code",
    "code_verifier",
    "client_secret",
    "refresh_token",
    "access_token",
    "token",
    "id_token",
)


def token_of(
    reply: Reply,
    now: datetime,
    *,
    before: Token | None = None,
    asked: tuple[str, ...] = (),
    usual_life: timedelta | None = None,
) -> Token:
    """The token that an answer gives (RFC 6749, section 5.1), whatever else stands in it.

    What it does not say again is kept from `before`; an empty refresh token never takes the place
    of one. `asked`: the scopes where it names none. `usual_life`: of the access token where
    `expires_in` is missing or can't be meant.

    :raises AnswerNotUnderstood: there is no access token in it.
    """
    told = object_in(reply)
    for name in SECRET_FIELDS:
        redact(text_in(told.get(name)))
    access = _secret(told.get("access_token"))
    if access is None:
        raise AnswerNotUnderstood(
            f"{reply.label or 'Token'}: the answer (HTTP {reply.status}, {len(reply.body)} bytes) "
            "holds no access token.",
            hint="The platform or a proxy in between sent something else.",
        )
    known = before or Token(access)
    refresh = _secret(told.get("refresh_token"))
    life = span_of(told.get("expires_in")) or usual_life
    refresh_life = span_of(told.get("refresh_token_expires_in"))
    same = refresh is None or refresh == known.refresh_token
    return Token(
        access_token=access,
        refresh_token=refresh or known.refresh_token,
        expires_at=now + life if life else None,
        scopes=scopes_of(told.get("scope")) or known.scopes or asked,
        refresh_expires_at=now + refresh_life
        if refresh_life
        else (known.refresh_expires_at if same else None),
        issued_at=now,
        account_tokens=known.account_tokens,
        oauth1=known.oauth1,
        refreshes=known.refreshes,
    )


def object_in(reply: Reply) -> Mapping[str, Any]:
    """The answer as an object; empty where it is another JSON value.

    :raises AnswerNotUnderstood: it is no JSON.
    """
    told = reply.json()
    return told if isinstance(told, dict) else {}


def moment_of(value: Any) -> datetime | None:
    """Seconds since 1970 as `expires_at` tells them; None where that is no moment to come by."""
    seconds = as_count(value)
    if seconds is None or not 0 < seconds < 32_503_680_000:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def span_of(value: Any) -> timedelta | None:
    """A number of seconds as `expires_in` tells it; None where it can't be meant.

    Not taken: zero (Meta's "never"), negative ones, more than ten years, flags, and words.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    longest = LONGEST_LIFE.total_seconds()
    return timedelta(seconds=int(seconds)) if 1 <= seconds <= longest else None


def scopes_of(value: Any) -> tuple[str, ...]:
    """Scopes between spaces (RFC 6749) or commas (LinkedIn, Meta), or in a list; each once."""
    words = value if isinstance(value, list) else [value]
    texts = [text_in(word).replace(",", " ").split() for word in words]
    return tuple(dict.fromkeys(scope for text in texts for scope in text))


def missing_of(needed: Iterable[str], granted: Iterable[str]) -> tuple[str, ...]:
    """What of `needed` was not granted; nothing where it is not known what was."""
    given = frozenset(granted)
    return tuple(scope for scope in needed if given and scope not in given)


def _secret(value: Any) -> str | None:
    """A token that a header can carry."""
    text = text_in(value).strip()
    fits = 0 < len(text) <= LONGEST_TOKEN and text.isascii() and text.isprintable()
    return text if fits and " " not in text else None


def text_in(value: Any) -> str:
    return value if isinstance(value, str) else ""
