"""One log-in of `account connect`: the answer awaited or pasted, accounts chosen, all of it kept."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from analytics_sync.cli import login_person as person
from analytics_sync.cli.connected import Done, show_reached
from analytics_sync.errors import WrongUsage

if TYPE_CHECKING:
    from analytics_sync.connect.choosing import Found, Placed, Unmapped, Wish
    from analytics_sync.connect.listener import Place
    from analytics_sync.domain.credentials import App, Reach
    from analytics_sync.platforms._contract import Platform
    from analytics_sync.platforms._login import Login
    from analytics_sync.sync.parts import Parts
    from analytics_sync.wiring import Installation


@dataclass(frozen=True)
class Way:
    """How the log-in goes. `place` None: its answer is pasted."""

    redirect_uri: str
    place: "Place | None"
    timeout: timedelta
    browser: bool


def connected(
    installation: "Installation",
    platform: "Platform",
    login: "Login",
    app: "App",
    way: Way,
    wish: "Wish",
    *,
    ask: bool,
) -> Done:
    """Let a person log in, and keep what was chosen of it.

    :raises WrongUsage: nothing tells which accounts are wanted; the code was too old; or a business
        was removed meanwhile.
    :raises LoginEnded: nobody logged in.
    """
    from analytics_sync.connect.choosing import found_in
    from analytics_sync.connect.keeping import keep

    parts = installation.parts()
    reach = _logged_in(parts, login, app, way)
    with installation.database.read() as connection:
        found = found_in(connection, platform.name, login.platform, app.id, reach)
    try:
        placed, refused = _chosen(found, wish, ask=ask)
    except BaseException:
        _give_up(installation, parts, login, app, found)
        raise
    try:
        with installation.database.write(durable=True) as connection:
            kept = keep(connection, installation.vault, parts.clock, login, app, reach, placed)
    except WrongUsage:
        _give_up(installation, parts, login, app, found)
        raise
    return Done(found, kept, placed, refused)


def _chosen(found: "Found", wish: "Wish", *, ask: bool) -> "tuple[list[Placed], list[Unmapped]]":
    from analytics_sync.connect.choosing import choose, must_say

    if ask and _is_open(found, wish):
        return _asked(found, wish)
    chosen = choose(found, wish)
    if chosen is None:
        raise must_say(found)
    return chosen


def _logged_in(parts: "Parts", login: "Login", app: "App", way: Way) -> "Reach":
    import asyncio

    from analytics_sync.connect import log_in

    attempt = log_in.begin(parts, login, app, way.redirect_uri)

    def show() -> None:
        person.show_address(attempt.address, browser=way.browser)
        if way.place is not None:
            person.tell(f"Waiting for the answer at {way.redirect_uri} …")

    if way.place is not None:
        return asyncio.run(
            log_in.listen(parts, login, app, attempt, way.place, show=show, patience=way.timeout)
        )
    show()
    code = log_in.code_pasted(attempt, lambda trouble: person.ask_answer(login, trouble))
    return asyncio.run(log_in.reach(parts, login, app, attempt, code))


def _is_open(found: "Found", wish: "Wish") -> bool:
    """Whether somebody at a terminal is to be asked which accounts are wanted."""
    said = wish.everything or wish.ids or wish.mapped is not None
    return not said and len(found.accounts) > 1 and person.has_terminal()


def _asked(found: "Found", wish: "Wish") -> "tuple[list[Placed], list[Unmapped]]":
    from analytics_sync.connect.choosing import choose

    show_reached(found)
    usual = choose(found, wish)
    ids = {one.reachable.platform_account_id for one in usual[0]} if usual is not None else set()
    numbered = enumerate(found.accounts, 1)
    known = [str(number) for number, one in numbered if one.platform_account_id in ids]
    picked = person.ask_numbers(
        "Which are wanted (numbers, or all)", len(found.accounts), usual=",".join(known)
    )
    chosen = [found.accounts[index] for index in picked]
    return [placed for one in chosen for placed in found.place(one, wish.business_id)], []


def _give_up(
    installation: "Installation", parts: "Parts", login: "Login", app: "App", found: "Found"
) -> None:
    """No account is taken. A consent that is in use already has the new token all the same.

    The platform may have ended the earlier one (LinkedIn, with other scopes). A new refresh token
    that nobody has is ended again.
    """
    import asyncio

    from analytics_sync.connect.keeping import keep
    from analytics_sync.connect.log_in import give_up
    from analytics_sync.errors import AnalyticsSyncError

    reach = found.reach
    if found.credential_id is not None:
        if reach.accounts:
            with installation.database.write(durable=True) as connection:
                keep(connection, installation.vault, parts.clock, login, app, reach, ())
        return
    if not reach.token.refresh_token:
        return
    try:
        asyncio.run(give_up(parts, login, app, reach))
    except AnalyticsSyncError as error:
        person.tell(f"The log-in could not be ended: {error.message} {login.revoke_by_hand}")
