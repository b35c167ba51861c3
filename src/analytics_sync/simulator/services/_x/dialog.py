"""X's page on which an app asks for access. Source: X docs, OAuth 2.0 Authorization Code Flow."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from analytics_sync.simulator.consent import (
    Button,
    NoRedirect,
    Person,
    accepts,
    back,
    decided,
    error_page,
    login_page,
)
from analytics_sync.simulator.recorder import note
from analytics_sync.simulator.services._x.apps import Application
from analytics_sync.simulator.services._x.oauth import Authorization

TITLE = "X"
LONGEST_STATE = 500
# RFC 7636, which X follows: what a challenge may look like, hashed or plain.
CHALLENGE = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
SCOPES = frozenset(
    "tweet.read tweet.write tweet.moderate.write users.read users.email follows.read follows.write "
    "offline.access space.read mute.read mute.write like.read like.write list.read list.write "
    "block.read block.write bookmark.read bookmark.write dm.read dm.write media.write".split()
)
BUTTONS = (Button("allow", "Authorize app"), Button("cancel", "Cancel"))
LOST = "You weren't able to give access to the App. Go back and try logging in again."


@dataclass(frozen=True, slots=True)
class Wish:
    """A right request for a log-in."""

    application: Application
    redirect_uri: str
    state: str
    scopes: tuple[str, ...]
    challenge: str
    method: str


@dataclass(frozen=True)
class Dialog:
    """`people`: who can log in now."""

    oauth: Authorization
    people: Callable[[], Sequence[Person]]

    async def answer(self, request: Request) -> Response:
        """GET shows the page, POST is what was pressed there."""
        note(request.scope, "authorize", 0)
        people = self.people()
        try:
            wish = self._wish(request.query_params)
            if request.method != "POST":
                name = wish.application.name
                return login_page(request, TITLE, name, people, wish.scopes, BUTTONS)
            decision = await decided(request, people)
        except NoRedirect as refusal:
            return error_page(TITLE, f"{LOST} ({refusal})")
        if decision.pressed != "allow":
            return back(wish.redirect_uri, {"error": "access_denied", "state": wish.state})
        code = self.oauth.code(
            wish.application,
            decision.person,
            wish.scopes,
            wish.redirect_uri,
            wish.challenge,
            wish.method,
        )
        return back(wish.redirect_uri, {"state": wish.state, "code": code})

    def _wish(self, asked: Mapping[str, str]) -> Wish:
        """:raises NoRedirect: something is missing or wrong; X tells the person, not the app."""
        application = self.oauth.applications.get(asked.get("client_id", ""))
        if application is None:
            raise NoRedirect("client_id: no such app")
        redirect_uri = asked.get("redirect_uri", "")
        if not accepts(redirect_uri, application.redirect_uris):
            raise NoRedirect("redirect_uri: not one of the app's callback addresses")
        if asked.get("response_type") != "code":
            raise NoRedirect("response_type: must be code")
        state = asked.get("state", "")
        if not 0 < len(state) <= LONGEST_STATE:
            raise NoRedirect(f"state: must have 1 to {LONGEST_STATE} characters")
        challenge, method = asked.get("code_challenge", ""), asked.get("code_challenge_method", "")
        if method not in {"S256", "plain"}:
            raise NoRedirect("code_challenge_method: must be S256 or plain")
        # RFC 7636 wants 43 characters; X's own examples of `plain` use "challenge".
        if not (challenge and method == "plain") and not CHALLENGE.fullmatch(challenge):
            raise NoRedirect("code_challenge: missing, or not the hash of a verifier")
        scopes = _scopes(asked.get("scope", ""))
        return Wish(application, redirect_uri, state, scopes, challenge, method)


def _scopes(text: str) -> tuple[str, ...]:
    scopes = tuple(dict.fromkeys(text.split()))
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise NoRedirect(f"scope: {' '.join(unknown) or 'none was asked for'}")
    return scopes
