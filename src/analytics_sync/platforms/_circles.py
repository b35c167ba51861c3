"""Notices a listing that goes in a circle, so that no answer can keep a run from its end."""

from collections.abc import Hashable, Iterable

from analytics_sync.errors import AnswerNotUnderstood

# A page may be empty, or repeat what was published meanwhile, with more to come.
PATIENCE = 10


class Pages:
    """What the pages of one listing have brought so far."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._positions: set[Hashable] = set()
        self._ids: set[Hashable] = set()
        self._barren = 0

    def check(self, ids: Iterable[Hashable], following: Hashable) -> None:
        """After each page that says there is another: its rows' ids, and where the next begins.

        :raises AnswerNotUnderstood: a position came twice, or nothing new came for ten pages.
        """
        brought = set(ids) - self._ids
        self._ids |= brought
        self._barren = 0 if brought else self._barren + 1
        if following in self._positions or self._barren >= PATIENCE:
            raise AnswerNotUnderstood(
                f"{self._label}: the listing goes in a circle",
                hint="What it brought is kept; tried again next run.",
            )
        self._positions.add(following)
