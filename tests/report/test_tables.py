"""The tables: what stands in them, and that they fit into 80 columns whole."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from analytics_sync.report.glyphs import ASCII, UNICODE
from analytics_sync.report.tables import Look, growing_table, posts_table, summed, totals_table
from analytics_sync.store.summaries import Grown, PostPlace, Total

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
COLUMNS = ("impressions", "likes", "comments")


def drawn(table, width=80):
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(table)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def look(glyphs=UNICODE, width=80):
    return Look(glyphs, {"x": "X", "instagram": "Instagram"}.__getitem__, width)


def total(business, platform, numbers, growth, posts=58):
    return Total(
        {"Acme": 1, "Alder & Finch Books": 2}[business],
        business,
        platform,
        posts,
        dict(zip(COLUMNS, numbers, strict=True)),
        dict(zip(COLUMNS, growth, strict=True)),
    )


def place(text="Plum cake while there are plums and no longer", platform="instagram"):
    return PostPlace(
        id=7,
        business_id=2,
        business="Alder & Finch Books",
        platform=platform,
        platform_post_id="1",
        published_at=NOW - timedelta(hours=27),
        found_at=NOW - timedelta(hours=26),
        kind="photo",
        text=text,
    )


TOTALS = [
    total("Acme", "x", (1_300_000, None, 3), (12, None, -1)),
    total("Alder & Finch Books", "instagram", (332_301, 10_124, 1_034), (18_977, 602, 61)),
    total("Alder & Finch Books", "x", (9_161_899, 4_675, None), (12_327, 430, None), posts=1_059),
]


def test_each_business_has_its_platforms_and_their_sum():
    lines = drawn(totals_table(TOTALS, COLUMNS, look()))
    assert lines[0].split() == ["posts", *COLUMNS]
    assert [line.split() for line in lines[2:]] == [
        ["Acme"],
        ["X", "58", "1,300,000", "+12", "–", "–", "3", "-1"],
        ["all", "platforms", "58", "1,300,000", "+12", "–", "–", "3", "-1"],
        ["Alder", "&", "Finch", "Books"],
        ["Instagram", "58", "332,301", "+18,977", "10,124", "+602", "1,034", "+61"],
        ["X", "1,059", "9,161,899", "+12,327", "4,675", "+430", "–", "–"],
        "all platforms 1,117 9,494,200 +31,304 14,799 +1,032 1,034 +61".split(),
    ]


def test_what_was_said_nowhere_stays_unknown_in_a_sum():
    rows = [
        total("Acme", "x", (1, None, None), (1, None, 2)),
        total("Acme", "instagram", (None, None, 4), (None, None, 3)),
    ]
    made = summed(rows)
    assert made.posts == 116
    assert made.numbers == {"impressions": 1, "likes": None, "comments": 4}
    assert made.growth == {"impressions": 1, "likes": None, "comments": 5}


def test_a_growing_post_shows_its_history():
    table = growing_table(
        [Grown(place(), 4_664, 4_419)], {7: [None, 245, 4_664]}, "impressions", NOW, look()
    )
    line = drawn(table)[2]
    assert line == "Plum cake while there a… Instagram 27 h       4,664   +4,419  ▁█"


def test_a_new_post_shows_when_it_was_published_and_found():
    line = drawn(posts_table([place("Plum cake")], {7: 138}, "impressions", look()))[2]
    assert line.split() == "Plum cake Alder & Fin… Instagram Sun 11:00 Sun 12:00 138".split()


def test_a_post_without_a_number_yet_shows_a_dash():
    line = drawn(posts_table([place("Plum cake")], {}, "impressions", look(ASCII)))[2]
    assert line.split()[-1] == "-"


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_every_table_fits_into_80_columns_with_all_its_digits(glyphs):
    shown = look(glyphs)
    for table in (
        totals_table(TOTALS, COLUMNS, shown),
        growing_table([Grown(place(), 94_664, 84_419)], {7: [1] * 7}, "impressions", NOW, shown),
        posts_table([place()], {7: 1_234_567}, "impressions", shown),
    ):
        assert drawn(table, 80) == drawn(table, 300)
        assert all(len(line) <= 80 for line in drawn(table, 300))


def test_ascii_is_all_that_is_drawn_where_there_is_nothing_else():
    shown = look(ASCII)
    lines = drawn(totals_table(TOTALS, COLUMNS, shown))
    lines += drawn(posts_table([place()], {}, "impressions", shown))
    assert "".join(lines).isascii()
    assert set(lines[1]) == {"-"}


def test_a_wide_terminal_shows_longer_texts():
    text = place().text
    assert text not in drawn(posts_table([place()], {}, "likes", look()))[2]
    assert text in drawn(posts_table([place()], {}, "likes", look(width=120)), 120)[2]


def test_a_text_is_no_markup():
    line = drawn(posts_table([place("[bold]loud[/] :tada:")], {}, "likes", look()))[2]
    assert line.startswith("[bold]loud[/] :tada:")
