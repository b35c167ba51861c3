"""What came of an import: how many lines were taken, and which were refused and why."""

from dataclasses import dataclass, field
from typing import Any, Final

from analytics_sync.logs import redacted

LONGEST_MESSAGE: Final = 300
LONGEST_VALUE: Final = 100
REMEMBERED: Final = 1_000


class Refused(Exception):
    """One line can't be taken. `field` is the one that is wrong; None for the line as a whole."""

    def __init__(self, field: str | None, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line that was refused; `line` is counted from 1 and is where the record begins."""

    line: int
    field: str | None
    message: str


@dataclass(slots=True)
class Outcome:
    """Counts of lines. `keep`: how many refusals are kept with their words; None: all of them."""

    keep: int | None = None
    imported: int = 0
    unchanged: int = 0
    refused: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    _words: dict[str, str] = field(default_factory=dict, repr=False)

    def take(self, lines: int, written: int) -> None:
        """Count lines of which `written` told something new."""
        self.imported += written
        self.unchanged += lines - written

    def refuse(self, line: int, field: str | None, message: str) -> None:
        self.refused += 1
        if self.keep is None or len(self.refusals) < self.keep:
            self.refusals.append(Refusal(line, field, self._in_words(message)))

    def _in_words(self, message: str) -> str:
        """Short, and without secrets: a shifted column may bring a token into any message.

        A file that is wrong as a whole says the same a million times.
        """
        if message not in self._words:
            if len(self._words) >= REMEMBERED:
                self._words.clear()
            words = redacted(message)
            cut = len(words) > LONGEST_MESSAGE
            self._words[message] = words[: LONGEST_MESSAGE - 1] + "…" if cut else words
        return self._words[message]

    def as_json(self) -> dict[str, Any]:
        ordered = sorted(self.refusals, key=lambda refusal: refusal.line)
        return {
            "imported": self.imported,
            "unchanged": self.unchanged,
            "refused": [
                {"line": found.line, "field": found.field, "message": found.message}
                for found in ordered
            ],
        }


def shown(value: object) -> str:
    """A value as the words of a refusal name it, never endless."""
    text = value if isinstance(value, str) else str(value)
    return repr(text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…")
