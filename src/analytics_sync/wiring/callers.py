"""Programs that may call the HTTP shim, by a token each: made, listed, revoked, recognised."""

import hmac
import logging
import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from analytics_sync import logs
from analytics_sync.errors import AnalyticsSyncError
from analytics_sync.wiring.installation import Installation

if TYPE_CHECKING:
    from sqlalchemy import Row

    from analytics_sync.store.api_tokens import Kept

log = logging.getLogger(__name__)

PREFIX: Final = "ast_"
BYTES: Final = 32
# A write at each call would be one too many.
NOTED_EVERY: Final = timedelta(hours=1)


def add_token(opened: Installation, name: str) -> tuple[int, str]:
    """The id of a new token, and the token itself, which is kept nowhere and to be shown once.

    It is not yet kept out of what this process says.

    :raises WrongUsage: the name is none, or taken.
    """
    from analytics_sync.store import api_tokens

    token = PREFIX + secrets.token_urlsafe(BYTES)
    with opened.database.write() as connection:
        id = api_tokens.add(connection, name, _digest(token), opened.clock.now())
    return id, token


def tokens(opened: Installation) -> "list[Row[Any]]":
    """All tokens by name, with when they were made and last used."""
    from analytics_sync.store import api_tokens

    with opened.database.read() as connection:
        return api_tokens.listed(connection)


def has_tokens(opened: Installation) -> bool:
    """Whether any program was given one."""
    from analytics_sync.store import api_tokens

    with opened.database.read() as connection:
        return api_tokens.any_kept(connection)


def revoke_token(opened: Installation, name: str) -> None:
    """:raises WrongUsage: there is no token of this name."""
    from analytics_sync.store import api_tokens

    with opened.database.write() as connection:
        api_tokens.revoke(connection, name)


def caller(opened: Installation, token: str) -> str | None:
    """The name of the program whose token this is; None: nobody's.

    Each kept digest is compared, in a time that does not tell how much of it is right.
    """
    from analytics_sync.store import api_tokens

    digest = _digest(token)
    with opened.database.read() as connection:
        known = api_tokens.kept(connection)
    found = [one for one in known if hmac.compare_digest(one.digest, digest)]
    if not found:
        return None
    logs.redact(token)
    _note_use(opened, found[0])
    return found[0].name


def _note_use(opened: Installation, token: "Kept") -> None:
    from analytics_sync.store import api_tokens

    now: datetime = opened.clock.now()
    if token.used_at is not None and abs(now - token.used_at) < NOTED_EVERY:
        return
    try:
        with opened.database.write() as connection:
            api_tokens.note_use(connection, token.id, now)
    except AnalyticsSyncError as error:
        # Whoever may only read is served all the same.
        log.debug("the use of the token %s was not noted: %s", token.name, error.message)


def _digest(token: str) -> str:
    return sha256(token.encode(errors="surrogatepass")).hexdigest()
