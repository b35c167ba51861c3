"""Runs the command line in this process, as a person or a scheduler would, and checks its manners.

Whatever a command is given, it ends with a documented exit status and no traceback, and with
`--json` it prints exactly one JSON document.
"""

import io
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from analytics_sync.cli.frame import run

STATUSES = {0, 1, 2, 75, 77, 78}


@dataclass(frozen=True)
class Result:
    """What came of one command. `document` is its JSON, `error` the part about a failure."""

    status: int
    output: str
    errors: str

    @property
    def document(self) -> Any:
        return json.loads(self.output)

    @property
    def error(self) -> Mapping[str, str]:
        assert set(self.document) == {"error"}, self.output
        return dict(self.document["error"])


class Command:
    """The program in one environment: `call` runs it with `--json`, `say` without."""

    def __init__(
        self,
        environ: Mapping[str, str],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.secrets: set[str] = set()
        self.set(environ)

    def set(self, environ: Mapping[str, str]) -> None:
        for name, value in environ.items():
            self._monkeypatch.setenv(name, value)

    def call(self, *arguments: str, stdin: bytes = b"") -> Result:
        result = self.say(*arguments, "--json", stdin=stdin)
        assert isinstance(result.document, dict), result.output
        if result.status == 2:
            assert result.error["message"]
        return result

    def say(self, *arguments: str, stdin: bytes = b"") -> Result:
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8"))
        self._capsys.readouterr()
        status = run(arguments)
        output, errors = self._capsys.readouterr()
        result = Result(int(status), output, errors)
        assert result.status in STATUSES, result
        assert "Traceback" not in output + errors, result
        assert "Unexpected failure" not in output + errors, result
        for secret in self.secrets:
            assert secret not in output + errors, "a token was shown"
        return result

    def refuse(self, status: int, code: str, *arguments: str, stdin: bytes = b"") -> str:
        """Run a command that must fail so, with words and advice; gives both."""
        result = self.call(*arguments, stdin=stdin)
        assert (result.status, result.error["code"]) == (status, code), result
        assert set(result.error) == {"code", "message", "hint"}
        assert result.error["message"].strip(), result
        assert result.error["hint"].strip(), f"no word on what to do: {result.output}"
        return f"{result.error['message']} {result.error['hint']}"
