"""The kinds of LinkedIn account, and what the ids of each look like."""

import re
from typing import Final

ORGANIZATION: Final = "organization"
MEMBER: Final = "member"

ACCOUNT_ID_FORM: Final = (
    "the full URN: urn:li:organization:1000 for a page, urn:li:person:AbC12 for a member"
)


def is_person(urn: str) -> bool:
    # Not compiled beforehand: every command loads this module, and few ask.
    return re.fullmatch("urn:li:person:[A-Za-z0-9_-]{1,100}", urn) is not None
