"""What came of an import: how many lines were taken, and which were refused and why."""

from dataclasses import dataclass, field
from typing import Any, Final

from analytics_sync.logs import redacted

LONGEST_MESSAGE: Final = 300
LONGEST_VALUE: Final = 100


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

    def take(self, lines: int, written: int) -> None:
        """Count lines of which `written` told something new."""
        self.imported += written
        self.unchanged += lines - written

    def refuse(self, line: int, field: str | None, message: str) -> None:
        self.refused += 1
        if self.keep is None or len(self.refusals) < self.keep:
            # A shifted column may bring a token into any message.
            words = redacted(message)
            if len(words) > LONGEST_MESSAGE:
                words = words[: LONGEST_MESSAGE - 1] + "…"
            self.refusals.append(Refusal(line, field, words))

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
