"""LinkedIn's page on which a member lets an app in. Source: "Authorization Code Flow"."""

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
from analytics_sync.simulator.services._linkedin.apps import Application
from analytics_sync.simulator.services._linkedin.oauth import Authority

TITLE = "LinkedIn"
SCOPES = frozenset(
    "openid profile email r_basicprofile r_liteprofile r_organization_admin rw_organization_admin "
    "r_organization_social w_organization_social r_organization_social_feed "
    "w_organization_social_feed r_organization_followers r_member_postAnalytics "
    "r_member_profileAnalytics r_member_social w_member_social".split()
)
BUTTONS = (
    Button("allow", "Allow"),
    Button("cancel", "Cancel"),
    Button("cancel-login", "Cancel without logging in"),
)
DENIALS = {
    "cancel": ("user_cancelled_authorize", "The user cancelled the authorization"),
    "cancel-login": ("user_cancelled_login", "The user cancelled LinkedIn login"),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """A request for a log-in that may be answered by a redirect."""

    application: Application
    redirect_uri: str
    state: str | None
    scopes: tuple[str, ...]

    def back(self, answer: Mapping[str, str]) -> Response:
        state = {} if self.state is None else {"state": self.state}
        return back(self.redirect_uri, {**answer, **state})


@dataclass(frozen=True)
class Dialog:
    """`people`: the members who can log in now."""

    authority: Authority
    people: Callable[[], Sequence[Person]]

    async def answer(self, request: Request) -> Response:
        """GET shows the page, POST is what was pressed there."""
        people = self.people()
        try:
            wish = self._wish(request.query_params)
            allowed = SCOPES if wish.application.scopes is None else wish.application.scopes
            if unknown := [scope for scope in wish.scopes if scope not in allowed]:
                words = f'Scope "{unknown[0]}" is not authorized for your application'
                answer = {"error": "unauthorized_scope_error", "error_description": words}
                return wish.back(answer)
            if request.method != "POST":
                name = wish.application.name
                return login_page(request, TITLE, name, people, wish.scopes, BUTTONS)
            decision = await decided(request, people)
        except NoRedirect as refusal:
            return error_page(TITLE, f"Bummer, something went wrong. {refusal}")
        if decision.pressed != "allow":
            error, words = DENIALS.get(decision.pressed, DENIALS["cancel"])
            return wish.back({"error": error, "error_description": words})
        consent = self.authority.consent(
            decision.person, frozenset(wish.scopes), application=wish.application
        )
        return wish.back({"code": self.authority.code(consent, wish.redirect_uri)})

    def _wish(self, asked: Mapping[str, str]) -> Wish:
        """:raises NoRedirect: the member is told, and the app is not."""
        client_id = asked.get("client_id", "")
        application = self.authority.applications.get(client_id)
        if application is None:
            raise NoRedirect(f'The passed in client_id is invalid "{client_id}".')
        redirect_uri = asked.get("redirect_uri", "")
        if not accepts(redirect_uri, application.redirect_uris):
            raise NoRedirect("The redirect_uri does not match the registered value.")
        if asked.get("response_type") != "code":
            raise NoRedirect('The parameter "response_type" must be "code".')
        scopes = tuple(dict.fromkeys(asked.get("scope", "").split()))
        if not scopes:
            raise NoRedirect('You need to pass the "scope" parameter.')
        return Wish(application, redirect_uri, asked.get("state"), scopes)
