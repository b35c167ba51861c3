"""Names that the demo's parts share; nothing is loaded for them."""

from typing import Final

# Kinds of syncs: all posts, those that are due, one account too early, all posts again.
FIRST: Final = "first"
DUE: Final = "due"
AGAIN: Final = "again"
LAST: Final = "last"
# Canonical columns: those shown for each platform, and the one by which posts are ranked.
SHOWN: Final = ("impressions", "likes", "comments")
RANKED_BY: Final = "impressions"
