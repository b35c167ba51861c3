"""LinkedIn's names of things: which URNs are taken, and where the right one is found."""

import re
from datetime import UTC, datetime
from typing import Final
from urllib.parse import unquote, urlsplit

from analytics_sync.clock import from_milliseconds
from analytics_sync.platforms._linkedin.kinds import ACCOUNT_ID_FORM, is_person

SHARE: Final = "share"
UGC_POST: Final = "ugcPost"

_NUMBER = "[1-9][0-9]{0,18}"
_POST = re.compile(f"urn:li:(share|ugcPost):({_NUMBER})")
_ORGANIZATION = re.compile(f"urn:li:(?:organization|organizationBrand):{_NUMBER}")
_URN_IN_PATH = re.compile(f"urn:li:([A-Za-z]+):({_NUMBER})")
# /posts/acme_some-words-activity-7123456789012345678-AbCd: the words may hold numbers too.
_SLUG_IN_PATH = re.compile("-(share|ugcPost|activity)-([1-9][0-9]{14,18})(?![0-9])")
_COMPANY_PATH = re.compile(f"/(?:company|showcase|school)/({_NUMBER})(?:/|$)")

# The high bits of a post's number are its time in milliseconds; small old numbers are not.
_TIME_SHIFT: Final = 22
_FIRST_TIMED: Final = datetime(2010, 1, 1, tzinfo=UTC)

_POST_ID_FORM = "the full URN, urn:li:share:<number> or urn:li:ugcPost:<number>"
_WHERE_FOUND = (
    "It is in the header x-restli-id of the answer that published the post; a page's posts are "
    "also found without it: analytics-sync post discover"
)


def account_urn(text: str) -> str:
    """An account id in its stored form.

    :raises ValueError: with words that say what form is wanted.
    """
    plain = unquote(text.strip())
    if _ORGANIZATION.fullmatch(plain) or is_person(plain):
        return plain
    if re.fullmatch(_NUMBER, plain):
        raise ValueError(
            f"{plain} does not say what it is the number of. A LinkedIn account id is "
            f"{ACCOUNT_ID_FORM}. Is urn:li:organization:{plain} meant?"
        )
    path = _linkedin_path(plain)
    if path is not None and (company := _COMPANY_PATH.match(path)):
        return f"urn:li:organization:{company[1]}"
    if path is not None:
        raise ValueError(
            f"{_short(text)} does not hold an account id. It is {ACCOUNT_ID_FORM}; a page's number "
            "is in the address of its administrators' view, /company/<number>/admin"
        )
    raise ValueError(f"{_short(text)} is not a LinkedIn account id. It is {ACCOUNT_ID_FORM}")


def post_urn(text: str) -> str:
    """A post id in its stored form, from a URN or a web address.

    :raises ValueError: an activity, a bare number or something else; says where the id is found.
    """
    plain = unquote(text.strip())
    if _POST.fullmatch(plain):
        return plain
    if re.fullmatch("[0-9]+", plain):
        raise ValueError(
            f"{plain} does not say whether it is a share or a ugcPost, and these are different "
            f"posts. A LinkedIn post id is {_POST_ID_FORM}. {_WHERE_FOUND}"
        )
    kind, number = _post_in(_linkedin_path(plain) or plain)
    if kind == "activity":
        raise ValueError(
            f"{_short(text)} is an activity id, as web addresses show it. LinkedIn gives no numbers "
            f"for it, and the post's own id has another number: {_POST_ID_FORM}. {_WHERE_FOUND}"
        )
    if kind in {SHARE, UGC_POST}:
        return f"urn:li:{kind}:{number}"
    raise ValueError(f"{_short(text)} is not a LinkedIn post id. It is {_POST_ID_FORM}")


def post_type(urn: str) -> str | None:
    """`share` or `ugcPost`; None when it is neither and LinkedIn would refuse it."""
    found = _POST.fullmatch(urn)
    return found[1] if found else None


def published_at(urn: str) -> datetime | None:
    """When a post was made, as its number tells; None for numbers that hold no time."""
    found = _POST.fullmatch(urn)
    if found is None:
        return None
    moment = from_milliseconds(int(found[2]) >> _TIME_SHIFT)
    return moment if moment >= _FIRST_TIMED else None


def permalink(urn: str) -> str:
    return f"https://www.linkedin.com/feed/update/{urn}/"


def _linkedin_path(text: str) -> str | None:
    """The path of a web address of linkedin.com; None for everything else."""
    if "linkedin.com/" not in text:
        return None
    try:
        address = urlsplit(text if "://" in text else f"https://{text}")
    except ValueError:
        return None
    host = (address.hostname or "").lower()
    ours = host == "linkedin.com" or host.endswith(".linkedin.com")
    return address.path if ours else None


def _post_in(text: str) -> tuple[str, str]:
    """The kind and number that a URN or the last part of an address tells; empty if none."""
    found = _URN_IN_PATH.search(text)
    if found is None:
        found = next(reversed(list(_SLUG_IN_PATH.finditer(text))), None)
    return (found[1], found[2]) if found else ("", "")


def _short(text: str) -> str:
    return repr(text if len(text) <= 100 else f"{text[:100]}...")
