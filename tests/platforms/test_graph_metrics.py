"""Insights rows, and the search for the metrics that spoil a call."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_sync.errors import Refused
from analytics_sync.platforms._graph.metrics import (
    MetricRefusal,
    culprits,
    flattened,
    metric_refusal,
    part_of,
    said_metrics,
    total_of,
)


def refused(message: str, reason: str = "100") -> Refused:
    return Refused(message, status=400, reason=reason, detail=message)


ASKED = ("views", "reach", "profile_visits", "follows")


@pytest.mark.parametrize(
    ("message", "retired", "names"),
    [
        ("(#100) The value must be a valid insights metric", True, ()),
        (
            "(#100) The Media Insights API does not support the profile_visits, follows metric.",
            False,
            ("profile_visits", "follows"),
        ),
        (
            "The Media Insights API does not support the reach metric for this media product type.",
            False,
            ("reach",),
        ),
        ("(#100) metric[2] must be one of the following values: views, reach, follows", True,
         ("profile_visits",)),
        ("metric[1] must be one of the following values: likes, saved", True, ("reach",)),
        ("Die Metrik follows wird nicht unterstützt", False, ("follows",)),
    ],
)  # fmt: skip
def test_refusals_of_metrics(message: str, retired: bool, names: tuple[str, ...]) -> None:
    assert metric_refusal(refused(message), ASKED) == MetricRefusal(retired, names)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("(#100) Tried accessing nonexisting field (views) on node type (Video)", "100"),
        ("(#10) views are not allowed", "10"),
        ("Invalid parameter", "100/2108006"),
        ("viewsomething", "100"),
    ],
)
def test_other_refusals(message: str, reason: str) -> None:
    assert metric_refusal(refused(message, reason), ASKED) is None


class Spoiled:
    """Answers a list of names with a refusal (True) when it holds a bad one."""

    def __init__(self, bad: frozenset[str]) -> None:
        self.bad = bad
        self.rounds: list[int] = []

    async def __call__(self, lists: Sequence[Sequence[str]]) -> Sequence[bool]:
        self.rounds.append(len(lists))
        return [bool(self.bad.intersection(names)) for names in lists]


@given(
    st.lists(st.integers(), unique=True, min_size=1, max_size=20),
    st.sampled_from([2, 3, 50]),
    st.data(),
)
def test_the_culprits_are_found_and_nobody_else(
    numbers: list[int], pieces: int, data: st.DataObject
) -> None:
    names = [f"m{number}" for number in numbers]
    bad = data.draw(st.frozensets(st.sampled_from(names), min_size=1))
    ask = Spoiled(bad)
    found = asyncio.run(culprits(names, ask, bool, pieces=pieces))
    assert found == tuple(name for name in names if name in bad)


def test_one_round_is_enough_where_one_batch_asks_all() -> None:
    ask = Spoiled(frozenset({"m3"}))
    asyncio.run(culprits([f"m{n}" for n in range(8)], ask, bool, pieces=50))
    assert ask.rounds == [8]


def test_halving_asks_little() -> None:
    ask = Spoiled(frozenset({"m3"}))
    asyncio.run(culprits([f"m{n}" for n in range(8)], ask, bool))
    assert ask.rounds == [2, 2, 2]


def test_a_single_name_needs_no_question() -> None:
    ask = Spoiled(frozenset())
    assert asyncio.run(culprits(["views"], ask, bool)) == ("views",)
    assert ask.rounds == []


def test_the_last_value_counts_and_other_periods_do_not() -> None:
    rows = [
        {"name": "a", "period": "lifetime", "values": [{"value": 1}, {"value": 2}]},
        {"name": "a", "period": "day", "values": [{"value": 99}]},
        {"name": "b", "values": [{"value": {"like": 3, "love": "4", "odd": None}}]},
        {"name": "c", "period": "lifetime", "values": [{"value": 5}], "total_value": {"value": 6}},
    ]
    said = said_metrics(rows)
    assert said == {"a": 2, "b": {"like": 3, "love": 4}, "c": 6}
    assert flattened(said) == {"a": 2, "b.like": 3, "b.love": 4, "c": 6}


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"name": "a"},
        {"name": "a", "values": []},
        {"name": "a", "values": [{}]},
        {"name": "a", "values": [{"value": None}]},
        {"name": "a", "values": [{"value": True}]},
        {"name": "a", "values": [{"value": "many"}]},
        {"name": "a", "values": {"value": 1}},
        {"name": 5, "values": [{"value": 1}]},
    ],
)
def test_what_is_not_a_number_is_not_said(row: dict[str, object]) -> None:
    assert said_metrics([row]) == {}


def test_objects_are_summed_and_taken_apart() -> None:
    assert total_of({"like": 20, "love": 9, "wow": 2}) == 31
    assert total_of({}) == 0
    assert total_of(7) == 7
    assert total_of(None) is None
    assert part_of({"COMMENT": 5}, "comment") == 5
    assert part_of({"SHARE": 5}, "COMMENT") is None
    assert part_of(3, "COMMENT") is None
