"""`key`: where the encryption key is, and rotating it."""

from typing import TYPE_CHECKING, Final

import typer

from analytics_sync.cli.options import Json, answer, opened
from analytics_sync.cli.tables import say
from analytics_sync.errors import ExitStatus

if TYPE_CHECKING:
    from analytics_sync.wiring.keys import KeyPlace, Rotated

key = typer.Typer(no_args_is_help=True, help="The key that encrypts tokens.")
PLACES: Final = {
    "credential": "systemd's credential",
    "command": "the output of key_command",
    "environment": "the environment",
    "file": "the key file",
}
MAKE_ONE: Final = "openssl rand -base64 32 | tr '+/' '-_'"


def register(app: typer.Typer) -> None:
    app.add_typer(key, name="key")


@key.command()
def path(*, json: Json = False) -> None:
    """Say where the key comes from. No key is ever shown."""
    from analytics_sync.wiring.keys import key_place

    with opened() as installation:
        found = key_place(installation)
    answer(found._asdict(), as_json=json, human=lambda: _tell_place(found))


def _tell_place(found: "KeyPlace") -> None:
    say(found.where)
    if not found.exists:
        say("  It is not there yet: `analytics-sync init`, or the first token, makes it.")
    elif found.keys is None:
        say(f"  from {PLACES[found.place]}")
    else:
        number = f"{len(found.keys)} keys, newest first" if len(found.keys) > 1 else "1 key"
        say(f"  from {PLACES[found.place]}, {number}: {', '.join(found.keys)}")
    if found.rotating:
        say("  A rotation was broken off; `analytics-sync key rotate` goes on with it.")


@key.command()
def rotate(*, json: Json = False) -> None:
    """Make a new key, encrypt every token with it, and drop the old one.

    Syncs may go on meanwhile. A rotation that was broken off is finished, without yet another key.
    Where the key comes from the environment, a command or systemd, everything is encrypted with the
    first of the keys given there. Status 77: a secret was left as it was, as no key opens it.
    """
    from analytics_sync.wiring.keys import rotate_key

    with opened() as installation:
        rotated = rotate_key(installation)
    answer(rotated.as_json(), as_json=json, human=lambda: _tell_rotated(rotated))
    if rotated.unreadable:
        raise typer.Exit(ExitStatus.CREDENTIAL)


def _tell_rotated(rotated: "Rotated") -> None:
    say(
        f"{rotated.rows:,} secrets and {rotated.journals:,} journals were encrypted anew with the key"
        f" {rotated.newest} ({PLACES[rotated.place]}: {rotated.where})."
    )
    if rotated.resumed:
        say("This finished a rotation that had been broken off. Run it again for yet another key.")
    if rotated.dropped:
        say(f"Dropped: {', '.join(rotated.dropped)}. Nothing here can be opened with it any more.")
    if rotated.place != "file":
        _tell_elsewhere(rotated)
    for name in rotated.unreadable:
        say(f"No key opens {name}; it was left as it is. Connect its accounts again.")
    if rotated.copies:
        say("Older copies of the database, which old keys still open; delete what you don't need:")
        for copy in rotated.copies:
            say(f"  {copy}")


def _tell_elsewhere(rotated: "Rotated") -> None:
    if rotated.droppable:
        say(
            f"Take {', '.join(rotated.droppable)} out of {PLACES[rotated.place]} when no command that"
            " was started before now is still running."
        )
        return
    say(
        f"There is one key alone in {PLACES[rotated.place]}. To change it, make another"
        f" ({MAKE_ONE}), put it before this one, separated by a comma or on a line of its own,"
        " and run this command again."
    )
