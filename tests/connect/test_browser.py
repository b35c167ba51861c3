"""Every platform's log-in by a real browser against the simulated platforms' own pages.

The command is a process of its own, the platforms answer over HTTP, and the browser is a headless
Chromium that is driven as a person would drive it.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from analytics_sync.simulator.faults import Fault
from analytics_sync.simulator.server import serving
from support import chromium
from support.chromium import Connecting, click, heading, press
from support.desk import LISTENS
from support.house import House
from support.ports import free_port

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(chromium.why_not() is not None, reason=str(chromium.why_not())),
]
PASTES = "The code in it lives"
WAYS = {
    "x": ("x",),
    "linkedin": ("linkedin",),
    "facebook": ("facebook", "--all"),
    "instagram behind a page": ("instagram", "--kind", "facebook-login", "--all"),
    "instagram itself": ("instagram", "--kind", "instagram-login"),
}
EVERY_WAY = pytest.mark.parametrize("way", WAYS)


@dataclass
class World:
    """Made-up people with accounts, and the settings that lead a command to them."""

    house: House
    environ: dict[str, str]

    def connecting(self, way: str, *more: str) -> Connecting:
        platform, *rest = WAYS[way]
        back = f"http://127.0.0.1:{free_port()}/callback"
        return Connecting(
            self.environ, "1", platform, *rest, *more, "--redirect-uri", back, "--timeout", "3m"
        )

    def service(self, name: str) -> Any:
        return self.house.simulator.services[name]


@pytest.fixture(scope="module")
def driver() -> Iterator["Chrome"]:
    with chromium.browser() as opened:
        yield opened


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    house = House(tmp_path)
    house.add_business()
    made = World(house, {})
    for name in ("x", "linkedin"):
        made.service(name).populate(1, "Acme", 3)
    made.service("facebook").add_user("Ada", pages=3, instagram=2)
    made.service("instagram").add_user("acme")
    with serving(house.simulator) as origin:
        made.environ = {**house.environ, **house.simulator.settings(origin)}
        yield made


@EVERY_WAY
def test_a_person_who_agrees_is_connected(driver: "Chrome", world: World, way: str) -> None:
    with world.connecting(way) as command:
        driver.get(command.address(LISTENS))
        press(driver, "allow")
        text = heading(driver, "has arrived")
        status, told = command.ended()

    assert status == 0, told
    assert "This tab can be closed." in text
    assert len(told["accounts"]) == {"facebook": 3, "instagram behind a page": 2}.get(way, 1)
    assert told["credential"]["missing_scopes"] == []
    assert {one["platform"] for one in told["accounts"]} == {WAYS[way][0]}


@EVERY_WAY
def test_a_person_who_says_no_ends_it(driver: "Chrome", world: World, way: str) -> None:
    with world.connecting(way) as command:
        driver.get(command.address(LISTENS))
        press(driver, "cancel")
        heading(driver, "did not log you in")
        status, told = command.ended()

    assert (status, told["error"]["code"]) == (1, "login_denied")


@EVERY_WAY
def test_an_answer_with_another_state_is_refused_and_the_right_one_taken(
    driver: "Chrome", world: World, way: str
) -> None:
    with world.connecting(way) as command:
        address = command.address(LISTENS)
        back = command.said.partition(LISTENS)[2].split()[1]
        driver.get(f"{back}?code=stolen&state=made-up")
        heading(driver, "belongs to another log-in")
        assert command.is_running()
        driver.get(address)
        press(driver, "allow")
        heading(driver, "has arrived")
        status, told = command.ended()

    assert status == 0, told
    assert "another state" in command.said
    assert "stolen" not in command.said


@EVERY_WAY
def test_a_code_that_is_pasted_too_late_is_refused(
    driver: "Chrome", world: World, way: str
) -> None:
    with world.connecting(way, "--no-browser") as command:
        driver.get(command.address(PASTES))
        press_away(driver, "allow")
        # No platform's codes live longer.
        world.house.world.clock.advance(timedelta(hours=1, seconds=1))
        command.paste(driver.current_url)
        status, told = command.ended()

    assert status == 2, (command.said, told)
    assert told["error"]["code"] == "code_refused"


@EVERY_WAY
def test_of_two_browsers_the_first_wins_and_the_second_is_told(
    driver: "Chrome", world: World, way: str
) -> None:
    login_platform = "facebook" if "page" in way else WAYS[way][0]
    # Long enough for the second answer to come while the first is still being exchanged.
    world.house.world.faults.add(
        Fault("slow", login_platform, match="oauth2?/(v2/)?(access_?[tT]oken|token)", seconds=20)
    )
    with chromium.browser() as other, world.connecting(way) as command:
        address = command.address(LISTENS)
        for one in (driver, other):
            one.get(address)
        press(driver, "allow")
        heading(driver, "has arrived")
        press(other, "allow")
        heading(other, "answered already")
        status, told = command.ended()

    assert status == 0, told
    assert len(told["accounts"]) >= 1


def test_a_person_chooses_pages(driver: "Chrome", world: World) -> None:
    eve = world.service("facebook").add_user("Eve", pages=3)
    left, *taken = eve.roles()
    with world.connecting("facebook") as command:
        driver.get(command.address(LISTENS))
        click(driver, f"person-{eve.id}")
        press(driver, "choose")
        click(driver, f"page-{left}")
        press(driver, "allow")
        heading(driver, "has arrived")
        status, told = command.ended()

    assert status == 0, told
    assert {one["platform_account_id"] for one in told["accounts"]} == set(taken)


def test_one_person_with_forty_pages_is_connected_at_once(driver: "Chrome", world: World) -> None:
    bob = world.service("facebook").add_user("Bob", pages=22, owned_pages=10, client_pages=8)
    with world.connecting("facebook") as command:
        driver.get(command.address(LISTENS))
        click(driver, f"person-{bob.id}")
        press(driver, "allow")
        heading(driver, "has arrived")
        status, told = command.ended()

    assert status == 0, told
    assert {one["platform_account_id"] for one in told["accounts"]} == set(bob.roles())
    assert len(told["accounts"]) == 40
    assert len({one["credential_id"] for one in told["accounts"]}) == 1


def press_away(driver: "Chrome", id: str) -> None:
    """Press what leads to an address where nobody listens; the browser shows a page of its own."""
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver.support.wait import WebDriverWait

    with suppress(WebDriverException):
        press(driver, id)
    WebDriverWait(driver, chromium.PATIENCE).until(lambda one: "code=" in one.current_url)
