"""The small pages that a browser is shown at the end of a log-in. Nothing secret stands in them."""

import base64
import hashlib
from html import escape
from typing import Final

_STYLE: Final = (
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem;"
    "color:#222;background:#fff}h1{font-size:1.4rem}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#181818}}"
)
_DIGEST: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
# A page without scripts, frames or addresses of others: the answer's address, in which the code
# stands, goes nowhere.
HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_DIGEST}'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Connection": "close",
}
CLOSE: Final = "This tab can be closed."


def page(title: str, *lines: str) -> bytes:
    """A whole page of plain words."""
    body = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<link rel="icon" href="data:,"><style>{_STYLE}</style></head>'
        f"<body><h1>{escape(title)}</h1>{body}</body></html>\n"
    ).encode()


def arrived(platform: str) -> bytes:
    return page(
        f"The answer of {platform} has arrived",
        "Go back to the terminal: there you see what this log-in reaches.",
        CLOSE,
    )


def taken_already(platform: str) -> bytes:
    return page(
        "This log-in was answered already",
        f"Another window was faster. Nothing of this answer of {platform} was used.",
        CLOSE,
    )


def denied(platform: str) -> bytes:
    return page(
        f"{platform} did not log you in",
        "Nothing was stored. The terminal says why, and what to do.",
        CLOSE,
    )


def another_log_in(platform: str) -> bytes:
    return page(
        "This answer belongs to another log-in",
        "It was not used, and analytics-sync still waits for the right one. Open the address that "
        f"the terminal shows, and log in at {platform} there.",
        CLOSE,
    )


def no_answer() -> bytes:
    return page(
        "There is no answer in this address",
        "analytics-sync waits here for a log-in. Open the address that the terminal shows.",
    )


def nothing_here() -> bytes:
    return page("Nothing is here", "analytics-sync waits for the answer to a log-in elsewhere.")
