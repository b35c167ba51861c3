"""The terminal of a person who runs `account connect` in this process and logs in meanwhile.

Whatever the command says on standard error is read here: as soon as the address stands there, the
person does what the test wants with it.
"""

import io
import re
import sys
import threading
from collections.abc import Callable

import pytest

# Shows that the command has said all that the person waits for.
LISTENS = "Waiting for the answer"
ADDRESS = re.compile(r"^  (https?://\S+)$", re.MULTILINE)


class Terminal(io.StringIO):
    """A text stream that may be a terminal."""

    is_terminal = False

    def isatty(self) -> bool:
        return self.is_terminal


class Desk(Terminal):
    """Standard error. `act` gets the address, once, when the command listens."""

    def __init__(self, act: Callable[[str], None]) -> None:
        super().__init__()
        self._act = act
        self._person: threading.Thread | None = None

    def flush(self) -> None:
        if self._person is None and LISTENS in self.getvalue():
            self._person = threading.Thread(target=self._act, args=(self.address,), daemon=True)
            self._person.start()

    @property
    def address(self) -> str:
        """Where the command asks people to log in."""
        found = ADDRESS.findall(self.getvalue())
        assert found, self.getvalue()
        return str(found[-1])

    def finish(self) -> None:
        """Wait until the person has done everything."""
        if self._person is not None:
            self._person.join(timeout=120)
            assert not self._person.is_alive()


class Pasting(Terminal):
    """Standard input of one who pastes: each line is made when the command reads it."""

    def __init__(self, desk: Desk, *lines: Callable[[str], str]) -> None:
        super().__init__()
        self._desk = desk
        self._lines = list(lines)

    def readline(self, size: int = -1, /) -> str:
        if not self._lines:
            return ""
        answer, shown = self._lines.pop(0), ADDRESS.findall(self._desk.getvalue())
        return answer(shown[-1] if shown else "") + "\n"


def sit(
    monkeypatch: pytest.MonkeyPatch,
    act: Callable[[str], None] = lambda _: None,
    pastes: tuple[Callable[[str], str], ...] = (),
    *,
    at_terminal: bool = False,
) -> Desk:
    """Put a person at the terminal of this process."""
    desk = Desk(act)
    pasting = Pasting(desk, *pastes)
    desk.is_terminal = pasting.is_terminal = at_terminal
    monkeypatch.setattr(sys, "stderr", desk)
    monkeypatch.setattr(sys, "stdin", pasting)
    return desk
