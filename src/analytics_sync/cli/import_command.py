"""`import`: a whole old installation from one file."""

from typing import Annotated

import typer

from analytics_sync.cli.imported import kept, tell
from analytics_sync.cli.options import Json, opened


def register(app: typer.Typer) -> None:
    app.command("import")(import_installation)


def import_installation(
    file: Annotated[str, typer.Argument(metavar="FILE", help="JSON Lines; - is standard input.")],
    *,
    json: Json = False,
) -> None:
    """Take in businesses, accounts with their tokens, posts and past readings.

    Each line is an object with a `type`: business, account, post or snapshot; the lines of
    `export jsonl` need none. Ids are kept, and what is known already stays as it is.
    """
    from analytics_sync.files.installation import import_installation as take_in
    from analytics_sync.files.source import opened as opened_file

    with opened_file(file) as stream, opened() as installation:
        outcome = take_in(
            installation.database,
            lambda: installation.vault,
            stream,
            now=installation.clock.now(),
            keep=kept(as_json=json),
        )
    tell(outcome, as_json=json)
