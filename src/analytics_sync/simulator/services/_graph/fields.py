"""The field syntax of the Graph API: `id,comments.limit(0).summary(true){message}.as(x)`."""

import json
import re
from dataclasses import dataclass, field

from analytics_sync.simulator.services._graph.errors import GraphError, bad_syntax

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Asked:
    """One field: its name, its modifiers without `as`, and the fields wanted below it."""

    name: str
    modifiers: dict[str, str] = field(default_factory=dict)
    fields: "tuple[Asked, ...] | None" = None

    @property
    def key(self) -> str:
        """The name under which it is answered."""
        return self.modifiers.get("as", self.name)


def parse_fields(text: str) -> tuple[Asked, ...]:
    """Read a `fields` parameter, comma-separated or as a JSON array.

    :raises GraphError: code 2500, with the place of the mistake.
    """
    reader = _Reader(_without_array(text))
    fields = reader.fields()
    reader.end()
    return fields


def _without_array(text: str) -> str:
    if not text.lstrip().startswith("["):
        return text
    try:
        names = json.loads(text)
    except ValueError:
        return text
    return ",".join(map(str, names))


class _Reader:
    """Reads left to right, and knows where it is."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def fields(self) -> tuple[Asked, ...]:
        found = [self.field()]
        while self.take(","):
            found.append(self.field())
        return tuple(found)

    def field(self) -> Asked:
        name = self.name()
        modifiers = self.modifiers()
        below: tuple[Asked, ...] | None = None
        if self.take("{"):
            below = self.fields()
            self.need("}")
            modifiers |= self.modifiers()
        return Asked(name, modifiers, below)

    def modifiers(self) -> dict[str, str]:
        found: dict[str, str] = {}
        while self.take("."):
            name = self.name()
            self.need("(")
            found[name] = self.argument()
        return found

    def argument(self) -> str:
        """All up to the bracket that closes this one."""
        start, depth = self.at, 1
        while self.at < len(self.text):
            depth += {"(": 1, ")": -1}.get(self.text[self.at], 0)
            self.at += 1
            if depth == 0:
                return self.text[start : self.at - 1].strip()
        raise self.mistake()

    def name(self) -> str:
        self.skip_blanks()
        match = NAME.match(self.text, self.at)
        if match is None:
            raise self.mistake()
        self.at = match.end()
        return match.group()

    def take(self, character: str) -> bool:
        self.skip_blanks()
        if self.text[self.at : self.at + 1] != character:
            return False
        self.at += 1
        return True

    def need(self, character: str) -> None:
        if not self.take(character):
            raise self.mistake()

    def end(self) -> None:
        self.skip_blanks()
        if self.at < len(self.text):
            raise self.mistake()

    def skip_blanks(self) -> None:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1

    def mistake(self) -> GraphError:
        return bad_syntax(self.text[self.at : self.at + 1], self.at, self.text)
