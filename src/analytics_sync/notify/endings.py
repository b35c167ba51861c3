"""Tells people of credentials that end soon: 14, 7 and 1 days ahead, and when it has come."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol

from analytics_sync.notify import Teller
from analytics_sync.platforms import all_platforms
from analytics_sync.store import consents
from analytics_sync.store.consents import Consent
from analytics_sync.store.light import Rows

if TYPE_CHECKING:
    from analytics_sync.store.database import Database

_log = logging.getLogger(__name__)

# So many accounts are named one by one.
NAMED: Final = 3


def foretell(
    rows: Callable[[], AbstractContextManager[Rows]],
    database: "Callable[[], Database]",
    teller: Teller,
    now: datetime,
) -> int:
    """Tell of each end whose next step has come, once among all processes; returns how many.

    One light look where nothing ends. It never fails a run that is done: what goes wrong is a
    warning, and the next run tries again.
    """
    try:
        with rows() as reading:
            news = [one for one in consents.ending(reading, now) if one.news(now) is not None]
        return sum(_tell(one, database(), teller, now) for one in news)
    except Exception as error:  # noqa: BLE001 - this is the frame
        _log.warning("Ends of credentials were not looked at: %s", error)
        _log.debug("foretelling failed", exc_info=True)
        return 0


def _tell(one: Consent, database: "Database", teller: Teller, now: datetime) -> bool:
    from analytics_sync.store import leaving

    step = one.news(now)
    assert step is not None
    with database.write() as connection:
        if not leaving.take_telling(connection, one.id, step):
            return False
    words, mends = in_words(one, now), mended_by(one)
    _log.warning("%s. %s", words, mends)
    if not teller.ends(one, f"{words}.\n{mends}"):
        with database.write() as connection:
            leaving.give_back_telling(connection, one.id, step, one.foretold)
    return True


def in_words(one: Consent, now: datetime) -> str:
    """That it ends or has ended, when, and what stops with it; a sentence without its stop."""
    ends = one.ends_at
    assert ends is not None
    when = f"{ends:%Y-%m-%d %H:%M} UTC"
    if ends <= now:
        return f"{one.whose} ended on {when}: {served(one)} can't be read any more"
    return (
        f"{one.whose} ends in {_left(ends - now)}, on {when}, and can't be renewed without a"
        f" person; with it ends the reading of {served(one)}"
    )


def served(one: Consent) -> str:
    """Its accounts in words, the first few by name."""
    names = [f"{each.name or each.platform_account_id} of {each.business}" for each in one.accounts]
    more = len(names) - NAMED
    shown = ", ".join(names[:NAMED])
    return f"{shown} and {more} more accounts" if more > 0 else shown


def mended_by(one: Consent) -> str:
    return f"Connect it again: `{connecting(one.accounts[0], by_login=one.by_login)}`"


class Named(Protocol):
    """An account, as far as a command names it."""

    @property
    def business_id(self) -> int: ...
    @property
    def platform(self) -> str: ...
    @property
    def platform_account_id(self) -> str: ...
    @property
    def kind(self) -> str | None: ...


def connecting(account: Named, *, by_login: bool) -> str:
    """The command that heals the credential of an account: by the way in which it came."""
    place = f"{account.business_id} {account.platform}"
    if not by_login:
        return (
            f"analytics-sync account add {place} --platform-account-id"
            f" {account.platform_account_id} --token-file FILE"
        )
    platform = all_platforms().get(account.platform)
    usual = next(iter(platform.account_kinds), None) if platform is not None else None
    kind = f" --kind {account.kind}" if account.kind not in {None, usual} else ""
    return f"analytics-sync account connect {place}{kind}"


def _left(span: timedelta) -> str:
    """How long it has left, to days, hours or minutes."""
    for unit, name in (
        (timedelta(days=1), "day"),
        (timedelta(hours=1), "hour"),
        (timedelta(minutes=1), "minute"),
    ):
        if number := span // unit:
            return f"{number} {name}{'s' if number > 1 else ''}"
    return "less than a minute"
