"""A log-in from its first address to what it reaches: the ways in which the answer comes back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from analytics_sync.connect import attempt as attempts
from analytics_sync.connect.attempt import AnotherState, Attempt, NoAnswer
from analytics_sync.connect.listener import Place, listening
from analytics_sync.connect.session import login_talk
from analytics_sync.domain.credentials import App, Reach
from analytics_sync.errors import CallFailed, NotYet, WrongUsage
from analytics_sync.logs import redact
from analytics_sync.platforms._login import Login
from analytics_sync.store import apps
from analytics_sync.sync.parts import Parts

NOTHING_STORED: Final = "Nothing was stored: run the command again"


def begin(parts: Parts, login: Login, app: App, redirect_uri: str) -> Attempt:
    """An attempt that asks for the log-in's own scopes and all that people granted to this app.

    LinkedIn ends a member's earlier tokens when a consent has other scopes, and at Facebook one
    person's consent may serve both Pages and Instagram accounts: so an app asks for one set.
    """
    own = [scope.name for scope in login.scopes]
    with parts.database.read() as connection:
        granted = apps.scopes_of(connection, login.platform, app.id)
    return attempts.begin(
        login,
        app,
        parts.settings[login.platform],
        redirect_uri=redirect_uri,
        scopes=tuple(dict.fromkeys([*own, *granted])),
    )


def code_pasted(attempt: Attempt, ask: Callable[[str], str | None]) -> str:
    """The code in what a person pastes; what is no answer to this attempt is asked for again.

    `ask`: what was pasted, or None at the end of the input; it gets words on what was wrong.

    :raises WrongUsage: no answer came.
    :raises LoginEnded: the person or the platform said no.
    """
    words = ""
    while (pasted := ask(words)) is not None:
        try:
            return attempt.code_in(pasted)
        except (AnotherState, NoAnswer) as error:
            words = f"{error.message} {error.hint}"
    raise WrongUsage(
        words or "No answer was pasted.",
        hint="Run the command again, log in, and paste the whole address of the last page.",
        code="answer_missing",
    )


async def listen(
    parts: Parts,
    login: Login,
    app: App,
    attempt: Attempt,
    place: Place,
    *,
    show: Callable[[], None],
    patience: timedelta,
) -> Reach:
    """Wait for the browser at `place`, then ask what the log-in reaches.

    `show`: tells the person where to log in; called when the listener stands.

    :raises LoginEnded: the person said no, or nobody came in time.
    :raises Busy: another program listens there.
    """
    async with listening(attempt, place) as listener:
        show()
        code = await listener.code(patience.total_seconds())
        # Still listening: a second browser is told that it came too late.
        return await reach(parts, login, app, attempt, code)


async def reach(parts: Parts, login: Login, app: App, attempt: Attempt, code: str) -> Reach:
    """Exchange the code, and ask what the token reaches.

    :raises WrongUsage: the code is too old, or was used.
    :raises CallFailed: the platform does not answer, or not as it should.
    :raises NotYet: it wants no more requests for a while.
    """
    try:
        found = await _reached(parts, login, app, attempt, code)
    except CallFailed as failure:
        # Words that were written for a sync, which comes again by itself.
        advice = failure.hint.replace("; tried again next run", "")
        failure.hint = f"{advice} {NOTHING_STORED}.".strip()
        raise
    except NotYet as limit:
        limit.hint = f"{NOTHING_STORED} after that."
        raise
    for secret in found.token.account_tokens.values():
        redact(secret)
    return found


async def _reached(parts: Parts, login: Login, app: App, attempt: Attempt, code: str) -> Reach:
    async with login_talk(parts, login, app) as talk:
        token = await login.exchange(
            talk, code=code, redirect_uri=attempt.redirect_uri, verifier=attempt.verifier
        )
        redact(token.access_token)
        redact(token.refresh_token or "")
        return await login.reach(talk, token)


async def give_up(parts: Parts, login: Login, app: App, found: Reach) -> None:
    """End a consent of which nothing was kept.

    :raises CallFailed: the platform did not do so.
    """
    async with login_talk(parts, login, app) as talk:
        await login.revoke(talk, found.token)
