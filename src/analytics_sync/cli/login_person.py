"""How `account connect` talks with the person who logs in, beside its answer."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from analytics_sync.errors import WrongUsage

if TYPE_CHECKING:
    from analytics_sync.platforms._login import Login


def tell(text: str, end: str = "\n") -> None:
    """A line on standard error, where it is in nobody's way."""
    sys.stderr.write(text + end)
    sys.stderr.flush()


def has_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def show_address(address: str, *, browser: bool) -> None:
    """Print where to log in, and open it where there is a browser to see."""
    from analytics_sync.connect.browser import can_open, open_browser

    opened = browser and can_open(os.environ)
    tell("A browser opens this address; log in there:" if opened else "Log in at this address:")
    tell(f"\n  {address}\n")
    if opened:
        open_browser(address, os.environ)


def ask_answer(login: "Login", trouble: str) -> str | None:
    """What the person pastes; None at the end of the input."""
    seconds = int(login.code_lifetime.total_seconds())
    if trouble:
        tell(trouble)
    else:
        tell("In the end the browser is sent to an address that it may not be able to open.")
        tell("Copy that whole address, and paste it here (or the code and the state in it).")
        lives = f"{seconds} seconds" if seconds < 120 else f"{seconds // 60} minutes"
        tell(f"The code in it lives {lives}" + (": be quick." if seconds < 120 else "."))
    tell("Address: ", end="")
    line = sys.stdin.readline() if sys.stdin is not None else ""
    return line.strip() if line else None


def ask_one(what: str, labels: Sequence[str]) -> int:
    """The index of the one that a person picks."""
    for number, label in enumerate(labels, 1):
        tell(f"  {number}  {label}")
    return ask_numbers(f"{what} (a number)", len(labels), most=1)[0]


def ask_numbers(
    question: str, count: int, *, most: int | None = None, usual: str = ""
) -> list[int]:
    """The indexes that a person picks: `1,3-5` or `all`; asked until it is understood.

    :raises WrongUsage: the input ended.
    """
    while True:
        tell(f"{question}{f' [{usual}]' if usual else ''}: ", end="")
        line = sys.stdin.readline()
        if not line:
            raise WrongUsage("Nothing was chosen.", hint="Run the command again.")
        found = numbers(line.strip() or usual, count)
        if found and (most is None or len(found) <= most):
            return found
        tell(f"Numbers from 1 to {count}, please" + ("." if most else ', such as 1,3-5, or "all".'))


def numbers(text: str, count: int) -> list[int]:
    """Indexes from 0 of what `1,3-5` or `all` picks; empty where it is not understood."""
    if text.strip().lower() == "all":
        return list(range(count))
    found: dict[int, None] = {}
    for part in text.replace(" ", ",").split(","):
        first, dash, last = part.partition("-")
        if not part:
            continue
        if not (_is_number(first) and (not dash or _is_number(last))):
            return []
        for number in range(int(first), int(last if dash else first) + 1):
            if not 1 <= number <= count:
                return []
            found[number - 1] = None
    return list(found)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 6
