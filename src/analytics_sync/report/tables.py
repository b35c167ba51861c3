"""The tables of a report, drawn with rich; 80 columns are enough for each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Final

from analytics_sync.report import words
from analytics_sync.report.glyphs import Glyphs
from analytics_sync.report.sparkline import sparkline

if TYPE_CHECKING:
    from rich.box import Box
    from rich.table import Table
    from rich.text import Text

    from analytics_sync.store.summaries import Grown, PostPlace, Total

NARROW: Final = 80
TITLE_WIDTH: Final = 24
BUSINESS_WIDTH: Final = 12
# What longer texts may take of a wider terminal.
MORE_BUSINESS: Final = 10
# Blanks before a pair of columns, and the width that a number takes at least.
GAP: Final = "  "
LEAST: Final = 6
SUM: Final = "all platforms"


@dataclass(frozen=True, slots=True)
class Look:
    """How things are shown: the signs, a platform's name for people, and the columns there are."""

    glyphs: Glyphs
    platform_title: Callable[[str], str]
    width: int = NARROW

    @property
    def business_width(self) -> int:
        return BUSINESS_WIDTH + min(MORE_BUSINESS, max(0, self.width - NARROW))

    @property
    def title_width(self) -> int:
        return TITLE_WIDTH + max(0, self.width - NARROW - MORE_BUSINESS)


def totals_table(totals: "Sequence[Total]", columns: Sequence[str], look: Look) -> "Table":
    """For each business its platforms and their sum; each number with what it grew by."""
    # The blanks keep each number and its growth together.
    pairs = (name for column in columns for name in (f"{GAP}{column:>{LEAST}}>", ">"))
    drawn = _table(look, "", "posts>", *pairs)
    for (_, business), group in groupby(totals, key=lambda one: (one.business_id, one.business)):
        rows = list(group)
        drawn.add_row(_text(look.glyphs.short(business, look.title_width), "bold"))
        for row in rows:
            drawn.add_row(
                _text(f"  {_platform(row.platform, look)}"), *_numbers(row, columns, look)
            )
        drawn.add_row(_text(f"  {SUM}"), *_numbers(summed(rows), columns, look), style="bold")
    return drawn


def summed(rows: "Sequence[Total]") -> "Total":
    """Several rows as one. What was said nowhere stays unknown."""

    def total(parts: Sequence[Mapping[str, int | None]]) -> dict[str, int | None]:
        said = {name: [n for part in parts if (n := part[name]) is not None] for name in parts[0]}
        return {name: sum(numbers) if numbers else None for name, numbers in said.items()}

    return replace(
        rows[0],
        platform=SUM,
        posts=sum(row.posts for row in rows),
        numbers=total([row.numbers for row in rows]),
        growth=total([row.growth for row in rows]),
    )


def growing_table(
    grown: "Sequence[Grown]",
    histories: Mapping[int, Sequence[int | None]],
    column: str,
    now: datetime,
    look: Look,
) -> "Table":
    """Posts with their growth and a sparkline; `histories`: values at even steps, by post id."""
    drawn = _table(look, "post", "platform", "age>", f"{column}>", "grown by>", "history")
    for one in grown:
        drawn.add_row(
            _title(one.post, look),
            _text(_platform(one.post.platform, look)),
            words.age(now - one.post.published_at),
            words.count(one.value, look.glyphs),
            _change(one.growth, look),
            _text(sparkline(histories[one.post.id], look.glyphs.bars), "cyan"),
        )
    return drawn


def posts_table(
    posts: "Sequence[PostPlace]", values: Mapping[int, int], column: str, look: Look
) -> "Table":
    """Posts with when they were published and found, and one of their numbers by post id."""
    drawn = _table(look, "post", "business", "platform", "published", "found", f"{column}>")
    for one in posts:
        drawn.add_row(
            _title(one, look),
            _text(look.glyphs.short(one.business, look.business_width)),
            _text(_platform(one.platform, look)),
            f"{one.published_at:%a %H:%M}",
            f"{one.found_at:%a %H:%M}",
            words.count(values.get(one.id), look.glyphs),
        )
    return drawn


def _numbers(row: "Total", columns: Sequence[str], look: Look) -> Iterator["Text | str"]:
    yield words.count(row.posts, look.glyphs)
    for name in columns:
        yield words.count(row.numbers[name], look.glyphs)
        yield _change(row.growth[name], look)


def _change(value: int | None, look: Look) -> "Text":
    style = "green" if (value or 0) > 0 else "red" if (value or 0) < 0 else "dim"
    return _text(words.change(value, look.glyphs), style)


def _title(post: "PostPlace", look: Look) -> "Text":
    full = words.title(post.text, post.kind, post.published_at)
    return _text(look.glyphs.short(full, look.title_width))


def _platform(name: str, look: Look) -> str:
    return look.glyphs.plain(look.platform_title(name))


def _table(look: Look, *names: str) -> "Table":
    """An empty table; columns whose names end with `>` stand right."""
    from rich.table import Table

    plain = look.glyphs.is_ascii
    drawn = Table(
        box=_box(ascii_only=plain),
        show_edge=False,
        pad_edge=False,
        padding=0,
        header_style="bold",
    )
    for name in names:
        drawn.add_column(
            name.removesuffix(">"),
            justify="right" if name.endswith(">") else "left",
            no_wrap=True,
            # rich's own ellipsis is no ASCII.
            overflow="crop" if plain else "ellipsis",
        )
    return drawn


def _box(*, ascii_only: bool) -> "Box":
    """A line below the heading, and nothing else."""
    from rich.box import SIMPLE_HEAD, Box

    if not ascii_only:
        return SIMPLE_HEAD
    return Box(str(SIMPLE_HEAD).replace("─", "-"), ascii=True)


def _text(text: str, style: str = "") -> "Text":
    from rich.text import Text

    return Text(text, style=style)
