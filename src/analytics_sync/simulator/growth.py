"""Made-up numbers: what each metric of a post is at an instant, from the seed alone."""

import hashlib
import math
from datetime import datetime, timedelta
from functools import lru_cache

# What a post of size 1 reaches in the end. Platforms name their own metrics after these.
FINAL = {
    "impressions": 4000.0,
    "reach": 2600.0,
    "likes": 120.0,
    "comments": 14.0,
    "shares": 9.0,
    "quotes": 3.0,
    "saves": 11.0,
    "clicks": 60.0,
    "profile_visits": 20.0,
    "follows": 5.0,
    "video_views": 900.0,
    "watch_time_ms": 4_200_000.0,
}
# People take these back, so they sometimes fall.
FALLING = frozenset({"likes", "comments", "saves", "shares"})
STEP = timedelta(minutes=10)


def fraction(*parts: object) -> float:
    """A number in [0, 1) that depends on `parts` alone."""
    return _fraction("|".join(map(str, parts)))


@lru_cache(maxsize=2**15)
def _fraction(text: str) -> float:
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def grown(
    seed: int, post: str, metric: str, *, size: float, published: datetime, now: datetime
) -> int:
    """The value of `metric` at `now`: quick at first, then slower; 0 before publishing.

    Constant within each step of ten minutes, so that two readings at one instant agree. Metrics
    that people can take back lose a little now and then.
    """
    if now <= published:
        return 0
    age = ((now - published) // STEP) * STEP
    days = age / timedelta(days=1)
    pace = 1.2 + 2.5 * fraction(seed, post, "pace")
    final = FINAL[metric] * size * (0.4 + 1.2 * fraction(seed, post, metric))
    value = final * (1 - math.exp(-days / pace)) + final * 0.002 * days
    if metric in FALLING and fraction(seed, post, metric, int(days * 8)) < 0.15:
        value *= 0.97
    return int(value)
