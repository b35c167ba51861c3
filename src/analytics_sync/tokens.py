"""Access tokens: the forms in which they come in, and how a run gets at them."""

import asyncio
import json
import shlex
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from analytics_sync.clock import iso
from analytics_sync.errors import CredentialRefused, WrongUsage
from analytics_sync.logs import redact
from analytics_sync.store import credentials
from analytics_sync.store.database import Database
from analytics_sync.store.trouble import changed_meanwhile
from analytics_sync.vault import Vault

COMMAND_SECONDS = 30
LONGEST_TOKEN = 16_384
# Far more than a token with all that may come along with it.
LARGEST_SOURCE = 65_536
FORM = 'The form is {"access_token", "refresh_token", "expires_at", "scopes"}.'


@dataclass(frozen=True, slots=True)
class Token:
    """A token as a file, standard input or a command gives it. Never shown by `repr`."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()


def parse_token(text: str, source: str) -> Token:
    """A bare access token, or JSON with `access_token` and optionally the rest.

    `source` names where the text came from, for the error's words.

    :raises WrongUsage: empty, not a token, or JSON without one.
    """
    stripped = text.removeprefix("\ufeff").strip()
    if not stripped:
        raise WrongUsage(f"{source} is empty.", hint="It must hold an access token.")
    if len(stripped) > LARGEST_SOURCE:
        raise WrongUsage(
            f"{source} is larger than {LARGEST_SOURCE // 1024} KiB: that is no token.",
            hint="Is it the right file?",
        )
    if not stripped.startswith(("{", "[", '"')):
        return Token(_checked(stripped, source))
    try:
        told = json.loads(stripped)
    except (ValueError, RecursionError) as error:
        raise WrongUsage(
            f"{source} begins like JSON but is not: {error}.",
            hint='Write a bare token, or {"access_token": "..."}.',
        ) from None
    return token_from(told if isinstance(told, dict) else {}, source)


def token_from(told: Mapping[str, Any], source: str) -> Token:
    """The same from decoded JSON; unknown keys are ignored.

    :raises WrongUsage: no access token, or a field of the wrong form; names the field.
    """
    access = told.get("access_token")
    if not isinstance(access, str):
        raise WrongUsage(f"{source} has no text under access_token.", hint=FORM)
    refresh = told.get("refresh_token")
    if refresh is not None and not isinstance(refresh, str):
        raise WrongUsage(f"{source}: refresh_token must be a text or null.", hint=FORM)
    return Token(
        access_token=_checked(access.strip(), source),
        refresh_token=_checked(refresh.strip(), f"{source}, refresh_token,") if refresh else None,
        expires_at=_expiry(told.get("expires_at"), source),
        scopes=_scopes(told.get("scopes"), source),
    )


def _checked(token: str, source: str) -> str:
    if not token or len(token) > LONGEST_TOKEN or not token.isascii() or not token.isprintable():
        raise WrongUsage(
            f"{source} holds no access token: expected one line of printable characters.",
            hint="Check that the file is the right one and that nothing else is in it.",
        )
    if any(character.isspace() for character in token):
        raise WrongUsage(
            f"{source} holds more than an access token: there is a space or a line break in it.",
            hint="Leave only the token.",
        )
    redact(token)
    return token


def _expiry(value: Any, source: str) -> datetime | None:
    if value is None:
        return None
    hint = 'Write it as "2026-12-31T00:00:00Z", or null.'
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise WrongUsage(f"{source}: expires_at {value!r} has no zone.", hint=hint)
        return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise WrongUsage(f"{source}: expires_at {value!r} is not a time.", hint=hint) from None


def _scopes(value: Any, source: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return tuple(value.replace(",", " ").split())
    if isinstance(value, list) and all(isinstance(scope, str) for scope in value):
        return tuple(value)
    raise WrongUsage(f"{source}: scopes must be a list of texts.", hint=FORM)


def sealed(token: Token) -> dict[str, Any]:
    """What the vault keeps of a token."""
    return {
        "access_token": token.access_token,
        "refresh_token": token.refresh_token,
        "expires_at": iso(token.expires_at) if token.expires_at else None,
    }


async def from_command(command: str) -> Token:
    """Run a user's command and read the token that it prints. No shell is involved.

    :raises CredentialRefused: it fails, takes too long, or prints no token.
    """
    hint = f"Run it yourself: {command}"
    process = await _started(command, hint)
    try:
        async with asyncio.timeout(COMMAND_SECONDS):
            output = await _printed_by(process)
    except TimeoutError:
        raise CredentialRefused(
            f"The token command took more than {COMMAND_SECONDS} s.", hint=hint
        ) from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0 and len(output) <= LARGEST_SOURCE:
        raise CredentialRefused(f"The token command ended with {process.returncode}.", hint=hint)
    try:
        return parse_token(output.decode(errors="replace"), "what the token command printed")
    except WrongUsage as error:
        raise CredentialRefused(error.message, hint=hint) from error


async def _started(command: str, hint: str) -> asyncio.subprocess.Process:
    if not command.strip():
        raise CredentialRefused(
            "The token command is empty.", hint="Name a program that prints the token."
        )
    try:
        return await asyncio.create_subprocess_exec(
            *shlex.split(command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            # Not read: whatever it says may hold the secret.
            stderr=asyncio.subprocess.DEVNULL,
        )
    except (OSError, ValueError) as error:
        raise CredentialRefused(f"The token command can't be run: {error}.", hint=hint) from error


async def _printed_by(process: asyncio.subprocess.Process) -> bytes:
    """All that a command prints, or a little more than a token may have; the rest is not read."""
    assert process.stdout is not None
    output = b""
    while len(output) <= LARGEST_SOURCE:
        some = await process.stdout.read(LARGEST_SOURCE)
        if not some:
            await process.wait()
            break
        output += some
    return output


class Tokens:
    """The access tokens of one run: each credential is opened once."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._opened: dict[int, str] = {}

    async def access_token(self, credential_id: int | None) -> str:
        """The token to send.

        :raises CredentialRefused: there is none, it can't be decrypted, or its command fails.
        :raises Busy: it was replaced meanwhile.
        """
        if credential_id is None:
            raise CredentialRefused(
                "The account has no credential.",
                hint="Add it again with a token: `analytics-sync account add`.",
            )
        if credential_id not in self._opened:
            secret = await asyncio.to_thread(self._open, credential_id)
            command = secret.get("command")
            if command:
                self._opened[credential_id] = (await from_command(command)).access_token
            else:
                self._opened[credential_id] = str(secret["access_token"])
            redact(self._opened[credential_id])
        return self._opened[credential_id]

    def _open(self, credential_id: int) -> dict[str, Any]:
        with self._database.read() as connection:
            try:
                row = credentials.get(connection, credential_id)
            except WrongUsage:
                # The account was removed, or added again with another token, after it was chosen.
                raise changed_meanwhile() from None
        return self._vault.open({"credential": credential_id}, row.ciphertext)
