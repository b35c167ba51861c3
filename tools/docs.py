"""Writes the parts of the documentation that are made from the code; `--check` only compares.

A part stands between `<!-- generated: NAME -->` and `<!-- end -->` in a page; the first word of its
name says who makes it, the rest is handed over.
"""
# ruff: noqa: INP001

import argparse
import difflib
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

# What a developer's terminal and settings look like must not show in the pages.
for name in [name for name in os.environ if name.startswith("ANALYTICS_SYNC_")]:
    del os.environ[name]
os.environ.update(NO_COLOR="1", COLUMNS="88", TERM="dumb")

from docparts import Maker, commands, platforms, settings, simulator, source  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
BEGIN = re.compile(r"^<!-- generated: ", re.MULTILINE)
PART = re.compile(
    r"^(<!-- generated: (?P<name>[^\n]+?) -->\n).*?^(?P<end><!-- end -->)$",
    re.DOTALL | re.MULTILINE,
)
MAKERS: Mapping[str, Maker] = {
    maker: make
    for module in (commands, platforms, settings, simulator, source)
    for maker, make in module.MAKERS.items()
}


def pages(root: Path = ROOT) -> list[Path]:
    """The pages that people read, in a fixed order."""
    return [*sorted(root.glob("*.md")), *sorted(root.glob("docs/**/*.md"))]


def filled(text: str) -> str:
    """The page with each of its parts made anew.

    :raises ValueError: a part has a name that nobody makes, or no end.
    """
    begun, ended = len(BEGIN.findall(text)), len(PART.findall(text))
    if begun != ended:
        raise ValueError(f"{begun} parts begin with <!-- generated: ... -->, {ended} end")
    return PART.sub(lambda part: f"{part[1]}\n{_made(part['name'])}\n\n{part['end']}", text)


def _made(name: str) -> str:
    maker, _, rest = name.partition(" ")
    if maker not in MAKERS:
        raise ValueError(f"nobody makes {maker!r}; there are {', '.join(sorted(MAKERS))}")
    return MAKERS[maker](rest).strip("\n")


def difference(path: Path, old: str, new: str) -> Iterator[str]:
    """What `make docs` would change, line by line."""
    shown = path.relative_to(ROOT).as_posix()
    return difflib.unified_diff(
        old.splitlines(), new.splitlines(), shown, f"{shown} as the code says", lineterm="", n=1
    )


def main(arguments: list[str] | None = None) -> int:
    """Write the parts that differ, or with `--check` show the difference and end with 1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing, end with 1")
    check = parser.parse_args(arguments).check
    changed = 0
    for path in pages():
        old = path.read_text(encoding="utf-8")
        try:
            new = filled(old)
        except ValueError as error:
            sys.stderr.write(f"{path.relative_to(ROOT)}: {error}\n")
            return 2
        if new == old:
            continue
        changed += 1
        if check:
            sys.stdout.write("\n".join([*difference(path, old, new), ""]))
        else:
            path.write_text(new, encoding="utf-8")
            sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")
    if check and changed:
        sys.stderr.write(f"Pages that differ from the code: {changed}. `make docs` writes them.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
