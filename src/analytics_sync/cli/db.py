"""`db`: schema, size, backups of the database, and where it lives."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from analytics_sync.cli.options import Json, answer, opened
from analytics_sync.cli.tables import cell, say, table
from analytics_sync.errors import WrongUsage

if TYPE_CHECKING:
    from analytics_sync.wiring import Installation
    from analytics_sync.wiring.backups import BackedUp
    from analytics_sync.wiring.restoring import Restored

db = typer.Typer(no_args_is_help=True, help="The database.")

File = Annotated[Path, typer.Argument(metavar="FILE", show_default=False)]
PassphraseStdin = Annotated[
    bool, typer.Option("--passphrase-stdin", help="Read a passphrase from standard input.")
]
PassphraseFile = Annotated[
    Path | None, typer.Option("--passphrase-file", help="Read a passphrase from this file.")
]
LONGEST_PASSPHRASE: Final = 4096
STATES: Final = {
    "log_in": "Needs a log-in",
    "key_missing": "Needs the old key",
    "tried": "Tried at the next sync",
    "runs": "Runs",
}


def register(app: typer.Typer) -> None:
    app.add_typer(db, name="db")


@db.command()
def upgrade(*, json: Json = False) -> None:
    """Bring the database to this release's schema."""
    from analytics_sync.store.migrate import upgrade as migrate

    with opened() as installation:
        before, after = migrate(installation.raw_database)

    def human() -> None:
        if before == after:
            say(f"The database has schema {after} already.")
        else:
            say(f"Upgraded the database from {before or 'nothing'} to schema {after}.")

    answer({"before": before, "after": after}, as_json=json, human=human)


@db.command()
def stats(*, json: Json = False) -> None:
    """Say how much is stored, and since when."""
    from analytics_sync.store.stats import stats as count

    with opened() as installation:
        found = count(installation.database)

    def human() -> None:
        say(f"{found['database']}, schema {found['schema']}, {found['bytes'] / 1_048_576:,.1f} MiB")
        say(f"History: {cell(found['oldest_snapshot'])} to {cell(found['newest_snapshot'])} UTC")
        table(("table", "rows"), list(found["rows"].items()), empty="")

    answer(found, as_json=json, human=human)


@db.command()
def backup(
    file: File,
    *,
    with_credentials: Annotated[
        bool,
        typer.Option("--with-credentials", help="With tokens and app secrets, still encrypted."),
    ] = False,
    passphrase_stdin: PassphraseStdin = False,
    passphrase_file: PassphraseFile = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    json: Json = False,
) -> None:
    """Write a consistent copy of the database to a file; syncs may go on meanwhile.

    Without --with-credentials nothing in it is secret. With a passphrase it holds the key too, under
    that passphrase, and is all that another machine needs.
    """
    from analytics_sync.wiring.backups import back_up

    passphrase = _passphrase(passphrase_file, from_stdin=passphrase_stdin)
    with opened() as installation:
        made = back_up(
            installation, file, secrets=with_credentials, passphrase=passphrase, force=force
        )
    answer(made.as_json(), as_json=json, human=lambda: _tell_backup(made))


def _tell_backup(made: "BackedUp") -> None:
    say(f"Wrote {made.file}, {made.bytes / 1_048_576:,.1f} MiB.")
    if not made.secrets:
        say(
            "No token or secret is in it: after a restore, every account has to be connected again."
        )
    elif made.key:
        say("Tokens are in it, and the key under the passphrase. Keep the passphrase elsewhere.")
    else:
        say("Tokens are in it, encrypted. Keep the key file as well, but not beside it.")
    for id in made.journals:
        say(f"The newest token of credential {id} is not in it: `analytics-sync logs` says why.")
    say("config.toml is not in it.")


@db.command()
def restore(
    file: File,
    *,
    passphrase_stdin: PassphraseStdin = False,
    passphrase_file: PassphraseFile = None,
    force: Annotated[
        bool, typer.Option("--force", help="Even where there is data, which is kept aside.")
    ] = False,
    json: Json = False,
) -> None:
    """Put a backup in the place of the database, and say what runs and what needs a person.

    A token that was renewed after the backup stays, where the database that is replaced has it.
    """
    passphrase = _passphrase(passphrase_file, from_stdin=passphrase_stdin)
    with opened() as installation:
        done = _restored(installation, file, passphrase, force=force, ask=not json)
    answer(done.as_json(), as_json=json, human=lambda: _tell_restored(done))


def _restored(
    installation: "Installation", file: Path, passphrase: str | None, *, force: bool, ask: bool
) -> "Restored":
    from analytics_sync.wiring.restoring import restore as put_back

    try:
        return put_back(installation, file, passphrase=passphrase, force=force)
    except WrongUsage as error:
        if error.code != "data_there" or not (ask and sys.stdin.isatty() and sys.stdout.isatty()):
            raise
        typer.confirm(f"{error.message} Replace it? It is kept aside.", abort=True)
    return put_back(installation, file, passphrase=passphrase, force=True)


def _tell_restored(done: "Restored") -> None:
    since = f" of {done.made_at[:16].replace('T', ' ')} UTC" if done.made_at else ""
    say(f"Restored the backup{since} into {done.database}.")
    if done.kept:
        say(f"What was there before is kept in {done.kept}.")
    if done.newer:
        ids = ", ".join(map(str, done.newer))
        say(f"Newer tokens than the backup's were here and stay: credentials {ids}.")
    for state, heading in STATES.items():
        found = [one for one in done.credentials if one.state == state]
        if not found:
            continue
        say("")
        say(f"{heading}:")
        for one in found:
            who = f" ({one.subject})" if one.subject else ""
            accounts = f"{one.accounts} account{'s' if one.accounts > 1 else ''}"
            whose = ", ".join(one.businesses[:3]) + (" ..." if len(one.businesses) > 3 else "")
            say(f"  credential {one.credential_id}, {one.platform}{who}, {accounts} of {whose}:")
            say(f"    {one.words}")
            if one.command:
                say(f"    {one.command}")
    say("")
    if any(one.state == "key_missing" for one in done.credentials):
        say(f"The key belongs in {done.key}: put the old key file there, or add its line to it.")
    if done.jobs:
        jobs = "1 job is" if done.jobs == 1 else f"{done.jobs} jobs are"
        say(f"{jobs} in the database, but not on this machine: analytics-sync schedule --apply")
    say("config.toml is not part of a backup: `analytics-sync config show` says what is set here.")


@db.command()
def takeover(*, json: Json = False) -> None:
    """Let a copied installation sync from here on. Stop the one that it was copied from first."""
    from analytics_sync.wiring.backups import take_over

    with opened() as installation:
        before, here = take_over(installation)

    def human() -> None:
        if before is None:
            say(f"The database lives in {here} already.")
        else:
            say(f"The database lives in {here} now; before it lived in {before}.")
            say("The one there does not know of it and goes on: stop it, if that is not done yet.")

    answer({"before": before, "here": here}, as_json=json, human=human)


def _passphrase(file: Path | None, *, from_stdin: bool) -> str | None:
    """:raises WrongUsage: said in two ways, or there is none where it is said to be."""
    if file is not None and from_stdin:
        raise WrongUsage(
            "Say one of --passphrase-stdin and --passphrase-file.", hint="Leave the other one out."
        )
    if file is None and not from_stdin:
        return None
    name = "standard input" if file is None else str(file)
    text = _read(file).decode(errors="replace").removesuffix("\n").removesuffix("\r")
    if not text or len(text) > LONGEST_PASSPHRASE or "\n" in text:
        what = "is empty" if not text else "has several lines"
        if len(text) > LONGEST_PASSPHRASE:
            what = "is longer than a passphrase may be"
        raise WrongUsage(f"The passphrase in {name} {what}.", hint="Put it on one line.")
    from analytics_sync import logs

    logs.redact(text)
    return text


def _read(file: Path | None) -> bytes:
    if file is None:
        return b"" if sys.stdin is None else sys.stdin.buffer.read(LONGEST_PASSPHRASE + 2)
    try:
        with file.open("rb") as source:
            return source.read(LONGEST_PASSPHRASE + 2)
    except OSError as error:
        raise WrongUsage(
            f"--passphrase-file: {file} can't be read: {error.strerror}.",
            hint="Name a file that holds the passphrase.",
        ) from error
