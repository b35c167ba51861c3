"""Log-ins that are kept as `account connect` keeps them, without a browser."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from analytics_sync.connect import log_in
from analytics_sync.connect.choosing import Placed
from analytics_sync.connect.keeping import keep
from analytics_sync.domain.credentials import Reach, Reachable, Token
from analytics_sync.domain.records import Account
from analytics_sync.platforms import all_platforms
from analytics_sync.simulator.server import serving
from analytics_sync.tokens.apps import app_of
from support.agreeing import agree
from support.house import ORIGIN, House


@dataclass
class LoggedIn:
    """What was stored, and what the simulated platform knows of it."""

    credential_id: int
    account: Account
    grant: Any


def logged_in_at_x(house: House, number: int = 1, business: int = 1) -> LoggedIn:
    """The log-in of the person with this number at X, with the person's account."""
    service = house.simulator.services["x"]
    subject = service.populate(number, f"Acme {number}", 1).platform_account_id
    grant = service.oauth.grant(subject)
    token = Token(
        grant.access,
        grant.refresh,
        expires_at=house.clock.now() + timedelta(hours=2),
        scopes=grant.scopes,
        issued_at=house.clock.now(),
    )
    return kept(
        house, "x", token, [Reachable("x", subject, None, f"acme{number}")], business, grant
    )


def logged_in(house: House, platform: str, person: str, business: int = 1) -> LoggedIn:
    """A person's log-in by the simulator's pages, with all that it reaches on the platform."""
    login = all_platforms()[platform].login()
    with serving(house.simulator) as origin, house.opened() as found:
        parts = found.parts()
        with found.database.read() as connection:
            settings = found.settings.platforms[login.platform]
            app = app_of(connection, found.vault, settings, login.platform, None)
        attempt = log_in.begin(parts, login, app, login.redirect_uri)
        answer = agree(attempt.address.replace(ORIGIN, origin), person)
        code = attempt.code_in(answer)
        reach = asyncio.run(log_in.reach(parts, login, app, attempt, code))
        placed = [Placed(one, business) for one in reach.accounts if one.platform == platform]
        with found.database.write() as connection:
            stored = keep(connection, found.vault, house.clock, login, app, reach, placed)
    return LoggedIn(stored.credential_id, stored.accounts[0], None)


def kept(
    house: House,
    platform: str,
    token: Token,
    accounts: list[Reachable],
    business: int = 1,
    grant: Any = None,
    subject_id: str | None = None,
) -> LoggedIn:
    login = all_platforms()[platform].login(accounts[0].kind)
    subject_id = subject_id or accounts[0].platform_account_id
    reach = Reach(subject_id, "Ada", tuple(accounts), token)
    with house.opened() as found:
        vault, settings = found.vault, found.settings.platforms[login.platform]
        with found.database.write() as connection:
            app = app_of(connection, vault, settings, login.platform, None)
            placed = [Placed(one, business) for one in accounts]
            stored = keep(connection, vault, house.clock, login, app, reach, placed)
    return LoggedIn(stored.credential_id, stored.accounts[0], grant)
