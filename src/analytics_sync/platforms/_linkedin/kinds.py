"""The kinds of LinkedIn account, and what the ids of each look like."""

from typing import Final

ORGANIZATION: Final = "organization"
MEMBER: Final = "member"

ACCOUNT_ID_FORM: Final = (
    "the full URN: urn:li:organization:1000 for a page, urn:li:person:AbC12 for a member"
)
