"""What needs a person in how an installation is kept: a copy of it, and a key half rotated."""

from collections.abc import Iterator
from pathlib import Path

from analytics_sync.domain.key_mark import ROTATING
from analytics_sync.schedule.attention import Attention
from analytics_sync.store.light import Rows
from analytics_sync.store.residence import other_home


def of_residence(rows: Rows, url: str) -> Iterator[Attention]:
    original = other_home(rows, url)
    if original is not None:
        yield Attention(
            "copied",
            f"This installation is a copy of the one in {original}: it syncs nothing. Stop that one"
            " before you take over",
            None,
            "analytics-sync db takeover",
        )


def of_key(key_file: Path) -> Iterator[Attention]:
    if _is_rotating(key_file):
        yield Attention(
            "key_rotation",
            f"The rotation of the key in {key_file} was broken off; the old key still works, too",
            None,
            "analytics-sync key rotate",
        )


def _is_rotating(key_file: Path) -> bool:
    """Without the vault, which takes longer to load than to ask."""
    try:
        return ROTATING in key_file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
