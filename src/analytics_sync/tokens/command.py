"""A user's own command that prints a token."""

import asyncio
import shlex
from contextlib import suppress
from typing import Final

from analytics_sync.domain.credentials import Token
from analytics_sync.errors import CredentialRefused, WrongUsage
from analytics_sync.tokens.forms import LARGEST_SOURCE, parse_token

COMMAND_SECONDS: Final = 30


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
