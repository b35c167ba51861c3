"""The pages on which a person logs in and says yes or no: plain HTML, nothing from elsewhere.

Names and ids are the same on all platforms, so that a browser can be driven by them: radio buttons
`person` (id `person-ID`), check boxes `page` and `scope` (ids `page-ID`, `scope-NAME`), and buttons
`decision` whose ids are their values (`allow`, `cancel`, ...).
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "referrer-policy": "no-referrer",
}
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; background: #f2f4f7; color: #1a1f26; margin: 0 }
main { max-width: 34rem; margin: 3rem auto; padding: 2rem; background: #fff; border-radius: 12px;
  box-shadow: 0 1px 4px #0002 }
h1 { font-size: 1.3rem } fieldset { border: 1px solid #d5dae1; border-radius: 8px; margin: 1rem 0;
  max-height: 22rem; overflow: auto }
label { display: block; padding: .2rem 0 } small { color: #5b6470 }
button { font: inherit; padding: .5rem 1.2rem; margin-right: .5rem; border-radius: 999px;
  border: 1px solid #b9c0ca; background: #fff } #allow { background: #1a5fd0; color: #fff }
"""
LEGENDS = {"page": "Pages", "scope": "Permissions"}
LOOPBACK = frozenset({"127.0.0.1", "localhost"})
CALLBACK = "/callback"


class Person(NamedTuple):
    """Someone who can log in. `detail` tells people apart who have one name."""

    id: str
    name: str
    detail: str = ""


class Choice(NamedTuple):
    """A check box; `fixed` ones are shown and can't be taken out."""

    value: str
    label: str
    detail: str = ""
    fixed: bool = False


class Button(NamedTuple):
    """What a person can press; `decision` is also its id."""

    decision: str
    label: str


class Decision(NamedTuple):
    """What was pressed, and what was ticked; `chosen` says that there was something to tick."""

    pressed: str
    person: str
    pages: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    chosen: bool = False


class NoRedirect(Exception):
    """The request for a log-in is wrong in a way that leads nowhere: a page tells it."""


def accepts(redirect_uri: str, registered: Iterable[str]) -> bool:
    """Whether an app of the simulator lets people be sent there.

    Registered ones to the letter; besides them `http://127.0.0.1:PORT/callback` and
    `http://localhost:PORT/callback` with any port.
    """
    if redirect_uri in registered:
        return True
    try:
        parts = urlsplit(redirect_uri)
        port = parts.port
    except ValueError:
        return False
    plain = f"http://{parts.hostname}:{port}{CALLBACK}"
    return parts.hostname in LOOPBACK and bool(port) and redirect_uri == plain


def back(redirect_uri: str, answer: Mapping[str, str], tail: str = "") -> Response:
    """Send the browser back to the app with an answer in the query."""
    glue = "&" if "?" in redirect_uri else "?"
    address = f"{redirect_uri}{glue}{urlencode(answer)}{tail}"
    return RedirectResponse(address, 302, {"cache-control": "no-store"})


async def decided(request: Request, people: Sequence[Person]) -> Decision:
    """What the person pressed on one of these pages.

    :raises NoRedirect: nobody was chosen, or somebody who does not exist.
    """
    pairs = parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)
    said = dict(pairs)

    def several(name: str) -> tuple[str, ...]:
        return tuple(value for key, value in pairs if key == name)

    person, pressed = said.get("person", ""), said.get("decision", "")
    if not pressed.startswith("cancel") and person not in {one.id for one in people}:
        raise NoRedirect("Choose who logs in.")
    return Decision(pressed, person, several("page"), several("scope"), "chosen" in said)


def login_page(
    request: Request,
    service: str,
    app: str,
    people: Sequence[Person],
    scopes: Iterable[str],
    buttons: Sequence[Button],
) -> Response:
    """Who logs in, which app asks, and for what."""
    wanted = "".join(f'<li id="scope-{escape(name)}">{escape(name)}</li>' for name in scopes)
    body = (
        _people(people)
        + f'<p>This will let <b id="app">{escape(app)}</b> use:</p><ul id="scopes">{wanted}</ul>'
    )
    return _form(request, service, f"{app} wants to access your {service} account", body, buttons)


def choice_page(
    request: Request,
    service: str,
    app: str,
    person: Person,
    groups: Mapping[str, Sequence[Choice]],
    buttons: Sequence[Button],
) -> Response:
    """What exactly the person gives: `groups` by the name of their check boxes."""
    hidden = f'<input type="hidden" name="person" value="{escape(person.id)}">'
    hidden += '<input type="hidden" name="chosen" value="1">'
    boxes = "".join(_boxes(name, choices) for name, choices in groups.items())
    heading = f"{person.name}, what do you want to share with {app}?"
    return _form(request, service, heading, hidden + boxes, buttons)


def error_page(service: str, message: str, status: int = 400) -> Response:
    """What a person sees instead of a log-in; the browser is sent nowhere."""
    body = f'<h1>Something went wrong</h1><p id="error">{escape(message)}</p>'
    return _page(service, body, status)


def _people(people: Sequence[Person]) -> str:
    rows = "".join(
        f'<label for="person-{escape(one.id)}"><input type="radio" name="person" '
        f'id="person-{escape(one.id)}" value="{escape(one.id)}"{" checked" * (place == 0)}> '
        f"{escape(one.name)} <small>{escape(one.detail)}</small></label>"
        for place, one in enumerate(people)
    )
    return (
        f'<fieldset id="people"><legend>Log in as</legend>{rows or "Nobody lives here."}</fieldset>'
    )


def _boxes(name: str, choices: Sequence[Choice]) -> str:
    rows = "".join(
        f'<label for="{name}-{escape(one.value)}"><input type="checkbox" name="{name}" '
        f'id="{name}-{escape(one.value)}" value="{escape(one.value)}" checked'
        f"{' disabled' * one.fixed}> {escape(one.label)} "
        f"<small>{escape(one.detail)}</small></label>"
        for one in choices
    )
    return f'<fieldset id="{name}s"><legend>{LEGENDS[name]}</legend>{rows}</fieldset>'


def _form(
    request: Request, service: str, heading: str, body: str, buttons: Sequence[Button]
) -> Response:
    """The form goes back to the very address that was asked for."""
    pressed = "".join(
        f'<button type="submit" id="{button.decision}" name="decision" value="{button.decision}">'
        f"{escape(button.label)}</button>"
        for button in buttons
    )
    action = escape(f"?{request.url.query}")
    form = f'<form method="post" action="{action}" id="consent">{body}<p>{pressed}</p></form>'
    return _page(service, f"<h1>{escape(heading)}</h1>{form}", 200)


def _page(service: str, body: str, status: int) -> Response:
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(service)} (simulated)</title><style>{STYLE}</style></head>"
        f"<body><main>{body}<p><small>A made-up {escape(service)}.</small></p></main></body></html>",
        status,
        HEADERS,
    )
