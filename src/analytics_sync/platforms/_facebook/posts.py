"""Facebook's post ids and web addresses, and what listings and nodes say of a post."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import SplitResult, parse_qs, urlsplit

from analytics_sync.domain.records import FoundPost
from analytics_sync.platforms._graph.requests import graph_time, rows_of

# Meta docs: Page Feed, Post. The nested list is needed to tell an album from one photo.
POST_FIELDS: Final = (
    "id,created_time,message,permalink_url,status_type,attachments{media_type,type,subattachments}"
)
# Meta docs: Video. `post_id` fails on a plain post.
VIDEO_FIELDS: Final = ("id", "created_time", "description", "permalink_url", "post_id")
REEL_FIELDS: Final = ("id", "created_time", "description", "permalink_url")

_FULL_ID = re.compile(r"[0-9]{1,25}_[0-9]{1,25}")
_BARE_ID = re.compile(r"[0-9]{1,25}")
_ID = re.compile(rf"{_FULL_ID.pattern}|{_BARE_ID.pattern}")
_HOSTS = re.compile(r"(?:[a-z-]+\.)?(?:facebook|fb)\.(?:com|watch|me)")
_EDGES: Final = frozenset(["posts", "videos", "reel", "reels", "photos", "permalink"])

_FORM = (
    "a Facebook post id is digits (900) or Page id and post id (1110001_900), "
    "or the web address of the post with such a number in it"
)
_NO_NUMBER = (
    "this address holds no post id that the Graph API takes (pfbid, share and fb.watch addresses "
    "are made for browsers). Run `analytics-sync post discover`, or take the id from Meta Business "
    "Suite: Content, Export data, column Post ID"
)

_ATTACHED: Final = {"photo": "photo", "video": "video", "link": "link", "album": "album"}
_STATUS: Final = {
    "added_photos": "photo",
    "added_video": "video",
    "shared_story": "link",
    "mobile_status_update": "text",
    "wall_post": "text",
}


def is_full(post_id: str) -> bool:
    """`{page}_{post}`: the form of a post. Videos, Reels and photos have bare ids of their own."""
    return _FULL_ID.fullmatch(post_id) is not None


def parse_post_id(text: str, page_id: str | None) -> str:
    """`{page}_{post}` or a bare id, from either or from a web address.

    :raises ValueError: with the forms that are taken.
    """
    wanted = text.strip()
    if _FULL_ID.fullmatch(wanted) or _BARE_ID.fullmatch(wanted):
        return wanted
    address = urlsplit(wanted if "//" in wanted else f"https://{wanted}")
    if not _HOSTS.fullmatch((address.hostname or "").lower()):
        raise ValueError(_NO_NUMBER if "pfbid" in wanted else f"{text!r}: {_FORM}")
    found = _from_query(address, page_id) or _from_path(address, page_id)
    if found is None:
        raise ValueError(f"{text!r}: {_NO_NUMBER}")
    return found


def _from_query(address: SplitResult, page_id: str | None) -> str | None:
    """permalink.php?story_fbid=900&id=1110001, watch/?v=900, photo/?fbid=900."""
    query = {name: values[0] for name, values in parse_qs(address.query).items()}
    story = query.get("story_fbid") or query.get("v") or query.get("fbid") or ""
    return _joined(query.get("id", ""), story, page_id) if _BARE_ID.fullmatch(story) else None


def _from_path(address: SplitResult, page_id: str | None) -> str | None:
    """/1110001/posts/900, /acme/videos/some-title/900/, /reel/900."""
    parts = [part for part in address.path.split("/") if part]
    last = parts[-1] if parts else ""
    if _FULL_ID.fullmatch(last):
        return last
    if not (_BARE_ID.fullmatch(last) and _EDGES.intersection(parts[:-1])):
        return None
    return _joined(parts[0], last, page_id) if parts[1:2] == ["posts"] else last


def _joined(owner: str, post: str, page_id: str | None) -> str:
    """The full form, where the address names the Page by the id that the account has.

    New Pages have a second id for their profile, which makes no post id.
    """
    known = _BARE_ID.fullmatch(owner) and page_id in {None, "", owner}
    return f"{owner}_{post}" if known else post


def found_post(row: Mapping[str, Any]) -> FoundPost | None:
    """A post from a listing or its own node; None when id or time are missing."""
    post_id, published = row.get("id"), graph_time(row.get("created_time"))
    if not isinstance(post_id, str) or not _ID.fullmatch(post_id) or published is None:
        return None
    return FoundPost(
        platform_post_id=post_id,
        published_at=published,
        kind=kind_of(row),
        text=_text(row.get("message")),
        permalink=_permalink(row.get("permalink_url")),
    )


def found_video(row: Mapping[str, Any], kind: str | None = None) -> FoundPost | None:
    """A Reel or a bare video; None when id or time are missing."""
    post_id, published = row.get("id"), graph_time(row.get("created_time"))
    if not isinstance(post_id, str) or published is None:
        return None
    permalink = _permalink(row.get("permalink_url"))
    return FoundPost(
        platform_post_id=post_id,
        published_at=published,
        kind=kind or _video_kind(permalink),
        text=_text(row.get("description")),
        permalink=permalink,
    )


def kind_of(row: Mapping[str, Any]) -> str | None:
    """By the first attachment; several children are a carousel, no attachment is text."""
    attachments = row.get("attachments")
    attached = rows_of(attachments) if isinstance(attachments, dict) else []
    if not attached:
        return kind_of_status(row.get("status_type")) or "text"
    children = attached[0].get("subattachments")
    if isinstance(children, dict) and len(rows_of(children)) > 1:
        return "carousel"
    return _ATTACHED.get(str(attached[0].get("media_type")))


def kind_of_status(status_type: Any) -> str | None:
    """What `status_type` tells of a post's kind, where it tells."""
    return _STATUS.get(status_type) if isinstance(status_type, str) else None


def _video_kind(permalink: str | None) -> str | None:
    if permalink is None:
        return None
    return "reel" if "/reel/" in permalink else "video"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _permalink(value: Any) -> str | None:
    """Video nodes give addresses without the host."""
    if not isinstance(value, str) or not value:
        return None
    return f"https://www.facebook.com{value}" if value.startswith("/") else value
