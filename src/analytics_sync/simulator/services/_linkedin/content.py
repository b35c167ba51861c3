"""Makes up LinkedIn's accounts, posts and numbers, from the world's seed alone."""

import hashlib
import string
from datetime import datetime, timedelta

from analytics_sync.clock import from_milliseconds, to_milliseconds
from analytics_sync.simulator.growth import FINAL, fraction
from analytics_sync.simulator.world import SimulatedAccount, SimulatedPost

KINDS = ("text", "link", "image", "video", "document")
OLDEST = timedelta(days=120)
YOUNGEST = timedelta(hours=1)
# One post in eight is seen by nobody; one of a member's in nine has no figures at all.
_SILENT, _UNSAID, _EDITED = (8, 5), (9, 4), (6, 3)
_SUBJECTS = ("Our new workshop", "A day with the team", "Hiring", "What we learned", "Thank you")
_ALPHABET = string.ascii_letters + string.digits + "-_"


def make_post(seed: int, account: SimulatedAccount, published: datetime) -> SimulatedPost:
    """The account's next post. Its kind, type of URN and size follow from how many there are.

    Videos and documents are `ugcPost`, and so are some images; the rest are `share`. The upper
    bits of the number are the time of publishing in milliseconds, as on LinkedIn.
    """
    ordinal = len(account.posts)
    first = int(fraction(seed, account.id, "kind") * len(KINDS))
    kind = KINDS[(first + ordinal) % len(KINDS)]
    native = kind in {"video", "document"} or (kind == "image" and ordinal % 2 == 1)
    milliseconds = to_milliseconds(published)
    low_bits = int(fraction(seed, account.id, ordinal, "number") * 2**22)
    number = (milliseconds << 22) | low_bits
    urn_type = "ugcPost" if native else "share"
    return SimulatedPost(
        id=f"urn:li:{urn_type}:{number}",
        platform="linkedin",
        account_id=account.id,
        published_at=from_milliseconds(milliseconds),
        kind=kind,
        text=f"{_SUBJECTS[ordinal % len(_SUBJECTS)]} ({account.name}, {ordinal + 1})",
        size=0.2 + 1.8 * fraction(seed, account.id, ordinal, "size"),
    )


def fill(seed: int, account: SimulatedAccount, posts: int, now: datetime) -> list[SimulatedPost]:
    """That many posts from an hour to 120 days old, denser towards now, oldest first."""
    made = []
    for place in reversed(range(posts)):
        share = place / max(1, posts - 1)
        age = YOUNGEST * (OLDEST / YOUNGEST) ** share
        ordinal = len(account.posts)
        post = make_post(seed, account, now - age)
        if ordinal % _SILENT[0] == _SILENT[1]:
            post.fixed = dict.fromkeys(FINAL, 0)
        if account.kind == "member" and ordinal % _UNSAID[0] == _UNSAID[1]:
            post.facts["no_data"] = True
        if ordinal % _EDITED[0] == _EDITED[1]:
            post.facts["edited_at"] = post.published_at + age / 2
        account.posts[post.id] = post
        made.append(post)
    return made


def word(length: int, *parts: object) -> str:
    """A made-up identifier or token of letters, digits, `-` and `_`."""
    digest = hashlib.shake_256("|".join(map(str, parts)).encode()).digest(length)
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest)
