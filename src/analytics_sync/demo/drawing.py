"""Draws the demo on standard output, as it goes on and at its end."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from analytics_sync.demo.audience import Bars
from analytics_sync.demo.names import AGAIN, DUE, FIRST, LAST, RANKED_BY, SHOWN
from analytics_sync.report.tables import Look, growing_table, posts_table, totals_table

if TYPE_CHECKING:
    from analytics_sync.demo.facts import Facts
    from analytics_sync.demo.runs import Run
    from analytics_sync.sync.progress import Progress

KINDS: Final = {FIRST: "first, all", DUE: "due posts", AGAIN: "one account", LAST: "all posts"}
OUTCOMES: Final = {"rate_limited": "rate limited", "credential_refused": "token refused"}
COLUMNS: Final = ("UTC", "sync", "read", "changed", "new", "requests", "outcome")


class Drawing:
    """An audience that prints what it hears and sees. `bars`: what draws one sync's progress."""

    def __init__(self, console: Console, look: Look, bars: Bars) -> None:
        self._console = console
        self._look = look
        self._bars = bars
        self._seen = 0

    def begin(self, home: Path, *, kept: bool) -> None:
        dot = self._look.glyphs.dot
        self._print(
            Text.assemble(
                ("analytics-sync demo", "bold cyan"),
                f" {dot} made-up businesses, real HTTP, nothing leaves this machine",
            )
        )
        self._print()
        self.hear(f"Home: {home}" if kept else "Home: a temporary folder; --keep DIR keeps it")

    def hear(self, text: str) -> None:
        self._print(Text(self._look.glyphs.plain(text)), soft_wrap=True)

    def see(self, run: "Run") -> None:
        if not self._seen:
            self._print()
            self._print(Text(_line(COLUMNS), "bold"), soft_wrap=True)
        self._seen += 1
        record = run.record
        counts = (
            run.posts_read,
            record.total("snapshots"),
            record.total("discovered"),
            run.arrived,
        )
        cells = (f"{record.started_at:%a %H:%M}", KINDS[run.kind], *(f"{n:,}" for n in counts), "")
        style = "green" if record.outcome == "complete" else "yellow"
        self._print(Text.assemble(_line(cells), (_outcome(run), style)), soft_wrap=True)

    def progress(self) -> "AbstractContextManager[Progress | None]":
        return self._bars()

    def show(self, facts: "Facts", seconds: float) -> None:
        """Everything that came of the day, which took so many seconds to tell."""
        look = self._look
        self._heading(f"After a day: {facts.posts:,} posts of {facts.accounts} accounts")
        self._print(totals_table(facts.totals, SHOWN, look))
        self._heading(f"Growing fastest, by {RANKED_BY}")
        self._print(growing_table(facts.grown, facts.samples, RANKED_BY, facts.until, look))
        self._heading(f"New posts found: {len(facts.found)}")
        self._print(posts_table(facts.found, facts.values, RANKED_BY, look))
        self._heading("What went wrong, and what became of it")
        for one in facts.handled:
            self._entry(one.title, one.story)
        self._heading("What it took")
        for title, story in _costs(facts, seconds):
            self._entry(title, story)

    def end(self, heading: str, commands: Sequence[str], remark: str) -> None:
        """The commands to type next; they are never wrapped, so that they can be copied."""
        self._heading(heading)
        for command in commands:
            self._print(Text(f"  {command}", "bold"), soft_wrap=True)
        self._print(Text(remark, "dim"))

    def _heading(self, text: str) -> None:
        self._print()
        self._print(Text(self._look.glyphs.plain(text), "bold cyan"))

    def _entry(self, title: str, story: str) -> None:
        """A title with its sentences beside it."""
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(width=16)
        grid.add_column(overflow="fold")
        grid.add_row(Text(title, "bold"), Text(self._look.glyphs.plain(story)))
        self._print(grid)

    def _print(self, what: Text | Table | None = None, *, soft_wrap: bool = False) -> None:
        shown = what if what is not None else ""
        self._console.print(shown, width=self._look.width, soft_wrap=soft_wrap)


def _line(cells: Sequence[str]) -> str:
    time, sync, read, changed, new, requests, outcome = cells
    return f"{time:<9}  {sync:<11}{read:>6}{changed:>9}{new:>5}{requests:>10}  {outcome}"


def _outcome(run: "Run") -> str:
    """The run's outcome, or what was not as usual in it."""
    ends = [one.outcome for one in run.record.accounts if one.outcome != "ok"]
    notes = [OUTCOMES.get(end, end) for end in ends]
    failed = run.record.total("failed")
    if failed:
        notes.append(f"{failed} not found")
    return ", ".join(notes) or run.record.outcome


def _costs(facts: "Facts", seconds: float) -> list[tuple[str, str]]:
    requests, check = facts.requests, facts.check
    times = requests.posts_read / max(1, requests.sent)
    took = (
        f"{requests.sent:,} requests, counted by the simulator, with all listings, followers, "
        f"failures and retries. They read posts {requests.posts_read:,} times. One by one that is "
        f"at least one request each: {requests.posts_read:,}, or {times:.1f} times as many. (Limits "
        f"see {requests.calls:,} calls: Meta counts each part of a batch.)"
    )
    bill = (
        f"{requests.x_charged:,} posts at ${requests.x_price:g}: "
        f"${requests.x_charged * requests.x_price:,.2f}. X charges a post once a UTC day."
    )
    checked = (
        f"{check.numbers:,} stored numbers of {check.posts:,} posts were compared with the "
        f"platforms' own at the end of the day: {check.differing:,} differ."
    )
    time = f"{len(facts.runs)} syncs and a simulated day in {seconds:.1f} s."
    return [("Requests", took), ("X's bill", bill), ("Check", checked), ("Time", time)]
