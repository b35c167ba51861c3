"""Progress bars on a terminal: one for each platform."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from analytics_sync.domain.records import Account


class Bars:
    """Draws on standard error while a run goes on, and leaves nothing behind."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<10}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def expect(self, account: Account, posts: int) -> None:
        task = self._task(account)
        total = self._progress.tasks[task].total or 0
        self._progress.update(task, total=total + posts)

    def advance(self, account: Account, posts: int) -> None:
        self._progress.advance(self._task(account), posts)

    def finish(self, account: Account) -> None:
        self._task(account)

    def _task(self, account: Account) -> TaskID:
        if account.platform not in self._tasks:
            self._tasks[account.platform] = self._progress.add_task(account.platform, total=0)
        return self._tasks[account.platform]
