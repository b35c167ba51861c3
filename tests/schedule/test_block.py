import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_sync.errors import SchedulerUnusable
from analytics_sync.schedule._block import carried, read, spliced

NAME = "1a2b3c4d"
OTHER = "99999999"
HOME = b"/srv/h\xc3\xb6me"


def job(number: int, name: str = NAME) -> bytes:
    return b"%d * * * * /p sync # analytics-sync:%b j_%d\n" % (number, name.encode(), number)


def put(content: bytes | None, *numbers: int, name: str = NAME, mend: bool = False) -> bytes | None:
    return spliced(content, name, HOME, [job(number, name) for number in numbers], mend=mend)


def test_the_block_stands_at_the_end_between_its_markers() -> None:
    content = put(b"MAILTO=me\n0 0 * * * x\n", 1, 2)
    assert content is not None
    assert content.splitlines() == [
        b"MAILTO=me",
        b"0 0 * * * x",
        b"# BEGIN analytics-sync:1a2b3c4d /srv/h\xc3\xb6me",
        b"1 * * * * /p sync # analytics-sync:1a2b3c4d j_1",
        b"2 * * * * /p sync # analytics-sync:1a2b3c4d j_2",
        content.splitlines()[-1],
    ]
    assert content.splitlines()[-1].startswith(b"# END analytics-sync:1a2b3c4d ")
    assert read(content, NAME).jobs == [job(1), job(2)]
    assert read(content, NAME).trouble == ""


@pytest.mark.parametrize("content", [None, b"", b"x\n", b"x", b"\n\n", b"a\r\nb\r", b"\xff\x00\n"])
def test_what_was_there_before_comes_back(content: bytes | None) -> None:
    with_one = put(content, 1)
    assert put(with_one, 1) == with_one
    assert put(put(with_one, 2, 3)) == content
    assert put(content) == content


def test_lines_after_the_block_stay_after_it() -> None:
    content = put(b"above\n", 1)
    assert content is not None
    content = put(content + b"below", 2, 3)
    assert content is not None
    assert content.startswith(b"above\n# BEGIN")
    assert content.endswith(b"\nbelow")
    assert put(content) == b"above\nbelow"


def test_a_line_added_by_the_user_keeps_its_end() -> None:
    content = put(b"no end", 1)
    assert content is not None
    # Somebody writes a line before our block, or after it: no end of theirs is taken.
    assert put(content.replace(b"no end\n", b"no end\nmore\n")) == b"no end\nmore\n"
    assert put(content + b"more\n") == b"no end\nmore\n"


def test_two_installations_leave_each_other_alone() -> None:
    both = put(put(b"mine\n", 1), 2, name=OTHER)
    changed = put(both, 3, 4)
    assert read(changed, OTHER).jobs == read(both, OTHER).jobs
    assert put(put(changed), name=OTHER) == b"mine\n"
    assert put(put(changed, name=OTHER)) == b"mine\n"


@pytest.mark.parametrize("order", [(NAME, OTHER), (OTHER, NAME)])
def test_the_last_of_two_installations_takes_a_crontab_away_that_was_none(
    order: tuple[str, str],
) -> None:
    content = put(put(None, 1), 2, name=OTHER)
    for name in order:
        content = put(content, name=name)
    assert content is None


def test_a_crontab_that_got_other_lines_stays() -> None:
    content = put(None, 1)
    assert content is not None
    assert put(b"theirs\n" + content) == b"theirs\n"
    assert put(b"", 1) is not None
    assert put(put(b"", 1)) == b""


WHOLE = put(b"above\n", 1, 2) or b""
BEGIN, ONE, TWO, END = WHOLE.splitlines(keepends=True)[1:]
DAMAGED = {
    "does not end": b"above\n" + BEGIN + ONE + b"theirs\n",
    "ends in line 3 and does not begin": b"above\n" + ONE + END,
    "begins 2 times, in lines 2, 6": WHOLE + WHOLE.removeprefix(b"above\n"),
    "ends 2 times, in lines 5, 6": WHOLE + END,
    "begins after that, in line 3": b"above\n" + END + BEGIN,
    "lines 2 to 5 were changed by hand": WHOLE.replace(b"\n1 *", b"\n5 *"),
    "lines 2 to 4 were changed by hand": WHOLE.replace(TWO, b""),
    "something else is in line 4": WHOLE.replace(TWO, b"theirs\n" + TWO),
    "something else is in line 3": WHOLE.replace(ONE, ONE.replace(b" j_1", b"")),
    "line 1 of ours outside": ONE + BEGIN + ONE + TWO + END,
    "without it, lines 2, 3 of ours": b"above\n" + ONE + TWO,
}


@pytest.mark.parametrize("words", DAMAGED)
def test_a_damaged_block_is_refused_with_its_lines(words: str) -> None:
    with pytest.raises(SchedulerUnusable) as caught:
        put(DAMAGED[words], 3)
    assert words in caught.value.message
    assert "schedule --apply" in caught.value.hint


@pytest.mark.parametrize("words", DAMAGED)
def test_mending_a_damaged_block_keeps_each_line_of_others(words: str) -> None:
    damaged = DAMAGED[words]
    mended = put(damaged, 3, mend=True)
    assert read(mended, NAME).trouble == ""
    assert read(mended, NAME).jobs == [job(3)]
    foreign = b"".join(
        line
        for line in damaged.splitlines(keepends=True)
        if b"analytics-sync:1a2b3c4d " not in line
    )
    assert put(mended) == foreign
    assert put(damaged, mend=True) == foreign


def test_line_ends_of_another_editor_are_damage_that_can_be_mended() -> None:
    damaged = WHOLE.replace(b"\n", b"\r\n")
    assert read(damaged, NAME).trouble == "lines 2 to 5 were changed by hand"
    mended = put(damaged, 1, mend=True)
    assert mended is not None
    assert mended.startswith(b"above\r\n# BEGIN")
    assert b"j_1\n" in mended


def test_a_change_is_carried_over_to_what_others_made_meanwhile() -> None:
    before, after = b"a\n", put(b"a\n", 1)
    assert carried(b"a\nb\n", before, after, NAME, HOME) == put(b"a\nb\n", 1)
    now = put(b"b\n", 1)
    assert carried(now, after, before, NAME, HOME) == b"b\n"
    with pytest.raises(SchedulerUnusable, match="changed by somebody else"):
        carried(put(b"b\n", 2), before, after, NAME, HOME)
    with pytest.raises(SchedulerUnusable, match="changed by somebody else"):
        carried(b"b\n", put(b"a\n", 1), put(b"a\n", 2), NAME, HOME)


def test_ten_thousand_lines_stay() -> None:
    content = b"".join(b"%d 0 * * * something\n" % (number % 60) for number in range(10_000))
    assert put(put(content, 1)) == content


# Bytes of all kinds, and such that come close to being ours.
pieces = st.one_of(
    st.binary(max_size=12),
    st.sampled_from(
        [
            b"\n",
            b"\r\n",
            b"# BEGIN analytics-sync:1a2b3c4e /x\n",
            b" # BEGIN analytics-sync:1a2b3c4d /x\n",
            b"# END analytics-sync:99999999 00000000\n",
            b"* * * * * x # analytics-sync:1a2b3c4d\n",
            b"* * * * * x # analytics-sync:1a2b3c4d a-b\n",
            b"# analytics-sync:1a2b3c4d job and more\n",
            b"# analytics-sync:99999999 job",
            put(None, 1, name=OTHER) or b"",
            put(b"x", 1, name=OTHER) or b"",
        ]
    ),
)
foreign = st.none() | st.lists(pieces, max_size=8).map(b"".join)
steps = st.lists(st.lists(st.integers(0, 9), max_size=3), min_size=1, max_size=6)


def unchanged(before: bytes | None, after: bytes, changes: list[list[int]]) -> None:
    """Any sequence of changes leaves the bytes around our block as they were, and at the end too."""
    content = put(before, 0)
    assert content is not None
    head = content[: content.index(b"# BEGIN analytics-sync:1a2b3c4d ")]
    if not content.startswith(b"# BEGIN analytics-sync:1a2b3c4d "):
        head = content[: content.index(b"\n# BEGIN analytics-sync:1a2b3c4d ") + 1]
    assert head in (before or b"", (before or b"") + b"\n")
    content += after
    for numbers in filter(None, changes):
        content = put(content, *numbers)
        assert content is not None
        assert content.startswith(head + b"# BEGIN")
        assert content.endswith(after)
        middle = content.removeprefix(head)[: len(content) - len(head) - len(after)]
        assert middle.splitlines(keepends=True)[1:-1] == list(map(job, numbers))
    expected = (before or b"") + after if after == b"" or head == before else head + after
    assert put(content) == (None if before is None and not after else expected)


@settings(max_examples=200, deadline=None)
@given(foreign, foreign.map(lambda some: some or b""), steps)
def test_all_other_bytes_stay_through_any_changes(
    before: bytes | None, after: bytes, changes: list[list[int]]
) -> None:
    unchanged(before, after, changes)


@pytest.mark.slow
@settings(max_examples=8000, deadline=None)
@given(foreign, foreign.map(lambda some: some or b""), steps)
def test_all_other_bytes_stay_in_many_more_cases(
    before: bytes | None, after: bytes, changes: list[list[int]]
) -> None:
    unchanged(before, after, changes)
