"""LinkedIn's OAuth addresses over HTTP: `/oauth/v2/...`, with everything in a form body."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from analytics_sync.simulator.recorder import note
from analytics_sync.simulator.services._linkedin.apps import Application, OAuthRefusal
from analytics_sync.simulator.services._linkedin.dialog import Dialog
from analytics_sync.simulator.services._linkedin.oauth import Authority

Fields = dict[str, str]
Handler = Callable[[Application, Fields], Response]
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Login:
    """The OAuth endpoints over one authority, and the page for logging in."""

    authority: Authority
    dialog: Dialog

    async def handle(self, request: Request, name: str) -> Response | None:
        """The answer of `/oauth/v2/<name>`; None when there is no such address."""
        routes: dict[str, tuple[str, Handler]] = {
            "accessToken": ("token", self._token),
            "introspectToken": ("introspection", self._introspect),
            "revoke": ("revocation", self._revoke),
        }
        try:
            if name == "authorization":
                note(request.scope, name, 0)
                return await self.dialog.answer(request)
            if name not in routes:
                return None
            label, handler = routes[name]
            note(request.scope, label, 0)
            fields = await _form(request)
            return handler(self._client(fields), fields)
        except OAuthRefusal as refusal:
            return JSONResponse(refusal.body, refusal.status)

    def _client(self, fields: Fields) -> Application:
        application = self.authority.applications.get(_required(fields, "client_id"))
        if application is None or application.client_secret != _required(fields, "client_secret"):
            raise OAuthRefusal(401, "invalid_client", "Client authentication failed")
        return application

    def _token(self, application: Application, fields: Fields) -> Response:
        grant = _required(fields, "grant_type")
        if grant == "refresh_token":
            answer = self.authority.refresh(application, _required(fields, "refresh_token"))
        elif grant == "authorization_code":
            code, redirect = _required(fields, "code"), _required(fields, "redirect_uri")
            answer = self.authority.exchange(application, code, redirect)
        else:
            raise OAuthRefusal(400, "unsupported_grant_type", f"Unsupported grant type: {grant}")
        return JSONResponse(answer, headers={"cache-control": "no-cache, no-store"})

    def _introspect(self, application: Application, fields: Fields) -> Response:
        return JSONResponse(self.authority.introspect(application, _required(fields, "token")))

    def _revoke(self, application: Application, fields: Fields) -> Response:
        self.authority.revoke(application, _required(fields, "token"))
        return Response(status_code=200)


def _required(fields: Fields, name: str) -> str:
    value = fields.get(name, "")
    if not value:
        raise OAuthRefusal(400, "invalid_request", f'A required parameter "{name}" is missing')
    return value


async def _form(request: Request) -> Fields:
    """:raises OAuthRefusal: not a POST, or not with a form as its body."""
    if request.method != "POST":
        raise OAuthRefusal(405, "invalid_request", "This address is called with POST")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM:
        raise OAuthRefusal(400, "invalid_request", f"The body must be {_FORM}")
    body = (await request.body()).decode("utf-8", "replace")
    parsed = parse_qs(body, keep_blank_values=True)
    return {name: values[0] for name, values in parsed.items() if len(values) == 1}
