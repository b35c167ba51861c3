"""How a run tells its progress; the doors draw it."""

from typing import Protocol

from analytics_sync.domain.records import Account


class Progress(Protocol):
    """Called from the run's event loop; must not block."""

    def expect(self, account: Account, posts: int) -> None:
        """So many posts of this account are going to be read."""

    def advance(self, account: Account, posts: int) -> None:
        """So many of them have an answer."""

    def finish(self, account: Account) -> None:
        """Nothing more comes of this account."""


class NoProgress:
    """Draws nothing."""

    def expect(self, account: Account, posts: int) -> None:
        pass

    def advance(self, account: Account, posts: int) -> None:
        pass

    def finish(self, account: Account) -> None:
        pass
