"""Looks for secrets everywhere: what crossed the wire, and what was planted, in all that is left.

Everything that processes print, and what `/proc` shows of them while they live, is kept; the search
is made in the end, when every secret is known.
"""

import base64
import json
import os
import re
import subprocess
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qsl, quote, quote_plus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECRET_FIELDS = frozenset(
    "access_token refresh_token client_secret code code_verifier token fb_exchange_token"
    " input_token appsecret_proof token_secret oauth_token oauth_signature".split()
)
# In headers of OAuth 1.0a, and in JSON of any depth.
PAIR = re.compile(r'(oauth_token|oauth_signature|oauth_token_secret)="([^"]+)"')
SHORTEST = 8
# The end of a long secret is enough to find a part of it.
TAIL = 14


class Canaries:
    """Secrets by what they are, and where each was found."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def add(self, what: str, value: str) -> None:
        if len(value) >= SHORTEST:
            self.known.setdefault(value, what)

    def add_all(self, pairs: Iterable[tuple[str, str]]) -> None:
        for name, value in pairs:
            if name in SECRET_FIELDS:
                self.add(name, value)

    def found_in(self, content: bytes, *, but: Iterable[str] = ()) -> list[str]:
        """What is in it of the secrets, in any form; `but`: kinds that may be there."""
        allowed = set(but)
        return sorted(
            {
                what
                for value, what in self.known.items()
                if what not in allowed and any(form in content for form in _forms(value))
            }
        )


def _forms(value: str) -> set[bytes]:
    texts = {value, quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1]}
    encoded = base64.b64encode(value.encode()).decode().rstrip("=")
    texts |= {encoded, encoded.replace("+", "-").replace("/", "_")}
    if len(value) >= 2 * TAIL:
        texts.add(value[-TAIL:])
    return {text.encode() for text in texts}


class Spy:
    """Stands before a simulator and notes each secret that it is sent or that it gives."""

    def __init__(self, app: ASGIApp, canaries: Canaries) -> None:
        self.app = app
        self.canaries = canaries
        self.asked = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_sim"):
            await self.app(scope, receive, send)
            return
        self.asked += 1
        self._note_head(scope)
        bodies = {"asked": b"", "told": b""}

        async def received() -> Message:
            message = await receive()
            bodies["asked"] += message.get("body", b"")
            return message

        async def sent(message: Message) -> None:
            bodies["told"] += message.get("body", b"")
            for name, value in message.get("headers", ()):
                if name == b"location":
                    query = value.decode().partition("?")[2].partition("#")[0]
                    self.canaries.add_all(parse_qsl(query))
            await send(message)

        try:
            await self.app(scope, received, sent)
        finally:
            self.canaries.add_all(parse_qsl(bodies["asked"].decode("utf-8", "replace")))
            with suppress(ValueError):
                self._note_json(json.loads(bodies["told"]))

    def _note_head(self, scope: Scope) -> None:
        self.canaries.add_all(parse_qsl(scope["query_string"].decode()))
        for name, value in scope["headers"]:
            if name != b"authorization":
                continue
            kind, _, secret = value.decode().partition(" ")
            if kind.lower() in {"bearer", "basic"}:
                self.canaries.add(f"{kind} header", secret)
            self.canaries.add_all(PAIR.findall(secret))

    def _note_json(self, told: object) -> None:
        if isinstance(told, dict):
            for name, value in told.items():
                if name in SECRET_FIELDS and isinstance(value, str):
                    self.canaries.add(name, value)
                self._note_json(value)
        elif isinstance(told, list):
            for one in told:
                self._note_json(one)


class Watched:
    """Runs programs and keeps all that they print, and what the machine shows of them meanwhile.

    `home` tells our processes from others: it stands in their environment.
    """

    def __init__(self, home: Path, environ: Mapping[str, str]) -> None:
        self.environ = dict(environ)
        self.kept: dict[str, bytes] = {}
        self.processes = 0
        self._home = home
        self._mark = f"ANALYTICS_SYNC_HOME={home}".encode()

    def keep(self, where: str, content: bytes) -> None:
        self.kept[where] = self.kept.get(where, b"") + content

    def start(self, *command: str, **environ: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            command,
            env={**self.environ, **environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *command: str, stdin: bytes = b"", **environ: str) -> int:
        """Run it to its end; returns its status."""
        return self.finish(self.start(*command, **environ), stdin, name=" ".join(command[1:4]))

    def finish(self, process: "subprocess.Popen[bytes]", stdin: bytes = b"", *, name: str) -> int:
        over = threading.Event()
        watching = threading.Thread(target=self._watch, args=(over,))
        watching.start()
        try:
            output, errors = process.communicate(stdin, timeout=180)
        finally:
            over.set()
            watching.join()
        self.keep(f"output of {name}", output)
        self.keep(f"errors of {name}", errors)
        return process.returncode

    def _watch(self, over: threading.Event) -> None:
        while not over.wait(0.02):
            for folder in Path("/proc").iterdir():
                if folder.name.isdigit():
                    with suppress(OSError):
                        self._look(folder)
            for file in (*self._home.glob("*-wal"), *self._home.glob("*-shm"), *self._drafts()):
                with suppress(OSError):
                    self.kept[f"{file.name} while it is there"] = file.read_bytes()

    def _look(self, folder: Path) -> None:
        environ = (folder / "environ").read_bytes()
        if self._mark not in environ or int(folder.name) == os.getpid():
            return
        where = f"/proc of {folder.name}"
        self.processes += where not in self.kept
        self.kept[where] = environ + b"\n" + (folder / "cmdline").read_bytes()

    def _drafts(self) -> Iterable[Path]:
        return (self._home / "journal").glob("*")

    def keep_files(self, *folders: Path, but: Iterable[Path] = ()) -> int:
        """Keep every file below these folders; returns how many."""
        left_out = set(but)
        files = [
            file
            for folder in folders
            for file in folder.rglob("*")
            if file.is_file() and file not in left_out
        ]
        for file in files:
            self.keep(str(file), file.read_bytes())
        return len(files)
