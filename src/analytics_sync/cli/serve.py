"""`serve`: the HTTP shim, and the tokens by which programs may call it."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analytics_sync.cli.options import Json, answer, opened
from analytics_sync.cli.tables import say, table
from analytics_sync.errors import ConfigurationInvalid, WrongUsage

if TYPE_CHECKING:
    import socket

    from analytics_sync.shim.gate import Rules

service = typer.Typer(
    invoke_without_command=True, help="Answer over HTTP, and give programs tokens for it."
)
token = typer.Typer(no_args_is_help=True, help="Tokens by which programs may ask.")
service.add_typer(token, name="token")

# As browsers write them: no path, no credentials, lower case.
ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?")
HOST = re.compile(r"(?:[a-z0-9._-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?")


def register(app: typer.Typer) -> None:
    app.add_typer(service, name="serve")


@service.callback()
def serve(
    context: typer.Context,
    *,
    host: Annotated[str, typer.Option("--host", help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")
    ] = 8003,
    uds: Annotated[
        Path | None, typer.Option("--uds", metavar="PATH", help="A Unix socket instead.")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes.")] = 1,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option("--allow-origin", metavar="ORIGIN", help="Of a frontend of your own."),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="NAME", help="By which a proxy of yours asks."),
    ] = None,
    require_token: Annotated[
        bool, typer.Option("--require-token", help="Of local programs too.")
    ] = False,
    json: Json = False,
) -> None:
    """Answer over HTTP, on this machine alone unless programs were given tokens."""
    if context.invoked_subcommand is not None:
        return
    _need_fastapi()
    names = frozenset(map(_host, allow_host or ()))
    origins = frozenset(map(_origin, allow_origin or ()))
    from analytics_sync.shim.gate import Rules

    rules = Rules(names, origins, needs_token=require_token)
    if uds is not None:
        from analytics_sync.shim.server import listen_at

        with listen_at(uds.absolute()) as listening:
            _serve(listening, rules, workers, as_json=json)
    else:
        from analytics_sync.shim.server import listen

        with listen(host, port) as listening:
            _serve(listening, rules, workers, as_json=json)


def _serve(listening: "socket.socket", rules: "Rules", workers: int, *, as_json: bool) -> None:
    from dataclasses import replace

    from analytics_sync.shim.server import address_of, is_loopback
    from analytics_sync.shim.server import serve as answer_requests

    if not is_loopback(listening):
        rules = replace(rules, needs_token=True)
    with opened() as installation:
        if rules.needs_token:
            _refuse_without_tokens(installation)
        else:
            # Before the first request: what is wrong with the database is said here.
            _ = installation.database
    place = address_of(listening)
    answer(
        {"listening": place, "needs_token": rules.needs_token},
        as_json=as_json,
        human=lambda: say(f"Listening at {place}; /docs has the documentation. Ctrl-C ends it."),
    )
    sys.stdout.flush()
    answer_requests(listening, rules, workers)


def _refuse_without_tokens(installation: Any) -> None:
    from analytics_sync.wiring.callers import has_tokens

    if not has_tokens(installation):
        raise ConfigurationInvalid(
            ["Whoever reaches this address could ask anything: there is no token yet."],
            hint="`analytics-sync serve token add NAME` makes one; or listen at 127.0.0.1 or --uds.",
            code="token_missing",
        )


def _need_fastapi() -> None:
    from importlib.util import find_spec

    if find_spec("fastapi") is None:
        raise ConfigurationInvalid(
            ["`serve` needs FastAPI, which is not installed."],
            hint="pip install 'analytics-sync[http]'",
            code="extra_missing",
        )


def _origin(text: str) -> str:
    word = text.strip().lower().rstrip("/")
    if not ORIGIN.fullmatch(word):
        raise WrongUsage(
            f"--allow-origin: {text!r} is not an origin.",
            hint="For example https://app.example.com",
        )
    return word


def _host(text: str) -> str:
    word = text.strip().lower()
    if not HOST.fullmatch(word):
        raise WrongUsage(
            f"--allow-host: {text!r} is not a host.", hint="For example analytics.example.com"
        )
    return word


@token.command("add")
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the program that gets it.")],
    *,
    json: Json = False,
) -> None:
    """Make a token. It is shown this once; only its digest is kept."""
    from analytics_sync.wiring.callers import add_token

    with opened() as installation:
        id, made = add_token(installation, name)
    document = {"id": id, "name": name.strip(), "token": made}
    answer(document, as_json=json, human=lambda: say(made))


@token.command("list")
def list_all(*, json: Json = False) -> None:
    """Show the tokens by name, and when each was last used (to the hour)."""
    from analytics_sync.wiring.callers import tokens

    with opened() as installation:
        found = tokens(installation)
    document = {"tokens": [dict(row._mapping) for row in found]}
    answer(
        document,
        as_json=json,
        human=lambda: table(
            ("token", "made (UTC)", "used (UTC)"),
            [(row.name, row.created_at, row.used_at) for row in found],
            empty="No token yet: analytics-sync serve token add NAME",
        ),
    )


@token.command("revoke")
def revoke(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    *,
    json: Json = False,
) -> None:
    """Let a token open nothing any more, from the next request on."""
    from analytics_sync.wiring.callers import revoke_token

    with opened() as installation:
        revoke_token(installation, name)
    document = {"name": name.strip(), "revoked": True}
    answer(document, as_json=json, human=lambda: say(f"Revoked: {name.strip()}"))
