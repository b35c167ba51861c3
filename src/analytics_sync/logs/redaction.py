"""Takes secrets out of text: those that it was told of, and whatever looks like one."""

import re
from functools import cache
from typing import Final
from urllib.parse import quote, quote_plus

MARK: Final = "[redacted]"
# Shorter ones would tear holes into ordinary words and numbers.
SHORTEST: Final = 6

_NAMES: Final = (
    r"(?:access_?token|refresh_?token|exchange_token|input_token|id_token|oauth_token(?:_secret)?"
    # Not "a fresh token: do this", which is our own advice.
    r"|\btoken(?!\s*:\s*[^\s\"'])"
    r"|(?:client|consumer|app|token)_?secret|appsecret_proof|code_verifier|client_assertion"
    r"|oauth_signature(?!_method)|oauth_verifier|passphrase"
    r"|password|passwd|api_?key|analytics_sync_key)"
)
_OPEN: Final = r"(?:\\*[\"']|%22)?"
_EQUALS: Final = rf"{_OPEN}\s*(?:[:=]|%3A|%3D)\s*"
_AUTHORIZATION: Final = (
    r"authorization[\"']?\s*[:=]\s*(?:b?[\"'])?(?:(?:bearer|basic|oauth|token)\s+)?+"
)
# Nor the dots of a form that we show.
_UNMARKED: Final = r"(?!\[redacted\]|\.\.\.[\"'])"

# Of an answer to a log-in, in an address or a form: ordinary words elsewhere ("state=active").
_ANSWER: Final = r"(?<=[?&#])(code|state|code_challenge)(=|%3D)"
# Known secrets at least so long are taken out of answers too, of which shorter ones may be a part.
CERTAIN: Final = 16

_known: set[str] = set()


def redact(secret: str) -> None:
    """Keep this text out of everything logged from now on, also as it stands in an address."""
    bare = secret.strip()
    if len(bare) >= SHORTEST:
        # What a person pasted may hold bytes that are no text.
        _known.update((bare, quote(bare, "", errors="replace"), quote_plus(bare, errors="replace")))


def redacted(text: str) -> str:
    """The text with each secret replaced by `[redacted]`.

    Found are the secrets given to `redact`, values named `access_token`, `client_secret` and the
    like, Bearer and Basic headers, passwords in addresses, and the shapes of Fernet keys and
    ciphertexts, of signed web tokens and of the platforms' own tokens. A word too many is taken
    rather than one too few.
    """
    # A copy in one step, as other threads may add to the set.
    met = [secret for secret in list(_known) if secret in text]
    for secret in sorted(met, key=len, reverse=True):
        text = text.replace(secret, MARK)
    for pattern, replacement in _patterns():
        text = pattern.sub(replacement, text)
    return text


def concealed(text: str) -> str:
    """The text without the secrets given to `redact`, but for short ones; nothing else is touched.

    For what programs read, where a word too many must not be taken.
    """
    for secret in [one for one in list(_known) if len(one) >= CERTAIN and one in text]:
        text = text.replace(secret, MARK)
    return text


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Compiled at the first use: most commands of a healthy installation log nothing."""
    return tuple(
        (re.compile(pattern), replacement)
        for pattern, replacement in (
            # https://user:password@host
            (rf"(://[^\s/:@]*:){_UNMARKED}[^\s/]+@", rf"\1{MARK}@"),
            # "access_token": "…", 'client_secret': b'…'
            (
                rf"(?i)({_NAMES}{_EQUALS}b?)([\"']){_UNMARKED}(?:\\.|(?!\2)[^\\\n])*",
                rf"\1\2{MARK}",
            ),
            # access_token=…, access_token%3D…, \"access_token\":\"…\"
            (rf"(?i)({_NAMES}{_EQUALS}{_OPEN}){_UNMARKED}[^\s\"'&<>\\]+", rf"\1{MARK}"),
            # Location: https://…/callback?state=…&code=…
            (rf"{_ANSWER}{_UNMARKED}[^\s\"'&<>\\]{{6,}}", rf"\1\2{MARK}"),
            (rf"(?i)({_AUTHORIZATION}){_UNMARKED}[^\s\"',]+", rf"\1{MARK}"),
            (rf"(?i)\b(bearer(?:\s+|%20)){_UNMARKED}[^\s\"'&<>\\]+", rf"\1{MARK}"),
            (r"\b(Basic\s+)[A-Za-z0-9+/_-]{16,}={0,2}", rf"\1{MARK}"),
            # Fernet: ciphertext, key. Signed web tokens. Meta's, LinkedIn's.
            (r"\bgAAAA[A-Za-z0-9_-]{20,}={0,2}", MARK),
            (r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}=(?![A-Za-z0-9])", MARK),
            (r"\beyJ[A-Za-z0-9_.-]{20,}", MARK),
            (r"\b(?:EAA|IGAA|IGQ)[A-Za-z0-9_-]{20,}", MARK),
            (r"\bAQ[A-Za-z0-9_-]{40,}", MARK),
        )
    )
