"""Many processes renew the same expired tokens and are killed at every step. Run as a program.

A process of its own, with everything imported and no threads, forks the simulated platforms and the
processes that use them: a fresh interpreter for each would take fifty times as long.

    refresh_race.py FOLDER ACCOUNTS PROCESSES ROUNDS KILLS SEED     prints what came of it

In each round all access tokens have expired. KILLS times a process is killed: it kills itself with
SIGKILL right after one of the steps of the protocol, or is killed from outside at a random moment.
Each process writes its steps into a file, so that it is known what the killed ones were doing.
"""

import asyncio
import json
import logging
import os
import random
import signal
import sqlite3
import sys
import time
from collections import Counter
from contextlib import closing, suppress
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from analytics_sync.clock import SystemClock
from analytics_sync.errors import AnalyticsSyncError
from analytics_sync.platforms._x.login import XLogin
from analytics_sync.simulator.server import listen, origin_of, serve
from analytics_sync.sync.run import Order
from analytics_sync.sync.work import Choice
from analytics_sync.tokens.journal import Draft, Journal
from analytics_sync.tokens.renewal import Renewal
from analytics_sync.transport.client import Transport
from analytics_sync.wiring import Installation, installation, sync
from support.renewals import Free, Renewals

# In the order in which one process takes them. "sent": right before the request leaves.
STEPS = ("begun", "sent", "answered", "journaled", "committed", "removed")
# Where processes kill themselves; between "answered" and "journaled" nothing is on disk yet.
KILLED_AT = ("begun", "answered", "journaled", "committed", "removed")
ROUND = timedelta(hours=7)


class Plan(NamedTuple):
    """How a process ends: at the `count`th time that it comes to a step, or from outside."""

    step: str = ""
    count: int = 0
    seconds: float = 0.0


WORKED_ON: ContextVar[int] = ContextVar("credential", default=0)


class Steps:
    """Writes down each step of this process, and kills it where its plan says so."""

    def __init__(self, file: Path, plan: Plan) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._plan = plan
        self._seen = 0

    def note(self, step: str, credential: int) -> None:
        os.write(self._file, f"{os.getpid()} {credential} {step}\n".encode())
        if step == self._plan.step:
            self._seen += 1
            if self._seen == self._plan.count:
                os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        """Put itself around each step of the protocol."""
        exchange, renew, put = Renewal._exchange, XLogin.renew, Draft.put
        swap, remove = Renewal._swap, Journal.remove

        async def noted_exchange(this: Any, held: Any, login: Any, sender: Any) -> Any:
            WORKED_ON.set(held.row.id)
            return await exchange(this, held, login, sender)

        async def noted_renew(this: Any, talk: Any, token: Any) -> Any:
            id = WORKED_ON.get()
            self.note("begun", id)
            self.note("sent", id)
            answer = await renew(this, talk, token)
            self.note("answered", id)
            return answer

        def noted_put(this: Any, version: int, token: Any, replaced: Any) -> None:
            put(this, version, token, replaced)
            self.note("journaled", this.credential_id)

        def noted_swap(this: Any, held: Any, token: Any, login: Any) -> Any:
            stored = swap(this, held, token, login)
            self.note("committed", held.row.id)
            return stored

        def noted_remove(this: Any, credential_id: int) -> None:
            remove(this, credential_id)
            self.note("removed", credential_id)

        Renewal._exchange, XLogin.renew, Draft.put = noted_exchange, noted_renew, noted_put  # type: ignore[method-assign]
        Renewal._swap, Journal.remove = noted_swap, noted_remove  # type: ignore[method-assign]


class Race:
    """One race: the house, its simulator in a process of its own, and those that are killed."""

    def __init__(self, folder: Path, accounts: int, seed: int) -> None:
        self.rng = random.Random(seed)
        self.folder = folder
        self.house = Renewals(folder, accounts=accounts)
        listening = listen()
        self.origin = origin_of(listening)
        self.environ = {**self.house.environ, **self.house.simulator.settings(self.origin)}
        self.steps = folder / "steps"
        self.offset = self.house.world.clock.now() - datetime.now(UTC)
        self.killed: set[int] = set()
        self.server = os.fork()
        if self.server == 0:
            self._serve(listening)
        listening.close()

    def _serve(self, listening: Any) -> None:
        async def grants(_: Any) -> JSONResponse:
            return JSONResponse([one._asdict() for one in self.house.x.grants()])

        simulator = self.house.simulator
        simulator.app = Starlette(routes=[Route("/grants", grants), Mount("/", simulator.app)])
        with suppress(BaseException):
            serve(simulator, listening)
        os._exit(0)

    def ask(self, path: str, **body: Any) -> Any:
        data = json.dumps(body).encode() if body else None
        with urlopen(Request(f"{self.origin}{path}", data), timeout=60) as answer:
            return json.loads(answer.read())

    def expire(self) -> None:
        """So much later that all access tokens have ended, and refused ones are tried again."""
        self.ask("/_sim/clock", advance=ROUND.total_seconds())
        self.offset += ROUND

    def round(self, processes: int, kills: int) -> None:
        """Let processes come and be killed, then one that is not."""
        running: dict[int, float] = {}
        landed = 0
        while landed < kills or running:
            while landed < kills and len(running) < processes:
                plan = self._plan()
                running[self._start(plan, self.rng.random() < 0.5)] = (
                    time.monotonic() + plan.seconds if plan.seconds else 0.0
                )
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid:
                del running[pid]
                died = os.waitstatus_to_exitcode(status) == -signal.SIGKILL
                landed += died
                self.killed.update({pid} if died else ())
                continue
            for other, until in running.items():
                if until and time.monotonic() >= until:
                    os.kill(other, signal.SIGKILL)
            time.sleep(0.005)
        for alone in (False, True):
            os.waitpid(self._start(Plan(), alone), 0)

    def _plan(self) -> Plan:
        if self.rng.random() < 0.25:
            return Plan(seconds=self.rng.uniform(0.1, 1.5))
        return Plan(self.rng.choice(KILLED_AT), self.rng.randint(1, 6))

    def _start(self, plan: Plan, syncs: bool) -> int:
        seed = self.rng.random()
        pid = os.fork()
        if pid:
            return pid
        try:
            errors = os.open(self.folder / "errors", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.dup2(errors, 2)
            Steps(self.steps, plan).watch()
            with installation(self.environ, clock=SystemClock(self.offset)) as opened:
                use(opened, syncs, random.Random(seed), self.house.accounts)
            os._exit(0)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test shows it
            os.write(2, f"Traceback: {type(error).__name__}: {error}\n".encode())
        os._exit(1)

    def found(self) -> dict[str, Any]:
        """What the platform knows, against what is on disk."""
        outcomes = self._outcomes()
        good = {
            one["subject"]: one for one in self.ask("/grants") if one["refresh_token"] is not None
        }
        lost: dict[int, str] = {}
        refused = 0
        for number, account in enumerate(self.house.accounts):
            told, id = good[account.platform_account_id], account.credential_id or 0
            if self.house.token(number).refresh_token != told["refresh_token"]:
                lost[id] = self._how_lost(id)
            else:
                refused += told["refused"]
        with closing(sqlite3.connect(self.house.home.database)) as connection:
            whole = connection.execute("PRAGMA integrity_check").fetchone()[0]
        errors = (self.folder / "errors").read_text() if (self.folder / "errors").exists() else ""
        return {
            "accounts": len(self.house.accounts),
            "rotations": sum(one["rotations"] for one in good.values()),
            "kills": len(self.killed),
            "last_steps": dict(self._last_steps()),
            "lost": lost,
            "refused_but_alive": refused,
            "journals": self.house.journals(),
            "integrity": whole,
            "outcomes": outcomes,
            "errors": errors[-2000:],
        }

    def _outcomes(self) -> dict[str, int]:
        """Of a last sync that nobody disturbs."""
        with installation(self.environ, clock=SystemClock(self.offset)) as opened:
            record = sync(opened, order(opened))
        return dict(Counter(result.outcome for result in record.accounts))

    def _how_lost(self, credential: int) -> str:
        """Where the first process was killed that asked after the last token that came to the disk.

        "" where it was not killed, or had come further: then the token was lost in another way.
        """
        lines = [line.split() for line in self.steps.read_text().splitlines()]
        own = [(int(pid), step) for pid, id, step in lines if int(id) == credential]
        safe = [n for n, (_, step) in enumerate(own) if step in STEPS[3:]]
        after = own[safe[-1] + 1 :] if safe else own
        asker = next((pid for pid, step in after if step == "sent"), 0)
        steps = [step for pid, step in after if pid == asker]
        return steps[-1] if asker in self.killed else ""

    def _lasts(self) -> dict[tuple[int, int], str]:
        """The last step of each process with each credential."""
        lines = (line.split() for line in self.steps.read_text().splitlines())
        return {(int(pid), int(id)): step for pid, id, step in lines}

    def _last_steps(self) -> Counter[str]:
        return Counter(step for (pid, _), step in self._lasts().items() if pid in self.killed)

    def end(self) -> None:
        os.kill(self.server, signal.SIGKILL)
        os.waitpid(self.server, 0)


def order(opened: Installation) -> Order:
    return Order(Choice(opened.clock.now(), discover=False))


def use(opened: Installation, syncs: bool, rng: random.Random, accounts: list[Any]) -> None:
    """Sync everything, or only get at every token, in any order and without any account's lock."""
    if syncs:
        sync(opened, order(opened))
        return
    shuffled = rng.sample(accounts, len(accounts))

    async def through(tokens: Any, sender: Any) -> None:
        while shuffled:
            with suppress(AnalyticsSyncError):
                await tokens.access(shuffled.pop(), sender)

    async def together() -> None:
        tokens = opened.parts().tokens
        async with Transport(budgets=Free(), clock=opened.clock) as senders:
            await asyncio.gather(*(through(tokens, senders.for_account()) for _ in range(2)))

    asyncio.run(together())


def main(folder: str, accounts: str, processes: str, rounds: str, kills: str, seed: str) -> None:
    logging.disable()
    race = Race(Path(folder), int(accounts), int(seed))
    try:
        for _ in range(int(rounds)):
            race.expire()
            race.round(int(processes), int(kills))
        race.expire()
        sys.stdout.write(json.dumps(race.found()))
    finally:
        race.end()


if __name__ == "__main__":
    main(*sys.argv[1:])
