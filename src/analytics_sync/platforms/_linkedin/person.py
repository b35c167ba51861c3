"""Whose token it is (LinkedIn docs: Sign In with LinkedIn using OpenID Connect, Profile API)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analytics_sync.errors import AccountRefused, Refused
from analytics_sync.platforms._asking import Asking
from analytics_sync.platforms._linkedin.calls import Api, object_of
from analytics_sync.platforms._linkedin.kinds import is_person
from analytics_sync.transport.call import Call


@dataclass(frozen=True, slots=True)
class Person:
    """A member by URN."""

    urn: str
    name: str | None


async def person_of(context: Asking) -> Person | None:
    """The token's member, by the call that its scopes allow; None where they allow none."""
    for path, key in (("userinfo", "sub"), ("me", "id")):
        answer = await welcome(context, Api.of(context).unversioned(path))
        identifier = answer.get(key)
        if isinstance(identifier, str) and is_person(urn := f"urn:li:person:{identifier}"):
            return Person(urn, _person_name(answer))
    return None


async def welcome(context: Asking, call: Call) -> Mapping[str, Any]:
    """An answer that is welcome but not needed: empty where it is refused."""
    try:
        return object_of(call, await context.send(call))
    except (Refused, AccountRefused):
        return {}


def text_of(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _person_name(answer: Mapping[str, Any]) -> str | None:
    parts = [text_of(answer.get(f"localized{part}Name")) for part in ("First", "Last")]
    return text_of(answer.get("name")) or text_of(" ".join(part for part in parts if part))
