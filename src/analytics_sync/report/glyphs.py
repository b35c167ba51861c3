"""The signs that a terminal can show: Unicode where its encoding has them, else ASCII."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, TextIO


@dataclass(frozen=True, slots=True)
class Glyphs:
    """`bars`: from low to high. `unknown`: in the place of a number that was not said."""

    bars: str
    unknown: str
    ellipsis: str
    dot: str
    encoding: str

    @property
    def is_ascii(self) -> bool:
        """Whether nothing but ASCII may be drawn (texts may hold more, if the encoding does)."""
        return self.bars.isascii()

    def plain(self, text: str) -> str:
        """The text in one line, with `?` for what the encoding lacks and for control characters."""
        line = " ".join(text.split())
        shown = "".join(sign if sign.isprintable() else "?" for sign in line)
        return shown.encode(self.encoding, "replace").decode(self.encoding)

    def short(self, text: str, width: int) -> str:
        """The text as `plain` gives it, cut to so many characters."""
        line = self.plain(text)
        if len(line) <= width:
            return line
        return line[: max(0, width - len(self.ellipsis))].rstrip() + self.ellipsis


UNICODE: Final = Glyphs("▁▂▃▄▅▆▇█", "–", "…", "·", "utf-8")
ASCII: Final = Glyphs("_.-~=+*#", "-", "...", "-", "ascii")


def glyphs_for(stream: TextIO, environ: Mapping[str, str]) -> Glyphs:
    """What this stream's encoding can carry.

    Python writes UTF-8 in the C locale too; but who names that locale has an ASCII terminal.
    """
    if _is_c(environ):
        return ASCII
    encoding = getattr(stream, "encoding", None) or "ascii"
    found = replace(UNICODE, encoding=encoding)
    try:
        f"{found.bars}{found.unknown}{found.ellipsis}{found.dot}".encode(encoding)
    except UnicodeEncodeError:
        return replace(ASCII, encoding=encoding)
    except LookupError:
        return ASCII
    return found


def _is_c(environ: Mapping[str, str]) -> bool:
    """Whether the locale is set to C by name. Python itself may have set LC_CTYPE meanwhile."""
    named = environ.get("LC_ALL") or environ.get("LANG") or ""
    return named in {"C", "POSIX"}
