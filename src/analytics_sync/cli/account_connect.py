"""`account connect`: log in with a browser, and add what the log-in reaches."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from analytics_sync.cli import login_person as person
from analytics_sync.cli.connected import as_document, tell
from analytics_sync.cli.connecting import Way, connected
from analytics_sync.cli.options import Json, answer, opened
from analytics_sync.errors import ExitStatus, WrongUsage

if TYPE_CHECKING:
    from analytics_sync.connect.choosing import Unmapped, Wish
    from analytics_sync.domain.credentials import App
    from analytics_sync.platforms._contract import Platform
    from analytics_sync.platforms._login import Login
    from analytics_sync.wiring import Installation


def register(app: typer.Typer) -> None:
    app.command()(connect)


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
        done = connected(installation, named, login, chosen_app, way, wish, ask=not json)
    done = replace(done, refused=(*refused, *done.refused))
    answer(as_document(login, done), as_json=json, human=lambda: tell(login, done))
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
    from analytics_sync.connect.listener import is_address, place_of
    from analytics_sync.domain.spans import parse_span

    try:
        patience = parse_span(timeout)
    except ValueError as error:
        raise WrongUsage(f"--timeout: {error}.", hint="For example 90s or 5m.") from None
    settings = installation.settings.platforms[login.platform]
    back = redirect_uri or settings.redirect_uri or login.redirect_uri
    if not is_address(back):
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
