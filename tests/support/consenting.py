"""A person at the simulator's log-in pages, without a browser: reads the forms and presses."""

from collections.abc import Collection
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx


class Form(HTMLParser):
    """The fields of a page's form as they stand there."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: list[tuple[str, str]] = []
        self.people: list[str] = []
        self.boxes: dict[str, list[str]] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.action = found["action"]
        if tag != "input" or "disabled" in found:
            return
        match found["type"]:
            case "hidden":
                self.fields.append((found["name"], found["value"]))
            case "radio":
                self.people.append(found["value"])
            case "checkbox":
                self.boxes.setdefault(found["name"], []).append(found["value"])


def consent(
    address: str,
    *,
    person: str | None = None,
    press: str = "allow",
    without: Collection[str] = (),
) -> str:
    """Log in at `address`; gives the address to which the browser is sent in the end.

    `person`: else the first one. `without`: boxes (scopes, Pages) from which the tick is taken.
    """
    with httpx.Client(timeout=120) as browser:
        page = browser.get(address)
        while page.status_code == 200:
            form = Form(page.text)
            assert form.action is not None, page.text
            fields = list(form.fields)
            if form.people:
                fields.append(("person", person or form.people[0]))
            for name, values in form.boxes.items():
                fields += [(name, value) for value in values if value not in without]
            # What there is to tick is on a second page, with a button of its own.
            ticking = ("chosen", "1") in form.fields
            fields.append(("decision", "allow" if ticking else press))
            body = httpx.QueryParams(fields)
            page = browser.post(
                urljoin(address, form.action),
                content=str(body).encode(),
                headers={"content-type": "application/x-www-form-urlencoded"},
            )
        assert page.status_code in {302, 303}, (page.status_code, page.text)
        return page.headers["location"]
