"""`account connect`: log in with a browser, and add what the log-in reaches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analytics_sync.cli import login_person as person
from analytics_sync.cli.options import Json, answer, opened
from analytics_sync.cli.tables import say, table
from analytics_sync.errors import ExitStatus, WrongUsage

if TYPE_CHECKING:
    from analytics_sync.connect.choosing import Found, Placed, Unmapped, Wish
    from analytics_sync.connect.keeping import Kept
    from analytics_sync.connect.listener import Place
    from analytics_sync.domain.credentials import App, Reach
    from analytics_sync.platforms._contract import Platform
    from analytics_sync.platforms._login import Login
    from analytics_sync.sync.parts import Parts
    from analytics_sync.wiring import Installation


def register(app: typer.Typer) -> None:
    app.command()(connect)


@dataclass(frozen=True)
class Way:
    """How the log-in goes. `place` None: its answer is pasted."""

    redirect_uri: str
    place: "Place | None"
    timeout: timedelta
    browser: bool


@dataclass(frozen=True)
class Done:
    """What a log-in came to."""

    found: "Found"
    kept: "Kept"
    placed: "Sequence[Placed]"
    refused: "Sequence[Unmapped]"


def connect(
    business: Annotated[str, typer.Argument(help="Id or name.")],
    platform: Annotated[str, typer.Argument(help="linkedin, x, facebook or instagram.")],
    *,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind",
            help="LinkedIn: organization, member. Instagram: facebook-login, instagram-login.",
        ),
    ] = None,
    app: Annotated[
        str | None, typer.Option("--app", help="The app to log in through, by name or id.")
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address, and ask for the answer.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Take every account that the log-in reaches.")
    ] = False,
    map_file: Annotated[
        str | None,
        typer.Option(
            "--map",
            metavar="FILE",
            help="Which business each account goes to: CSV or JSON Lines with platform_account_id "
            "and business (id or name).",
        ),
    ] = None,
    account: Annotated[
        list[str] | None, typer.Option("--account", help="An account to take, by its id there.")
    ] = None,
    redirect_uri: Annotated[
        str | None,
        typer.Option("--redirect-uri", help="Where the answer comes back, as the app has it."),
    ] = None,
    timeout: Annotated[
        str, typer.Option("--timeout", help="How long to wait for the browser.")
    ] = "5m",
    json: Json = False,
) -> None:
    """Log in at a platform with a browser, and add the accounts that the log-in reaches.

    Logging in again as the same person mends what was refused; history is kept. Accounts that are
    connected already stay with their business, unless --map or --account says otherwise.
    """
    from analytics_sync.platforms import platform_named
    from analytics_sync.store import businesses

    if sum((everything, map_file is not None, bool(account))) > 1:
        raise WrongUsage("--all, --map and --account exclude each other.", hint="Give one of them.")
    named = platform_named(platform)
    login = _login(named, kind)
    with opened() as installation:
        with installation.database.read() as connection:
            owner = businesses.find(connection, business)
        wish, refused = _wish(installation, named, owner.id, everything, map_file, account or [])
        way = _way(installation, login, redirect_uri, timeout, no_browser=no_browser)
        chosen_app = _app(installation, login, owner.id, app, way.redirect_uri)
        done = _connected(installation, named, login, chosen_app, way, wish, ask=not json)
    done = Done(done.found, done.kept, done.placed, (*refused, *done.refused))
    answer(_document(login, done), as_json=json, human=lambda: _tell(login, done))
    if done.refused:
        raise typer.Exit(ExitStatus.FAILED)


def _login(platform: "Platform", kind: str | None) -> "Login":
    if kind is not None and kind not in platform.account_kinds:
        kinds = ", ".join(platform.account_kinds)
        raise WrongUsage(
            f"--kind: {platform.title} has no accounts of kind {kind!r}.",
            hint=f"Its kinds: {kinds}." if kinds else "Leave --kind out: there is one kind alone.",
        )
    login = platform.login(kind)
    if login is None:
        raise WrongUsage(
            f"Nobody can log in at {platform.title} from here.",
            hint=f"Bring a token: `analytics-sync account add BUSINESS {platform.name} "
            "--token-file FILE`.",
        )
    return login


def _wish(
    installation: "Installation",
    platform: "Platform",
    business_id: int,
    everything: bool,
    map_file: str | None,
    ids: Sequence[str],
) -> "tuple[Wish, list[Unmapped]]":
    """What was asked for, before anybody logs in for nothing; and lines of the map that can't be."""
    from analytics_sync.connect.accounts import account_id
    from analytics_sync.connect.choosing import Mapped, Unmapped, Wish

    if map_file is None:
        wanted = tuple(dict.fromkeys(account_id(platform, id) for id in ids))
        return Wish(business_id, everything, wanted), []
    from analytics_sync.files.account_map import read_map
    from analytics_sync.files.source import opened as opened_file

    with opened_file(map_file) as stream:
        lines, refused = read_map(installation.database, stream, map_file, platform)
    unmapped = [Unmapped(one.line, one.field, one.message) for one in refused]
    if not lines:
        words = "".join(f"\nline {one.line}: {one.message}" for one in unmapped[:20])
        raise WrongUsage(
            f"--map: {map_file} places no account.{words}",
            hint="Its lines name an account's id and a business that there is.",
        )
    return Wish(business_id, mapped=tuple(Mapped(*line) for line in lines)), unmapped


def _way(
    installation: "Installation",
    login: "Login",
    redirect_uri: str | None,
    timeout: str,
    *,
    no_browser: bool,
) -> Way:
    from urllib.parse import urlsplit

    from analytics_sync.connect.listener import place_of
    from analytics_sync.domain.spans import parse_span

    try:
        patience = parse_span(timeout)
    except ValueError as error:
        raise WrongUsage(f"--timeout: {error}.", hint="For example 90s or 5m.") from None
    settings = installation.settings.platforms[login.platform]
    back = redirect_uri or settings.redirect_uri or login.redirect_uri
    if not back.startswith(("http://", "https://")) or not urlsplit(back).netloc:
        raise WrongUsage(
            f"--redirect-uri: {back!r} is not a web address.", hint=f"Usual: {login.redirect_uri}"
        )
    place = None if no_browser else place_of(back)
    if place is None and not no_browser:
        person.tell(
            f"The answer comes back at {back}, where nothing can listen here: it is pasted."
        )
    return Way(back, place, patience, not no_browser)


def _app(
    installation: "Installation", login: "Login", business_id: int, wanted: str | None, back: str
) -> "App":
    from analytics_sync.connect import apps

    settings = installation.settings.platforms[login.platform]
    with installation.database.read() as connection:
        found = apps.choices(connection, login, settings, business_id)
        if wanted is None and not found.labels:
            raise apps.no_app(login, back)
        chosen = apps.choose(connection, installation.vault, login, found, wanted)
        if chosen is not None:
            return chosen
        if not person.has_terminal():
            raise WrongUsage(
                f"There are several {login.platform} apps: {'; '.join(found.labels)}.",
                hint="Say which one: --app ID.",
                code="app_not_chosen",
            )
    index = person.ask_one("Which app", found.labels)
    with installation.database.read() as connection:
        id = str(found.stored[index].id)
        picked = apps.choose(connection, installation.vault, login, found, id)
    assert picked is not None
    return picked


def _connected(
    installation: "Installation",
    platform: "Platform",
    login: "Login",
    app: "App",
    way: Way,
    wish: "Wish",
    *,
    ask: bool,
) -> Done:
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
    with installation.database.write(durable=True) as connection:
        kept = keep(connection, installation.vault, parts.clock, login, app, reach, placed)
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

    _table(found)
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


def _document(login: "Login", done: Done) -> dict[str, Any]:
    from analytics_sync.cli.account import as_document
    from analytics_sync.connect.missing import missing_scopes

    accounts = [as_document(account) for account in done.kept.accounts]
    reach = done.found.reach
    return {
        **(accounts[0] if len(accounts) == 1 else {}),
        "credential": {
            "id": done.kept.credential_id,
            "platform": login.platform,
            "subject": reach.subject,
            "subject_id": reach.subject_id,
            "scopes": list(reach.token.scopes),
            "missing_scopes": [scope._asdict() for scope in missing_scopes(login, reach.token)],
            "expires_at": reach.token.expires_at,
            "renews": login.renews(reach.token),
            "healed": done.kept.healed,
            "accounts": done.kept.served,
        },
        "accounts": accounts,
        "reached": [
            {
                "platform": one.platform,
                "platform_account_id": one.platform_account_id,
                "kind": one.kind,
                "name": one.name,
                "lacks": list(one.lacks),
            }
            for one in done.found.accounts
        ],
        "refused": [one._asdict() for one in done.refused],
        "notes": list(reach.notes),
    }


def _table(found: "Found") -> None:
    rows = []
    for number, one in enumerate(found.accounts, 1):
        there = found.known.get(one.platform_account_id, ())
        homes = ", ".join(str(account.business_id) for account in there)
        missing = "; ".join(one.lacks)
        rows.append((str(number), one.platform, one.platform_account_id, one.name, homes, missing))
    table(
        ("", "platform", "id", "name", "of business", "will be missing"), rows, empty="No account."
    )


def _tell(login: "Login", done: Done) -> None:
    from analytics_sync.connect.missing import told

    kept, reach = done.kept, done.found.reach
    if len(done.found.accounts) > len(kept.accounts):
        _table(done.found)
    say(f"Logged in at {login.title} as {reach.subject} (credential {kept.credential_id}).")
    lacks = {one.reachable.platform_account_id: one.reachable.lacks for one in done.placed}
    for account in kept.accounts:
        say(
            f"Connected account {account.id}: {account.platform} {account.platform_account_id} "
            f"{account.name or ''} of business {account.business_id}"
        )
        for thing in lacks[account.platform_account_id]:
            say(f"  can't read: {thing}")
    if kept.served > len(kept.accounts):
        say(f"{kept.served} accounts use this log-in now.")
    for line in told(login, reach, kept):
        say(line)
    for one in done.refused:
        say(f"  line {one.line}: {one.message}")
