"""`post`: import, add, list, discover, ignore."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analytics_sync.cli.discover import discover
from analytics_sync.cli.imported import kept, tell
from analytics_sync.cli.options import (
    BusinessOption,
    Json,
    PlatformOption,
    answer,
    business_of,
    in_json,
    opened,
)
from analytics_sync.cli.tables import say, table
from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.errors import ExitStatus, WrongUsage

if TYPE_CHECKING:
    from sqlalchemy import Row

post = typer.Typer(no_args_is_help=True, help="The posts whose numbers are read.")
# Rows that a person is shown unless more are asked for.
SCREENFUL = 50
SHOWN_NUMBERS = ("impressions", "likes", "comments", "shares")
FIELDS = (
    "id",
    "business_id",
    "platform",
    "platform_account_id",
    "platform_post_id",
    "published_at",
    "kind",
    "permalink",
    "state",
    "last_read_at",
    *COLUMNS,
)


def register(app: typer.Typer) -> None:
    app.add_typer(post, name="post")


@post.command("import")
def import_file(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="CSV or JSON Lines; - is standard input.")
    ],
    *,
    business: BusinessOption = None,
    platform: PlatformOption = None,
    json: Json = False,
) -> None:
    """Take up the posts of a file; importing it again changes nothing.

    Columns: business_id (or business), platform, platform_account_id, platform_post_id,
    published_at, and optionally kind, text, permalink. --business and --platform fill what the
    file leaves out.
    """
    from analytics_sync.files.posts import import_posts
    from analytics_sync.files.source import opened as opened_file
    from analytics_sync.platforms import platform_named

    named_platform = platform_named(platform).name if platform is not None else None
    with opened_file(file) as stream, opened() as installation:
        with installation.database.read() as connection:
            named = business_of(connection, business)
        outcome = import_posts(
            installation.database,
            stream,
            file,
            now=installation.clock.now(),
            business=str(named.id) if named else None,
            platform=named_platform,
            keep=kept(as_json=json),
        )
    tell(outcome, as_json=json)


@post.command()
def add(
    posts: Annotated[
        list[str], typer.Argument(metavar="URL_OR_ID...", help="Ids, or web addresses.")
    ],
    *,
    business: BusinessOption = None,
    platform: PlatformOption = None,
    json: Json = False,
) -> None:
    """Take up single posts; the platform is asked when each was published."""
    import asyncio

    from analytics_sync.connect.posts import add_posts
    from analytics_sync.platforms import platform_named
    from analytics_sync.store import posts as stored

    named_platform = platform_named(platform).name if platform is not None else None
    with opened() as installation:
        with installation.database.read() as connection:
            named = business_of(connection, business)
        added = asyncio.run(
            add_posts(
                installation.parts(),
                posts,
                business_id=named.id if named else None,
                platform=named_platform,
            )
        )
        refused = [one.refused for one in added if one.refused is not None]
        if refused and len(refused) == len(added):
            raise refused[0]
        with installation.database.read() as connection:
            rows = [stored.at(connection, one.account.id, one.platform_post_id) for one in added]
    documents = [
        {**as_document(row), "new": one.new}
        for row, one in zip(rows, added, strict=True)
        if row is not None
    ]
    _answer_added(documents, refused, as_json=json)


def _answer_added(
    documents: Sequence[Mapping[str, Any]], refused: Sequence[WrongUsage], *, as_json: bool
) -> None:
    """What was taken up, and what the platform does not show."""
    # One post is answered as itself, too, like everything that is made.
    alone = documents[0] if len(documents) == 1 else {}

    def human() -> None:
        for found in documents:
            state = "Added" if found["new"] else "Known already:"
            say(f"{state} post {found['id']}: {found['platform']} {found['platform_post_id']}")
        for error in refused:
            say(f"Not added: {error.message}")

    told = [{"code": error.code, "message": error.message} for error in refused]
    answer({**alone, "posts": documents, "refused": told}, as_json=as_json, human=human)
    if refused:
        raise typer.Exit(ExitStatus.FAILED)


@post.command("list")
def list_all(
    *,
    business: BusinessOption = None,
    platform: PlatformOption = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Most posts to list, newest first.")
    ] = None,
    json: Json = False,
) -> None:
    """List the posts with their newest numbers."""
    from analytics_sync.platforms import names_meant
    from analytics_sync.store import posts as stored

    names = names_meant(platform) if platform is not None else None
    with opened() as installation, installation.database.read() as connection:
        named = business_of(connection, business)
        found = stored.listed(
            connection,
            business_id=named.id if named else None,
            platforms=names,
            limit=limit if json or limit else SCREENFUL + 1,
        )
        if json:
            _write_list(as_document(row) for row in found)
        else:
            _show_list(list(found), limit)


def _write_list(documents: Iterable[Mapping[str, Any]]) -> None:
    """One JSON document, written row by row: there may be a million posts."""
    separator = ""
    sys.stdout.write('{"posts": [')
    for document in documents:
        sys.stdout.write(separator + in_json(document))
        separator = ", "
    sys.stdout.write("]}\n")


def _show_list(found: "list[Row[Any]]", limit: int | None) -> None:
    shown = list(islice(found, limit or SCREENFUL))
    table(
        ("id", "published (UTC)", "business", "platform", "post", "kind", "state", *SHOWN_NUMBERS),
        [
            (
                str(row.id),
                row.published_at,
                str(row.business_id),
                row.platform,
                row.platform_post_id,
                row.kind,
                row.state,
                *(getattr(row, name) for name in SHOWN_NUMBERS),
            )
            for row in shown
        ],
        empty="No post yet: analytics-sync post discover, or analytics-sync post import FILE",
    )
    if len(found) > len(shown):
        say(f"These are the newest {len(shown)}; --limit N shows more.")


@post.command()
def ignore(
    id: Annotated[str, typer.Argument(metavar="ID", help="Our id, or the platform's.")],
    *,
    json: Json = False,
) -> None:
    """Never read a post again; its history is kept."""
    from analytics_sync.store import posts as stored

    with opened() as installation, installation.database.write() as connection:
        found = _only(stored.find(connection, id.strip()), id)
        stored.ignore(connection, found.id)
    answer(
        {**as_document(found), "state": "ignored"},
        as_json=json,
        human=lambda: say(
            f"Post {found.id} ({found.platform} {found.platform_post_id}) is read no more; "
            "its history is kept"
        ),
    )


def _only(found: "list[Row[Any]]", id: str) -> "Row[Any]":
    if not found:
        raise WrongUsage(
            f"There is no post {id!r}.",
            hint="`analytics-sync post list` shows them.",
            code="unknown_post",
        )
    if len(found) > 1:
        places = "; ".join(
            f"post {row.id} ({row.platform} {row.platform_post_id} of business {row.business_id})"
            for row in found
        )
        raise WrongUsage(
            f"{id!r} means several posts: {places}.",
            hint="Say the other of the two ids that the one you mean has.",
            code="ambiguous_post",
        )
    return found[0]


def as_document(row: "Row[Any]") -> dict[str, Any]:
    return {name: getattr(row, name) for name in FIELDS}


post.command()(discover)
