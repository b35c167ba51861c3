"""The pages on which people log in with Facebook, or with Instagram.

Sources: Meta, "Manually Build a Login Flow"; "Business Login for Instagram".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import Response

from analytics_sync.simulator.consent import (
    Button,
    Choice,
    Decision,
    NoRedirect,
    Person,
    accepts,
    back,
    choice_page,
    decided,
    error_page,
    login_page,
)
from analytics_sync.simulator.recorder import note
from analytics_sync.simulator.services._graph.apps import Application, Code
from analytics_sync.simulator.services._graph.host import Host
from analytics_sync.simulator.services._graph.oauth import CODE_LIFE
from analytics_sync.simulator.services._graph.society import ALWAYS, Consent

FACEBOOK_SCOPES = frozenset(
    "public_profile email pages_show_list pages_read_engagement pages_read_user_content "
    "pages_manage_engagement pages_manage_metadata pages_manage_posts pages_messaging "
    "read_insights business_management ads_management ads_read instagram_basic "
    "instagram_manage_insights instagram_manage_comments instagram_content_publish".split()
)
INSTAGRAM_SCOPES = frozenset(
    "instagram_business_basic instagram_business_manage_insights "
    "instagram_business_manage_comments instagram_business_manage_messages "
    "instagram_business_content_publish".split()
)
NOT_LISTED = (
    "URL blocked: This redirect failed because the redirect URI is not whitelisted in the app's "
    "client OAuth settings. Make sure client and web OAuth login are on and add all your app "
    "domains as valid OAuth redirect URIs."
)


@dataclass(frozen=True, slots=True)
class Wish:
    """A right request for a log-in. `again`: what was declined before is asked for again."""

    application: Application
    redirect_uri: str
    state: str | None
    scopes: tuple[str, ...]
    again: bool


class Dialog:
    """What both have in common. `people`: who can log in now."""

    title: ClassVar[str]
    tail: ClassVar[str]
    scopes: ClassVar[frozenset[str]]
    denial: ClassVar[Mapping[str, str]]
    buttons: ClassVar[tuple[Button, ...]]

    def __init__(self, host: Host, people: Callable[[], Sequence[Person]]) -> None:
        self.host = host
        self.people = people

    async def answer(self, request: Request) -> Response:
        """GET shows the page, POST is what was pressed there."""
        note(request.scope, "authorize", 0)
        people = self.people()
        try:
            wish = self._wish(request.query_params)
            if request.method != "POST":
                name = wish.application.name
                return login_page(request, self.title, name, people, wish.scopes, self.buttons)
            decision = await decided(request, people)
            return self._answered(request, wish, decision)
        except NoRedirect as refusal:
            return error_page(self.title, str(refusal))

    def _answered(self, request: Request, wish: Wish, decision: Decision) -> Response:
        if decision.pressed != "allow":
            return self._back(wish, self.denial)
        consent = self._granted(wish, decision)
        host = self.host
        value = host.secret("AQ", "code", len(host.codes), wish.redirect_uri)
        host.codes[value] = Code(
            wish.application,
            wish.redirect_uri,
            frozenset(wish.scopes),
            decision.person,
            consent,
            host.now + CODE_LIFE[host.name],
        )
        return self._back(wish, {"code": value})

    def _granted(self, wish: Wish, decision: Decision) -> Consent | None:
        """What is kept of the consent beside the code."""
        return None

    def _back(self, wish: Wish, answer: Mapping[str, str]) -> Response:
        state = {} if wish.state is None else {"state": wish.state}
        return back(wish.redirect_uri, {**answer, **state}, self.tail)

    def _wish(self, asked: Mapping[str, str]) -> Wish:
        """:raises NoRedirect: something is missing or wrong; the person is told, not the app."""
        application = self.host.application(asked.get("client_id", ""))
        if application is None:
            raise NoRedirect(
                "Invalid App ID: The provided app ID does not look like a valid app ID."
            )
        redirect_uri = asked.get("redirect_uri", "")
        if not accepts(redirect_uri, application.redirect_uris):
            raise NoRedirect(NOT_LISTED)
        if asked.get("response_type", "code") != "code":
            raise NoRedirect("Invalid response_type: the app must ask for a code.")
        scopes = tuple(dict.fromkeys(asked.get("scope", "").replace(",", " ").split()))
        self._check_scopes(application, scopes)
        again = asked.get("auth_type") == "rerequest"
        return Wish(application, redirect_uri, asked.get("state"), scopes, again)

    def _check_scopes(self, application: Application, scopes: Iterable[str]) -> None:
        allowed = self.scopes if application.scopes is None else application.scopes
        if unknown := [scope for scope in scopes if scope not in allowed]:
            raise NoRedirect(
                f"Invalid Scopes: {', '.join(unknown)}. This message is only shown to developers. "
                "Users of your app will ignore these permissions if present."
            )


class FacebookDialog(Dialog):
    """Besides, the person may choose Pages and take out single permissions."""

    title = "Facebook"
    tail = "#_=_"
    scopes = FACEBOOK_SCOPES
    denial: ClassVar[Mapping[str, str]] = {
        "error": "access_denied",
        "error_code": "200",
        "error_description": "Permissions error",
        "error_reason": "user_denied",
    }
    buttons = (
        Button("allow", "Continue with everything"),
        Button("choose", "Choose what to share"),
        Button("cancel", "Cancel"),
    )

    def _answered(self, request: Request, wish: Wish, decision: Decision) -> Response:
        if decision.pressed == "choose":
            return self._choices(request, wish, decision)
        return super()._answered(request, wish, decision)

    def _choices(self, request: Request, wish: Wish, decision: Decision) -> Response:
        resident = self.host.society.residents[decision.person]
        pages = (self.host.world.account("facebook", page) for page in resident.roles())
        declined = self._declined(wish, decision)
        scopes = dict.fromkeys((ALWAYS, *wish.scopes))
        return choice_page(
            request,
            self.title,
            wish.application.name,
            Person(resident.id, resident.name),
            {
                "page": [Choice(page.id, page.name, page.id) for page in pages if page],
                "scope": [
                    Choice(name, name, fixed=name == ALWAYS)
                    for name in scopes
                    if name not in declined
                ],
            },
            (Button("allow", "Save"), Button("cancel", "Cancel")),
        )

    def _declined(self, wish: Wish, decision: Decision) -> frozenset[str]:
        if wish.again:
            return frozenset()
        return self.host.society.declined(decision.person, wish.application.client_id)

    def _granted(self, wish: Wish, decision: Decision) -> Consent:
        """What was asked for, less what is taken out now or was before."""
        asked = frozenset(wish.scopes)
        unticked = asked - {ALWAYS, *decision.scopes} if decision.chosen else frozenset()
        declined = unticked | (asked & self._declined(wish, decision))
        pages = frozenset(decision.pages) if decision.chosen else None
        return self.host.society.grant(
            decision.person, wish.application.client_id, asked - declined, declined, pages
        )


class InstagramDialog(Dialog):
    """One professional account logs in and gives all or nothing."""

    title = "Instagram"
    tail = "#_"
    scopes = INSTAGRAM_SCOPES
    denial: ClassVar[Mapping[str, str]] = {
        "error": "access_denied",
        "error_reason": "user_denied",
        "error_description": "The user denied your request",
    }
    buttons = (Button("allow", "Allow"), Button("cancel", "Cancel"))
