"""Numbers, times and posts as people read them."""

from datetime import datetime, timedelta

from analytics_sync.report.glyphs import Glyphs


def count(value: int | None, glyphs: Glyphs) -> str:
    """A number with its thousands parted; what is not known is a dash, never 0."""
    return glyphs.unknown if value is None else f"{value:,}"


def change(value: int | None, glyphs: Glyphs) -> str:
    """A difference with its sign."""
    return glyphs.unknown if value is None else f"{value:+,}" if value else "0"


def age(span: timedelta) -> str:
    """How old something is, in its largest unit: `35 min`, `7 h`, `12 d`."""
    minutes = span // timedelta(minutes=1)
    if minutes < 60:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h" if hours < 48 else f"{hours // 24} d"


def title(text: str | None, kind: str | None, published_at: datetime) -> str:
    """A post's text, or what else tells it apart: not every platform allows its text to be kept."""
    if text and text.strip():
        return text
    return f"({kind or 'post'} of {published_at:%d %b %H:%M})"
