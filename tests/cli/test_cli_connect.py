"""`account connect` against the simulated platforms over real HTTP, with a person who presses."""

import io
import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from analytics_sync.cli.frame import run
from analytics_sync.cli.login_person import numbers
from analytics_sync.simulator.app import Simulator
from analytics_sync.simulator.faults import Fault
from analytics_sync.simulator.server import serving
from analytics_sync.store import businesses
from support.command import STATUSES, Result
from support.consenting import consent
from support.desk import Desk, sit
from support.house import House
from support.ports import free_port


@dataclass
class Office:
    """A house with its platforms behind a socket, and a person at its terminal."""

    house: House
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    desk: Desk | None = None

    def connect(
        self,
        *arguments: str,
        act: Callable[[str], object] = lambda address: arrive(consent(address)),
        pastes: tuple[Callable[[str], str], ...] = (),
    ) -> Result:
        """Run `account connect`, with the person doing `act` at the address that is shown."""
        self.desk = sit(self.monkeypatch, lambda address: void(act(address)), pastes)
        self.capsys.readouterr()
        back = () if pastes else ("--redirect-uri", f"http://127.0.0.1:{free_port()}/callback")
        patience = () if "--timeout" in arguments else ("--timeout", "30s")
        status = int(run(("account", "connect", *arguments, *back, *patience, "--json")))
        self.desk.finish()
        result = Result(status, self.capsys.readouterr().out, self.desk.getvalue())
        assert result.status in STATUSES
        assert "Traceback" not in result.errors
        for secret in self.secrets():
            assert secret not in result.output + result.errors
        return result

    def secrets(self) -> list[str]:
        """Every token that a platform has given."""
        return [
            secret
            for service in self.house.simulator.services.values()
            for grant in service.grants()
            for secret in (grant.access_token, grant.refresh_token)
            if secret
        ]

    def say(self, *arguments: str) -> Any:
        """Another command's JSON."""
        self.capsys.readouterr()
        assert run((*arguments, "--json")) == 0
        return json.loads(self.capsys.readouterr().out)


def void(_: object) -> None:
    """For what a person does whose result nobody wants."""


def arrive(address: str) -> httpx.Response:
    """The browser at the end of its way."""
    return httpx.get(address, timeout=120)


class Stage:
    """One server for all worlds of this module: starting and ending one takes most of a test."""

    simulator: Simulator

    @property
    def app(self) -> "Stage":
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.simulator.app(scope, receive, send)


@pytest.fixture(scope="module")
def stage() -> Iterator[tuple[Stage, str]]:
    made = Stage()
    with serving(made) as origin:  # type: ignore[arg-type]
        yield made, origin


@pytest.fixture
def office(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    stage: tuple[Stage, str],
) -> Office:
    house = House.of_today(tmp_path)
    house.add_business()
    stage[0].simulator = house.simulator
    for name, value in {**house.environ, **house.simulator.settings(stage[1])}.items():
        monkeypatch.setenv(name, value)
    return Office(house, monkeypatch, capsys)


def reach_x(office: Office, business: int = 1) -> str:
    """A person with an account at X; gives its id."""
    handle = office.house.simulator.services["x"].populate(business, f"Acme {business}", 5)
    return handle.platform_account_id


def test_a_log_in_at_x_is_kept_and_a_sync_works_with_it(office: Office) -> None:
    id = reach_x(office)

    result = office.connect("1", "x")

    assert result.status == 0, result
    told = result.document
    assert told["platform_account_id"] == id
    assert told["credential"]["renews"] is True
    assert told["credential"]["missing_scopes"] == []
    assert office.say("sync")["posts"]["synced"] == 5


def test_pages_and_instagram_accounts_of_one_person_are_connected_and_synced(
    office: Office,
) -> None:
    facebook = office.house.simulator.services["facebook"]
    facebook.add_user("Ada", pages=2, owned_pages=1, client_pages=1, instagram=1, posts=3)  # type: ignore[attr-defined]

    pages = office.connect("1", "facebook", "--all").document
    behind = office.connect("1", "instagram", "--kind", "facebook-login", "--all").document

    assert len(pages["accounts"]) == 4, "those of a Business too"
    assert pages["credential"]["healed"] is False
    assert len(behind["accounts"]) == 1
    assert behind["credential"]["id"] == pages["credential"]["id"], "one person, one consent"
    assert behind["credential"]["accounts"] == 5
    assert {one["kind"] for one in behind["accounts"]} == {"facebook-login"}
    synced = office.say("sync")
    assert synced["outcome"] == "complete", synced
    assert {one["outcome"] for one in synced["accounts"]} == {"ok"}


def test_a_business_that_was_removed_during_the_log_in_gets_no_account(office: Office) -> None:
    reach_x(office)

    def remove(address: str) -> None:
        with office.house.opened() as found, found.database.write() as connection:
            businesses.remove(connection, 1, found.clock.now())
        arrive(consent(address))

    refused = office.connect("1", "x", act=remove)

    assert (refused.status, refused.error["code"]) == (2, "unknown_business")
    assert office.say("credential", "list")["credentials"] == []
    given = office.house.simulator.services["x"].grants()
    assert not [grant for grant in given if grant.client_id and grant.alive and grant.refresh_token]


@pytest.mark.parametrize(("answer", "status"), [(500, 1), (429, 75)])
def test_a_platform_in_trouble_leaves_nothing_and_the_person_is_told_to_come_again(
    office: Office, answer: int, status: int
) -> None:
    reach_x(office)
    fault = Fault("status", platform="x", match="oauth2/token", status=answer)
    office.house.world.faults.add(fault)

    refused = office.connect("1", "x")

    assert refused.status == status
    assert "Nothing was stored: run the command again" in refused.error["hint"]
    assert "next run" not in refused.error["hint"]
    assert office.say("credential", "list")["credentials"] == []


def test_an_instagram_account_that_logs_in_itself_is_synced(office: Office) -> None:
    office.house.simulator.services["instagram"].add_user("ada", posts=3)  # type: ignore[attr-defined]

    told = office.connect("1", "instagram", "--kind", "instagram-login").document

    assert told["kind"] == "instagram-login"
    assert told["credential"]["platform"] == "instagram"
    assert office.say("sync")["posts"]["synced"] > 0


def test_pages_at_linkedin_are_synced(office: Office) -> None:
    handle = office.house.simulator.services["linkedin"].populate(1, "Acme", 5)

    told = office.connect("1", "linkedin", "--account", handle.platform_account_id).document

    assert told["platform_account_id"] == handle.platform_account_id
    assert told["kind"] == "organization"
    assert office.say("sync")["posts"]["synced"] > 0


def test_linkedin_is_asked_for_all_that_people_gave_to_the_app_before(office: Office) -> None:
    linkedin = office.house.simulator.services["linkedin"]
    linkedin.populate(1, "Acme", 1)
    person = linkedin.people()[0].id
    pages = office.connect("1", "linkedin").document
    asked: list[str] = []

    def agree(address: str) -> None:
        asked.extend(parse_qs(urlsplit(address).query)["scope"][0].split())
        arrive(consent(address, person=person))

    member = office.connect("1", "linkedin", "--kind", "member", act=agree)

    assert member.status == 0, member
    assert set(pages["credential"]["scopes"]) < set(asked), "another set would end those tokens"
    told = member.document["credential"]
    assert (told["id"], told["healed"]) == (pages["credential"]["id"], True)
    assert set(told["scopes"]) == set(asked)
    assert office.say("sync")["outcome"] == "complete"


def test_no_code_is_ever_written_down(office: Office) -> None:
    reach_x(office)
    codes: list[str] = []

    def remember(address: str) -> None:
        back = consent(address)
        codes.append(parse_qs(urlsplit(back).query)["code"][0])
        arrive(back.replace("state=", "state=another"))
        arrive(back)

    result = office.connect("1", "x", act=remember)

    written = [file.read_bytes() for file in office.house.home.path.rglob("*") if file.is_file()]
    assert result.status == 0
    assert "another state" in result.errors
    for text in (*written, result.output.encode(), result.errors.encode()):
        assert not any(secret.encode() in text for secret in (*codes, *office.secrets()))


def test_a_map_places_accounts_and_refuses_what_it_can_not_place(
    office: Office, tmp_path: Path
) -> None:
    facebook = office.house.simulator.services["facebook"]
    ada = facebook.add_user("Ada", pages=2)  # type: ignore[attr-defined]
    first, second = ada.pages
    office.house.add_business("Bravo")
    file = tmp_path / "map.csv"
    lines = [f"{first},Bravo", f"{second},1", "999,1", f"{second},Nobody", f"{first},2"]
    file.write_text("\n".join(["platform_account_id,business", *lines]))

    result = office.connect("1", "facebook", "--map", str(file))

    assert result.status == 1, "as with other files: the rest is stored"
    placed = {one["platform_account_id"]: one["business_id"] for one in result.document["accounts"]}
    assert placed == {first: 2, second: 1}
    refused = {one["line"]: one["field"] for one in result.document["refused"]}
    assert refused == {4: "platform_account_id", 5: "business"}


def test_several_accounts_are_not_chosen_for_anybody(office: Office) -> None:
    facebook = office.house.simulator.services["facebook"]
    ada = facebook.add_user("Ada", pages=2)  # type: ignore[attr-defined]

    result = office.connect("1", "facebook")

    assert (result.status, result.error["code"]) == (2, "accounts_not_chosen")
    assert all(page in result.error["message"] for page in ada.pages)
    assert "--all" in result.error["hint"]
    assert office.say("account", "list") == {"accounts": []}
    wrong = office.connect("1", "facebook", "--account", "12345")
    assert (wrong.status, wrong.error["code"]) == (2, "account_not_reached")


def test_accounts_stay_with_their_business_when_a_log_in_is_repeated(office: Office) -> None:
    facebook = office.house.simulator.services["facebook"]
    ada = facebook.add_user("Ada", pages=2)  # type: ignore[attr-defined]
    first, second = ada.pages
    office.house.add_business("Bravo")
    office.connect("2", "facebook", "--account", first)
    before = office.say("account", "list")["accounts"]

    only_known = office.connect("1", "facebook").document
    everything = office.connect("1", "facebook", "--all").document

    assert only_known["credential"]["healed"] is True
    assert [one["platform_account_id"] for one in only_known["accounts"]] == [first]
    placed = {one["platform_account_id"]: one["business_id"] for one in everything["accounts"]}
    assert placed == {first: 2, second: 1}
    after = office.say("account", "list")["accounts"]
    assert before[0] in after, "the same account, with its history"


def test_a_log_in_heals_what_was_refused(office: Office) -> None:
    id = reach_x(office)
    first = office.connect("1", "x").document
    assert office.house.simulator.services["x"].withdraw(id)
    assert run(("sync", "--json")) == 77

    healed = office.connect("1", "x").document

    assert healed["credential"]["id"] == first["credential"]["id"]
    assert healed["id"] == first["id"]
    assert office.say("sync")["outcome"] == "complete"


def test_a_token_by_hand_is_replaced_by_the_log_in_of_the_same_account(office: Office) -> None:
    handle = office.house.simulator.services["x"].populate(1, "Acme", 2)
    by_hand = office.house.add_account(handle, 1)

    told = office.connect("1", "x").document

    assert told["id"] == by_hand.id
    assert told["credential"]["id"] != by_hand.credential_id
    listed = office.say("credential", "list")["credentials"]
    assert [one["id"] for one in listed] == [told["credential"]["id"]], "the old one is forgotten"


def test_a_log_in_of_which_nothing_is_kept_is_ended_at_x(office: Office) -> None:
    reach_x(office)

    result = office.connect("1", "x", "--account", "12345")

    assert result.status == 2
    (grant,) = office.house.simulator.services["x"].grants()[-1:]
    assert not grant.alive


def test_a_known_consent_has_its_new_token_even_when_no_account_is_added(office: Office) -> None:
    id = reach_x(office)
    office.connect("1", "x")
    assert office.house.simulator.services["x"].withdraw(id)
    assert run(("sync", "--json")) == 77

    assert office.connect("1", "x", "--account", "12345").status == 2

    assert office.say("sync")["outcome"] == "complete"
    assert office.house.simulator.services["x"].grants()[-1].alive


def test_a_pasted_answer_is_enough(office: Office) -> None:
    reach_x(office)

    result = office.connect(
        "1",
        "x",
        "--no-browser",
        pastes=(lambda _: "nonsense", lambda _: "http://127.0.0.1/?code=a&state=b", consent),
    )

    assert result.status == 0, result
    assert "lives 30 seconds" in result.errors
    assert "no code" in result.errors
    assert "another log-in" in result.errors


def test_nothing_is_stored_when_a_person_says_no_or_is_too_late(office: Office) -> None:
    reach_x(office)
    x = office.house.simulator.services["x"]

    denied = office.connect("1", "x", act=lambda address: arrive(consent(address, press="cancel")))
    late = office.connect(
        "1",
        "x",
        act=lambda address: (answer := consent(address), x.expire_codes(), arrive(answer)),
    )
    silent = office.connect("1", "x", "--no-browser", pastes=(lambda _: "",))

    assert (denied.status, denied.error["code"]) == (1, "login_denied")
    assert (late.status, late.error["code"]) == (2, "code_refused")
    assert (silent.status, silent.error["code"]) == (2, "answer_missing")
    assert office.say("account", "list") == {"accounts": []}


def test_what_was_not_granted_is_said_in_words(office: Office) -> None:
    facebook = office.house.simulator.services["facebook"]
    facebook.add_user("Ada", pages=1)  # type: ignore[attr-defined]

    result = office.connect(
        "1",
        "facebook",
        act=lambda address: arrive(consent(address, press="choose", without=["read_insights"])),
    )

    missing = result.document["credential"]["missing_scopes"]
    assert [one["name"] for one in missing] == ["read_insights"]
    assert all(one["needed_for"] for one in missing)


def test_without_an_app_all_that_a_person_must_do_is_said(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.delenv(f"ANALYTICS_SYNC_PLATFORMS__LINKEDIN__{name}", raising=False)

    result = office.connect("1", "linkedin", act=void)

    assert (result.status, result.error["code"]) == (78, "no_app")
    for part in ("linkedin.com/developers", "/callback", "r_organization_social", "ADMINISTRATOR"):
        assert part in result.error["message"]
    assert "app add linkedin" in result.error["hint"]


def test_mistakes_are_named_before_anybody_logs_in(office: Office, tmp_path: Path) -> None:
    empty = tmp_path / "map.csv"
    empty.write_text("page,business\n1,1\n")

    def refused(*arguments: str) -> str:
        result = office.connect(*arguments, act=void)
        assert result.status == 2, result
        return f"{result.error['message']} {result.error['hint']}"

    assert "no business" in refused("Nobody", "x")
    assert "exclude" in refused("1", "x", "--all", "--account", "1")
    assert "kind" in refused("1", "linkedin", "--kind", "page")
    assert "span" in refused("1", "x", "--timeout", "soon")
    assert "platform_account_id" in refused("1", "facebook", "--map", str(empty))
    assert "no x app 'mine'" in refused("1", "x", "--app", "mine")


def test_a_taken_port_is_told(office: Office) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        back = f"http://127.0.0.1:{taken.getsockname()[1]}/callback"
        office.monkeypatch.setenv("ANALYTICS_SYNC_PLATFORMS__X__REDIRECT_URI", back)
        desk = sit(office.monkeypatch)
        office.capsys.readouterr()
        status = run(("account", "connect", "1", "x", "--json"))

    error = json.loads(office.capsys.readouterr().out)["error"]
    assert (status, error["code"]) == (75, "port_taken")
    assert "--redirect-uri" in error["hint"]
    assert "Waiting" not in desk.getvalue()


def test_at_a_terminal_the_person_is_asked_for_app_and_accounts(office: Office) -> None:
    facebook = office.house.simulator.services["facebook"]
    ada = facebook.add_user("Ada", pages=3)  # type: ignore[attr-defined]
    for name in ("CLIENT_ID", "CLIENT_SECRET"):
        office.monkeypatch.delenv(f"ANALYTICS_SYNC_PLATFORMS__FACEBOOK__{name}")
    client = facebook.client()
    assert client is not None
    for name in ("first", "second"):
        sit(office.monkeypatch)
        office.monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"other-secret")))
        if name == "second":
            secret = client.client_secret.encode()
            office.monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(secret)))
        wanted = ("--name", name, "--client-id", client.client_id, "--client-secret-stdin")
        assert run(("app", "add", "facebook", *wanted, "--json")) == 0
    unasked = office.connect("1", "facebook", act=void)

    desk = sit(
        office.monkeypatch,
        lambda address: void(arrive(consent(address))),
        tuple(map(typed, ("9", "2", "nonsense", "1,3-3"))),
        at_terminal=True,
    )
    back = f"http://127.0.0.1:{free_port()}/callback"
    status = run(("account", "connect", "1", "facebook", "--redirect-uri", back))
    desk.finish()

    assert (unasked.status, unasked.error["code"]) == (2, "app_not_chosen")
    assert status == 0, desk.getvalue()
    assert desk.getvalue().count("Numbers from 1 to") == 2
    assert "Which are wanted" in desk.getvalue()
    pages = list(ada.pages)
    connected = [one["platform_account_id"] for one in office.say("account", "list")["accounts"]]
    assert connected == [pages[0], pages[2]]
    credentials = office.say("credential", "list")["credentials"]
    assert [one["app_id"] for one in credentials] == [2]


def typed(text: str) -> Callable[[str], str]:
    """A line that a person types whatever stands there."""
    return lambda _: text


@pytest.mark.parametrize(
    ("text", "picked"),
    [
        ("2", [1]),
        ("all", [0, 1, 2, 3]),
        ("1,3-4", [0, 2, 3]),
        (" 4 1 1", [3, 0]),
        ("0", []),
        ("5", []),
        ("3-9999999", []),
        ("-2", []),
        ("1;2", []),
        ("\u0661", []),
        ("", []),
    ],
)
def test_numbers_are_picked_as_people_write_them(text: str, picked: list[int]) -> None:
    assert numbers(text, 4) == picked
