"""A user's own command that prints a token."""

import asyncio
import os
import shlex
import signal
from contextlib import suppress
from typing import Final

from analytics_sync.domain.credentials import Token
from analytics_sync.errors import CredentialRefused, WrongUsage
from analytics_sync.tokens.forms import LARGEST_SOURCE, parse_token

COMMAND_SECONDS: Final = 30
# For the system to end what was killed.
ENDING_SECONDS: Final = 5


async def from_command(command: str) -> Token:
    """Run a user's command and read the token that it prints. No shell is involved.

    :raises CredentialRefused: it fails, takes too long, or prints no token.
    """
    hint = f"Run it yourself: {command}"
    transport, printing = await _started(command, hint)
    try:
        async with asyncio.timeout(COMMAND_SECONDS):
            output = await printing.all_or_too_much
    except TimeoutError:
        raise CredentialRefused(
            f"The token command took more than {COMMAND_SECONDS} s.", hint=hint
        ) from None
    finally:
        status = transport.get_returncode()
        await _end(transport, printing)
    if status and len(output) <= LARGEST_SOURCE:
        raise CredentialRefused(f"The token command ended with {status}.", hint=hint)
    try:
        return parse_token(output.decode(errors="replace"), "what the token command printed")
    except WrongUsage as error:
        raise CredentialRefused(error.message, hint=hint) from error


class _Printing(asyncio.SubprocessProtocol):
    """Hears what a command prints until it ends; or a little more than a token may have.

    `all_or_too_much`: when the output ended as well as the command, which may have left a program
    that still holds it.
    """

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.all_or_too_much: asyncio.Future[bytes] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()
        self.is_over = False
        self._output = b""

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._output += data
        if len(self._output) > LARGEST_SOURCE:
            self._tell()

    def process_exited(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_over = True
        self._tell()

    def _tell(self) -> None:
        if not self.all_or_too_much.done():
            self.all_or_too_much.set_result(self._output)


async def _started(command: str, hint: str) -> tuple[asyncio.SubprocessTransport, _Printing]:
    if not command.strip():
        raise CredentialRefused(
            "The token command is empty.", hint="Name a program that prints the token."
        )
    try:
        return await asyncio.get_running_loop().subprocess_exec(
            _Printing,
            *shlex.split(command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            # Not read: whatever it says may hold the secret.
            stderr=asyncio.subprocess.DEVNULL,
            # A group of its own, to be ended as a whole.
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise CredentialRefused(f"The token command can't be run: {error}.", hint=hint) from error


async def _end(transport: asyncio.SubprocessTransport, printing: _Printing) -> None:
    """Kill what still runs of a command. Its output is closed, not read to its end."""
    if not printing.is_over:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(transport.get_pid(), signal.SIGKILL)
    transport.close()
    with suppress(TimeoutError):
        async with asyncio.timeout(ENDING_SECONDS):
            await asyncio.shield(printing.ended)
