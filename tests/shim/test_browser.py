"""A real browser without a network: the documentation works, and pages of other origins get nothing."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from support import chromium
from support.listening import Quiet, listening
from support.served import Furnished, furnished
from support.started import service
from support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser before the service")]
# Names lead to this machine or nowhere, as after a rebinding of DNS.
RULES = "MAP evil.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
# Values for the parameters of paths and for queries that must be there.
VALUES = {
    "business_id": "1",
    "run_id": "1",
    "platform": "x",
    "platform_post_id": "1",
    "interval_hours": "1",
}


@dataclass
class Place:
    """The service, the home behind it, and the browser in front."""

    address: str
    home: Furnished
    browser: Any

    def ask(self, path: str) -> Any:
        return httpx.get(f"{self.address}{path}", timeout=60).json()

    def state(self) -> Any:
        """What anybody could have changed."""
        runs = [one["id"] for one in self.home.say("runs")["runs"]]
        posts = len(self.home.say("post", "list")["posts"])
        return runs, posts, self.ask("/api/v1/scheduler/jobs")["jobs"]

    def described(self) -> list[tuple[str, str]]:
        """Method and address of each endpoint that is described."""
        found = []
        for path, methods in self.ask("/openapi.json")["paths"].items():
            for method, one in methods.items():
                query = "&".join(
                    f"{each['name']}={VALUES[each['name']]}"
                    for each in one.get("parameters", ())
                    if each["in"] == "query" and each["name"] in VALUES
                )
                found.append((method.upper(), path.format(**VALUES) + (query and f"?{query}")))
        return found

    def all(self) -> list[tuple[str, str]]:
        """The same, and the descriptions."""
        pages = ("/docs", "/openapi.json", "/docs/start.js")
        return [*(("GET", page) for page in pages), *self.described()]

    def events(self, kind: str) -> list[dict[str, Any]]:
        """What the browser noted of its network; what was noted before is gone."""
        noted = [
            json.loads(one["message"])["message"] for one in self.browser.get_log("performance")
        ]
        return [one["params"] for one in noted if one["method"] == f"Network.{kind}"]

    def answers(self) -> list[tuple[str, int]]:
        """Address and status of what the service answered the browser."""
        told = [one["response"] for one in self.events("responseReceived")]
        ours = [one for one in told if one["url"].startswith(f"{self.address}/")]
        return [(one["url"].removeprefix(self.address), one["status"]) for one in ours]

    def requested(self) -> list[str]:
        return [one["request"]["url"] for one in self.events("requestWillBeSent")]


@contextmanager
def offline_browser(profile: Path) -> Iterator[Any]:
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = str(chromium.found("chromium"))
    switches = (f"--user-data-dir={profile}", f"--host-resolver-rules={RULES}")
    for switch in (*chromium.SWITCHES, *switches, "--window-size=1280,1600"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=Service(chromium.found("chromedriver")))
    try:
        driver.set_page_load_timeout(chromium.PATIENCE)
        driver.set_script_timeout(chromium.PATIENCE)
        yield driver
    finally:
        driver.quit()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    reason = chromium.why_not()
    if reason is not None:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("browser")
    with (
        furnished(folder, "x") as home,
        service(home.environ) as (address, _),
        offline_browser(folder / "profile") as browser,
    ):
        yield Place(address, home, browser)


def operation(place: Place, method: str, path: str) -> Any:
    """The block of an operation on the documentation's page, opened."""
    from selenium.webdriver.common.by import By

    def look() -> Any:
        for one in place.browser.find_elements(By.CSS_SELECTOR, f".opblock-{method.lower()}"):
            if (
                one.find_element(By.CSS_SELECTOR, ".opblock-summary-path").text.replace(
                    "\u200b", ""
                )
                == path
            ):
                return one
        return None

    block = until(look, chromium.PATIENCE)
    block.find_element(By.CSS_SELECTOR, ".opblock-summary-control").click()
    return block


def execute(block: Any) -> tuple[str, str]:
    """Press the button; gives status and body as the page shows them."""
    from selenium.webdriver.common.by import By

    button = until(lambda: block.find_elements(By.CSS_SELECTOR, "button.execute"))[0]
    button.click()
    row = "table.live-responses-table tr.response"
    body = until(lambda: block.find_elements(By.CSS_SELECTOR, f"{row} .highlight-code pre"))[0]
    status = block.find_element(By.CSS_SELECTOR, f"{row} .response-col_status").text
    return status.split()[0], body.text


def test_the_documentation_is_shown_without_a_network_and_calls_are_tried_from_it(
    place: Place,
) -> None:
    from selenium.webdriver.common.by import By

    place.browser.get_log("browser")
    place.browser.get(f"{place.address}/docs")
    described = len(place.described())
    until(lambda: len(place.browser.find_elements(By.CSS_SELECTOR, ".opblock")) == described)
    status, body = execute(operation(place, "GET", "/healthz"))
    assert (status, json.loads(body)) == ("200", {"success": True, "database": "reachable"})
    status, body = execute(operation(place, "POST", "/api/v1/scheduler/trigger-sync"))
    assert status == "202"
    id = json.loads(body)["run_id"]
    until(lambda: place.ask(f"/api/v1/runs/{id}")["run"]["outcome"] == "complete")
    asked = [one for one in place.requested() if one.startswith("http")]
    assert f"{place.address}/docs/swagger-ui-bundle.js" in asked
    assert {one for one in asked if not one.startswith(f"{place.address}/")} == set()
    assert place.browser.get_log("browser") == []


ATTACK = """
const [origin, endpoints, done] = arguments;
const told = [];
const frame = document.createElement("iframe");
frame.name = "frame";
document.body.append(frame);
const ended = (element) => new Promise((resolve) => {
  element.onload = () => resolve("load");
  element.onerror = () => resolve("error");
});
const ask = async (how, url, options) => {
  try {
    const answer = await fetch(url, options);
    told.push([how, url, answer.type, answer.status, (await answer.text()).length]);
  } catch (error) {
    told.push([how, url, error.name]);
  }
};
const show = async (name, url) => {
  const element = document.createElement(name);
  element[name === "link" ? "href" : "src"] = url;
  if (name === "link") element.rel = "stylesheet";
  const end = ended(element);
  document.body.append(element);
  told.push([name, url, await end]);
  element.remove();
};
const submit = async (method, url, type) => {
  const form = document.createElement("form");
  Object.assign(form, { method, action: url, target: "frame", enctype: type });
  const end = ended(frame);
  document.body.append(form);
  form.submit();
  told.push(["form", url, await end]);
  form.remove();
};
const post = { business_id: 1, platform: "x", platform_post_id: "1900000000000000001",
  published_at: "2026-11-23T14:00:00Z" };
(async () => {
  for (const [method, path] of endpoints) {
    const url = origin + path;
    const body = method === "POST" ? JSON.stringify(post) : undefined;
    await ask("cors", url, { method });
    await ask("cors with log-in", url, { method, credentials: "include", body });
    await ask("cors as JSON", url, { method, body, headers: { "Content-Type": "application/json" } });
    await ask("cors with token", url, { method, headers: { Authorization: "Bearer guessed" } });
    if (method !== "DELETE") {
      await ask("no-cors", url, { method, mode: "no-cors", body });
      await submit(method, url, "text/plain");
      await submit(method, url, "application/x-www-form-urlencoded");
    }
    for (const name of ["img", "script", "link", "iframe"]) await show(name, url);
    navigator.sendBeacon(url, JSON.stringify(post));
  }
  done(told);
})();
"""


class _Page(Quiet):
    """An empty page, whatever is asked."""

    def do_GET(self) -> None:  # noqa: N802 - the name that the library calls
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>evil</title><link rel=icon href=data:,><body>")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost"])
def test_a_page_of_another_origin_gets_nothing_by_any_way(place: Place, host: str) -> None:
    before = place.state()
    with listening(_Page) as port:
        place.browser.get(f"http://{host}:{port}/")
        place.answers()
        told = place.browser.execute_async_script(ATTACK, place.address, place.all())
    answers = place.answers()
    assert {status for _, status in answers} == {403}
    assert {path for _, path in place.all()} <= {path for path, _ in answers}
    seen = {(how, what) for how, _, what in told if how not in {"form", "iframe"}}
    by_script = {"cors", "cors with log-in", "cors as JSON", "cors with token", "no-cors"}
    shown = {"img", "script", "link"}
    assert seen == {(how, "TypeError") for how in by_script} | {(how, "error") for how in shown}
    assert place.state() == before


MINE = """
const [origin, done] = arguments;
(async () => {
  const list = await fetch(origin + "/api/v1/businesses/1/posts");
  const made = await fetch(origin + "/api/v1/scheduler/business/1/schedule?interval_hours=48",
    { method: "POST", headers: { "Content-Type": "application/json" } });
  const gone = await fetch(origin + "/api/v1/scheduler/business/1/schedule", { method: "DELETE" });
  done([list.headers.get("ETag"), (await list.json()).posts.length, made.status, gone.status]);
})().catch((error) => done(String(error)));
"""


def test_a_page_of_ones_own_frontend_may_ask_change_and_read(place: Place) -> None:
    with listening(_Page) as port:
        mine = f"http://evil.example:{port}"
        with service(place.home.environ, "--allow-origin", mine) as (address, _):
            place.browser.get(mine)
            told = place.browser.execute_async_script(MINE, address)
            etag, posts, *statuses = told
    assert etag.startswith('"')
    assert (posts, statuses) == (len(place.home.say("post", "list")["posts"]), [200, 200])


def test_a_name_that_now_leads_here_is_refused(place: Place) -> None:
    """DNS rebinding: the page's own name is made to mean this machine."""
    from selenium.webdriver.common.by import By

    port = place.address.rpartition(":")[2]
    for path in ("/docs", "/api/v1/scheduler/jobs"):
        place.browser.get(f"http://evil.example:{port}{path}")
        assert "host_unknown" in place.browser.find_element(By.TAG_NAME, "body").text
