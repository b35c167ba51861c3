"""A person who says yes on the simulator's log-in pages, without a browser."""

import re
from html import unescape

import httpx

BOX = re.compile(r"<input\b[^>]*>")
BUTTON = re.compile(r'<button\b[^>]*name="decision" value="([^"]*)"')
ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')


def agree(address: str, person: str) -> str:
    """Log in there as this person and allow all that is asked; the address of the answer."""
    with httpx.Client() as browser:
        page = browser.get(address)
        while not page.is_redirect:
            page.raise_for_status()
            page = browser.post(
                page.url,
                content=str(httpx.QueryParams(_filled_in(page.text, person))),
                headers={"content-type": "application/x-www-form-urlencoded"},
            )
    return page.headers["location"]


def _filled_in(html: str, person: str) -> list[tuple[str, str]]:
    pressed = next(value for value in BUTTON.findall(html) if not value.startswith("cancel"))
    fields = [("decision", pressed)]
    for tag in BOX.findall(html):
        told = {name: unescape(value) for name, value in ATTRIBUTE.findall(tag)}
        if "disabled" in tag or (told.get("type") == "radio" and told["value"] != person):
            continue
        fields.append((told["name"], told.get("value", "on")))
    return fields
