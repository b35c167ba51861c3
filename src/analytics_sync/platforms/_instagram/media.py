"""Instagram's media: their kinds, and what listings and nodes say of them."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from analytics_sync.domain.records import FoundPost
from analytics_sync.platforms._graph.requests import graph_time

# Meta docs: IG Media. Counts are not asked for here: a listing leaves likes out where they are
# hidden, and insights tell both.
MEDIA_FIELDS: Final = "id,media_type,media_product_type,timestamp,permalink,caption"
KIND_FIELDS: Final = "id,media_type,media_product_type"

FEED: Final = "FEED"
REELS: Final = "REELS"
STORY: Final = "STORY"
AD: Final = "AD"

_KIND_OF_PRODUCT: Final = {REELS: "reel", STORY: "story"}
_KIND_OF_TYPE: Final = {"IMAGE": "image", "VIDEO": "video", "CAROUSEL_ALBUM": "carousel"}
_PRODUCT_OF_KIND: Final = {kind: product for product, kind in _KIND_OF_PRODUCT.items()}

_ID = re.compile(r"[1-9][0-9]{0,24}")
_HOSTS = re.compile(r"(?:[a-z-]+\.)*(?:instagram\.com|instagr\.am)")

_FORM: Final = "an Instagram post id is the media id of the Graph API, digits only (17900...)"
_NOT_IN_ADDRESS: Final = (
    "the short code in an Instagram address is not the id that the Graph API takes. Posts are "
    "found without it: run `analytics-sync post discover`, then `analytics-sync post list` shows "
    "each with its id and address"
)


def product_of(kind: str) -> str:
    """The media product type of a kind of post, by which metrics are chosen."""
    return _PRODUCT_OF_KIND.get(kind, FEED)


def product_said(node: Mapping[str, Any]) -> str | None:
    """The product type that a node tells; None when it tells none with metrics of its own."""
    product = node.get("media_product_type")
    return product if product in (FEED, REELS, STORY) else None


def kind_of(node: Mapping[str, Any]) -> str | None:
    """By the product type; pictures, videos and albums of the feed by their media type."""
    product, media_type = node.get("media_product_type"), node.get("media_type")
    if isinstance(product, str) and product in _KIND_OF_PRODUCT:
        return _KIND_OF_PRODUCT[product]
    return _KIND_OF_TYPE.get(media_type) if isinstance(media_type, str) else None


def is_ad(row: Mapping[str, Any]) -> bool:
    """Made for advertising only: never published on the profile."""
    return row.get("media_product_type") == AD


def found_media(row: Mapping[str, Any], kind: str | None = None) -> FoundPost | None:
    """A post from a listing or its own node; None when id or time are missing.

    `kind`: what all rows of this listing are.
    """
    post_id, published = row.get("id"), graph_time(row.get("timestamp"))
    if not isinstance(post_id, str) or not _ID.fullmatch(post_id) or published is None:
        return None
    return FoundPost(
        platform_post_id=post_id,
        published_at=published,
        kind=kind or kind_of(row),
        text=_text(row.get("caption")),
        permalink=_text(row.get("permalink")),
    )


def parse_account_id(text: str) -> str:
    """Digits, as they stand.

    :raises ValueError: with where the id is found.
    """
    wanted = text.strip()
    if not _ID.fullmatch(wanted):
        raise ValueError(
            f"{text!r}: an Instagram account id is digits only (17841...), not the user name; left "
            "out, the token is asked for it"
        )
    return wanted


def parse_post_id(text: str) -> str:
    """Digits, as they stand.

    :raises ValueError: with where the id is found.
    """
    wanted = text.strip()
    if _ID.fullmatch(wanted):
        return wanted
    address = urlsplit(wanted if "//" in wanted else f"https://{wanted}")
    is_address = _HOSTS.fullmatch((address.hostname or "").lower())
    raise ValueError(f"{text!r}: {_NOT_IN_ADDRESS if is_address else _FORM}")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
