"""What the Graph API's error bodies mean, judged by their codes (Meta docs: Handling Errors)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from analytics_sync.domain.metrics import as_count
from analytics_sync.errors import Refused
from analytics_sync.transport.call import Reply, read_json

TOKEN_DEAD: Final = frozenset([102, 190])
THROTTLED: Final = frozenset([4, 17, 32, 341, 613, *range(80000, 80015)])
BLOCKED: Final = 368
TRANSIENT: Final = frozenset([1, 2])
NOT_ALLOWED: Final = frozenset([3, 10, 1705, *range(200, 300)])
# Final whatever the HTTP status: the refusal of `ids=` comes as HTTP 500.
PERMANENT: Final = NOT_ALLOWED | {100, 104, 803, 2500, 3001}

# Refusals list all metrics that they know, so the whole text is kept and only shown shortened.
LONGEST_MESSAGE: Final = 4000
LONGEST_TOLD: Final = 400

_TOKENS = re.compile(r"\b(?:EAA|IGQ|IGAA|THAA)[A-Za-z0-9_-]{8,}")
_PARAMETERS = re.compile(r"(access_token|appsecret_proof|input_token|client_secret)=[^&\s\"']+")
_MISSING = "does not exist, cannot be loaded due to missing permissions"


@dataclass(frozen=True, slots=True)
class GraphError:
    """The `error` object of an answer. `code` and `subcode` are 0 when they were not said."""

    code: int
    subcode: int
    message: str
    transient: bool
    trace: str
    status: int

    @property
    def reason(self) -> str:
        """`code/subcode`, or the code alone."""
        return f"{self.code}/{self.subcode}" if self.subcode else str(self.code)

    @property
    def told(self) -> str:
        """The error in one line for people: its text, codes and Meta's trace id."""
        trace = f", trace {self.trace}" if self.trace else ""
        return f"{self.message[:LONGEST_TOLD] or 'no message'} (code {self.reason}{trace})"

    @property
    def wants_less(self) -> bool:
        """The answer would be too large: a smaller page or batch may pass."""
        return self.code == 1 and "reduce the amount of data" in self.message.lower()

    @property
    def blames_proof(self) -> bool:
        """The signature made with the app's secret is wrong or missing.

        Meta gives that no code of its own. An address repeated in a message does not count.
        """
        named = re.search(r"appsecret_proof\b(?!=)", self.message)
        return self.code == 104 or (self.code == 100 and named is not None)

    @classmethod
    def of(cls, error: Mapping[str, Any], status: int, secrets: tuple[str, ...]) -> Self:
        return cls(
            code=as_count(error.get("code")) or 0,
            subcode=as_count(error.get("error_subcode")) or 0,
            message=_readable(error, secrets),
            transient=error.get("is_transient") is True,
            trace=_word(error.get("fbtrace_id")),
            status=status,
        )


def graph_error(reply: Reply, secrets: tuple[str, ...] = ()) -> GraphError | None:
    """The Graph error in this answer, whatever its HTTP status; None when there is none.

    `secrets` are cut out of the message: Meta repeats tokens there.
    """
    if b'"error"' not in reply.body:
        return None
    try:
        body = read_json(reply.body)
    except (ValueError, RecursionError):
        return None
    error = body.get("error") if isinstance(body, dict) else None
    return GraphError.of(error, reply.status, secrets) if isinstance(error, dict) else None


def redacted(text: str, secrets: tuple[str, ...] = ()) -> str:
    """The text without these secrets and without anything that looks like a token."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "[removed]")
    return _PARAMETERS.sub(r"\1=[removed]", _TOKENS.sub("[removed]", text))


def _readable(error: Mapping[str, Any], secrets: tuple[str, ...]) -> str:
    """The message, with the longer words that some errors carry for the user."""
    parts = [error.get("message"), error.get("error_user_title"), error.get("error_user_msg")]
    texts = dict.fromkeys(part.strip() for part in parts if isinstance(part, str) and part.strip())
    return redacted(" - ".join(texts), secrets)[:LONGEST_MESSAGE]


def _word(value: Any) -> str:
    """A trace id, if it is one."""
    return value if isinstance(value, str) and re.fullmatch(r"[\w-]{1,64}", value) else ""


# What callers ask about a refusal.


def codes(refusal: Refused) -> tuple[int, int]:
    """The Graph code and subcode behind a refusal; zeros when it has none."""
    code, _, subcode = refusal.reason.partition("/")
    return as_count(code) or 0, as_count(subcode) or 0


def is_not_allowed(refusal: Refused) -> bool:
    """A permission or role is missing: the same call fails for the account's other objects too."""
    return codes(refusal)[0] in NOT_ALLOWED and not has_too_few_viewers(refusal)


def has_too_few_viewers(refusal: Refused) -> bool:
    """A story under five viewers. Meta gives it the code of a missing permission, so by its text."""
    return codes(refusal)[0] == 10 and "not enough viewers" in refusal.detail.lower()


def is_gone_or_hidden(refusal: Refused) -> bool:
    """Deleted, not visible to this token, or (seen) a limit in disguise: ambiguous by nature."""
    code, subcode = codes(refusal)
    return (
        (code, subcode) == (100, 33) or code == 803 or (code == 100 and _MISSING in refusal.detail)
    )


def is_before_conversion(refusal: Refused) -> bool:
    """Instagram: posted before the account became professional; final for this post."""
    return codes(refusal) == (100, 2108006)


def wants_less(refusal: Refused) -> bool:
    """The answer would be too large: halve the page or the batch and ask again."""
    return codes(refusal)[0] == 1


def field_missing(refusal: Refused) -> tuple[str, str] | None:
    """The field and the node type of "nonexisting field (insights) on node type (Video)"."""
    match = re.search(r"nonexisting field \((\w+)\) on node type \((\w+)\)", refusal.detail)
    return (match[1], match[2]) if match and codes(refusal)[0] == 100 else None
