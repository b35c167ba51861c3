"""One attempt to log in: its state and PKCE verifier, and how an answer to it is judged.

Sources: RFC 6749 (sections 4.1.1, 4.1.2 and 10.12), RFC 7636 (PKCE).
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from analytics_sync.domain.credentials import App
from analytics_sync.errors import AnalyticsSyncError, WrongUsage
from analytics_sync.logs import redact, redacted
from analytics_sync.platforms._login import Login
from analytics_sync.settings.declare import PlatformSettings

# Far more than a code or the words of a refusal.
LONGEST_ANSWER: Final = 16_384
LONGEST_WORDS: Final = 300
BRACKETED_PASTE: Final = ("\x1b[200~", "\x1b[201~")


class LoginEnded(AnalyticsSyncError):
    """Nobody logged in: the person said no, or the time for it is over."""

    code = "login_ended"


class AnotherState(WrongUsage):
    """An answer that does not belong to this attempt; the attempt goes on."""

    code = "state_wrong"


class NoAnswer(WrongUsage):
    """What came holds neither a code nor a refusal; the attempt goes on."""

    code = "answer_incomplete"


@dataclass(frozen=True, slots=True)
class Attempt:
    """`address`: where the person logs in; `redirect_uri`: where the answer comes back."""

    title: str
    redirect_uri: str
    address: str
    state: str = field(repr=False)
    verifier: str = field(repr=False)

    def code_of(self, answer: Mapping[str, str]) -> str:
        """The code in the parameters of an answer.

        :raises AnotherState: it belongs to another attempt, or somebody made it up.
        :raises NoAnswer: there is no code in it.
        :raises LoginEnded: the person or the platform said no.
        """
        code, error = answer.get("code", ""), answer.get("error", "")
        redact(code)
        if not code and not error:
            raise NoAnswer(
                "There is no code in this answer.",
                hint="Paste the whole address to which the browser was sent in the end.",
            )
        state = answer.get("state", "").encode(errors="replace")
        if not hmac.compare_digest(state, self.state.encode()):
            raise AnotherState(
                "This answer belongs to another log-in: its state is not ours.",
                hint="Open the address that was printed last, and log in there.",
            )
        if error:
            raise LoginEnded(
                f"{self.title} did not log you in: {_words(answer)}.",
                hint="The app lacks what gives one of the scopes: add that product to it there."
                if "scope" in error
                else "Run the command again and agree, or let somebody do it who may.",
                code="login_denied",
            )
        return code

    def code_in(self, pasted: str) -> str:
        """The code in what a person pasted: the redirected address, or code and state.

        Raises as `code_of`.
        """
        return self.code_of(_parameters(_bare(pasted)))


def begin(
    login: Login,
    app: App,
    settings: PlatformSettings,
    *,
    redirect_uri: str,
    scopes: tuple[str, ...],
) -> Attempt:
    """A new attempt, which no answer to an earlier one fits."""
    state = secrets.token_urlsafe(32)
    verifier = secrets.token_urlsafe(64) if login.pkce else ""
    redact(verifier)
    address = login.authorize_url(
        app,
        settings,
        redirect_uri=redirect_uri,
        state=state,
        challenge=_challenge(verifier),
        scopes=scopes,
    )
    return Attempt(login.title, redirect_uri, address, state, verifier)


def parameters_of(query: str) -> dict[str, str]:
    """The parameters of a query; one that stands twice counts for nothing."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=50)
    except ValueError:
        return {}
    names = [name for name, _ in pairs]
    return {name: value for name, value in pairs if names.count(name) == 1}


def _bare(pasted: str) -> str:
    """Without what people copy along, and what terminals put around pasted text.

    A code with a quotation mark at its end would be refused, after which no other try is left.
    """
    for mark in BRACKETED_PASTE:
        pasted = pasted.replace(mark, "")
    return pasted.strip().strip("\"'`<>").strip()


def _parameters(pasted: str) -> dict[str, str]:
    if len(pasted) > LONGEST_ANSWER:
        return {}
    if "code=" in pasted or "error=" in pasted:
        try:
            query = urlsplit(pasted).query if "?" in pasted else pasted.partition("#")[0]
        except ValueError:
            return {}
        return parameters_of(query.replace(" ", "&"))
    # The two bare values, as somebody may copy them out of the address.
    words = pasted.removesuffix("#_=_").split()
    return dict(zip(("code", "state"), words, strict=True)) if len(words) == 2 else {}


def _challenge(verifier: str) -> str:
    """PKCE's S256 challenge (RFC 7636, section 4.2); "" without a verifier."""
    if not verifier:
        return ""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _words(answer: Mapping[str, str]) -> str:
    """What the platform said, in one line that is safe to show."""
    told = ": ".join(filter(None, (answer.get("error"), answer.get("error_description"))))
    printable = "".join(letter if letter.isprintable() else " " for letter in told)
    return redacted(printable[:LONGEST_WORDS]).rstrip(". ")
