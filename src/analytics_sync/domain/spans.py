"""Spans of time as people write them: `90m`, `24h`, `1d12h`."""

import re
from datetime import timedelta
from typing import Final

SECONDS: Final = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
LONGEST: Final = timedelta(days=36_500)
FORM: Final = "a span such as 90m, 24h or 1d12h"
PATTERN: Final = r"\s*" + "".join(
    rf"(?:(?P<{unit}>[0-9]{{1,10}})\s*{unit}\s*)?" for unit in SECONDS
)


def parse_span(text: str) -> timedelta:
    """The span that a text such as `90m`, `24h`, `1d12h` or `1h 30m` says.

    Units are `w`, `d`, `h`, `m` and `s`, largest first, each at most once. A bare number is
    refused, because it leaves the unit to be guessed.

    :raises ValueError: with words that say what is wrong.
    """
    match = re.fullmatch(PATTERN, text)
    counts = {unit: int(said) for unit, said in match.groupdict("0").items()} if match else {}
    if match is None or not any(match.groups()):
        raise ValueError(f"{text!r} is not {FORM}")
    seconds = sum(count * SECONDS[unit] for unit, count in counts.items())
    if seconds > LONGEST.total_seconds():
        raise ValueError(f"{text!r} is longer than 100 years")
    return timedelta(seconds=seconds)


def format_span(span: timedelta) -> str:
    """The shortest text that `parse_span` reads as this span: `1d12h`, `10m`, `0s`.

    Fractions of a second are dropped. Weeks are written as days.

    :raises ValueError: the span is negative.
    """
    rest = span // timedelta(seconds=1)
    if rest < 0:
        raise ValueError(f"a span can't be negative: {span}")
    text = ""
    for unit in "dhms":
        count, rest = divmod(rest, SECONDS[unit])
        text += f"{count}{unit}" if count else ""
    return text or "0s"
