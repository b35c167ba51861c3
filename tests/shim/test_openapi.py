"""What the service does is what its description says, tried by schemathesis.

No check of schemathesis is left out. Three endpoints may answer 422 to what the description allows,
because of rules that a JSON schema can't say; there, and only there, `positive_data_acceptance`
takes that status for an answer:

- `GET .../posts` and `GET .../history`: a cursor must be one that was given out for this listing;
- `GET .../summary`: `until` must not lie before `since`;
- `POST /api/v1/posts`: ids have the form of their platform, and belong to an account that is there.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from pydantic import BaseModel

from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.shim import router
from analytics_sync.shim.gate import Rules
from analytics_sync.shim.service import build
from analytics_sync.shim.shapes import Numbers
from support.served import Furnished, furnished
from support.started import service
from support.waiting import until

RULED = (
    ("GET", "/api/v1/businesses/{business_id}/posts"),
    ("GET", "/api/v1/posts/{platform}/{platform_post_id}/history"),
    ("GET", "/api/v1/businesses/{business_id}/summary"),
    ("POST", "/api/v1/posts"),
)
# What the check takes by itself, and 422.
TAKEN = ["2xx", "3xx", "401", "403", "404", "409", "422", "429", "5xx"]


PROGRAM = str(Path(sys.executable).with_name("schemathesis"))
EXAMPLES = 100
PHASES = ("Coverage", "Fuzzing", "Stateful")


def test_each_reading_endpoint_answers_as_it_is_described(ask) -> None:
    import schemathesis

    app = build(Rules(hosts=frozenset(["testserver"])))

    async def as_local(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "client": ("127.0.0.1", 50_000)}, receive, send)

    schema = schemathesis.openapi.from_asgi("/openapi.json", as_local).include(method="GET")
    tried = 0
    for found in schema.get_all_operations():

        @settings(max_examples=4, database=None, suppress_health_check=list(HealthCheck))
        @given(case=found.ok().as_strategy())
        def test(case: Any) -> None:
            case.call_and_validate(excluded_checks=[*ruled(case)])

        test()
        tried += 1
    assert tried == 9


def ruled(case: Any) -> Iterator[Any]:
    from schemathesis import checks

    if (case.method, case.path) in RULED:
        yield checks.CHECKS.get_one("positive_data_acceptance")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    with furnished(tmp_path_factory.mktemp("described"), "x", "linkedin", businesses=2) as made:
        yield made
        until(lambda: no_run_goes_on(made))


def no_run_goes_on(home: Furnished) -> bool:
    return all(run["outcome"] for run in home.say("runs")["runs"])


def was_overtaken(home: Furnished, run: Any) -> bool:
    """Whether it came to its accounts when a run of all businesses was there already."""
    accounts = home.say("runs", str(run["id"]))["accounts"]
    return bool(accounts) and all(one["outcome"] == "busy" for one in accounts)


def configured(folder: Path) -> Path:
    """A file of settings: 422 as an answer where the description can't say all."""
    tables = [
        f"[[operations]]\ninclude-method = {method!r}\ninclude-path = {path!r}\n"
        f"[operations.checks.positive_data_acceptance]\nexpected-statuses = {TAKEN}\n"
        for method, path in RULED
    ]
    file = folder / "schemathesis.toml"
    file.write_text("\n".join(tables), "utf-8")
    return file


def schemathesis_says(address: str, folder: Path, *more: str) -> str:
    """Try everything; gives what it says of it."""
    done = subprocess.run(
        [
            *(PROGRAM, "--config-file", str(configured(folder))),
            *("run", f"{address}/openapi.json", "--checks", "all", "--no-color"),
            *("--max-examples", str(EXAMPLES), "--continue-on-failure"),
            *("--request-timeout", "60", "--suppress-health-check", "all", *more),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.xdist_group("described service")
@pytest.mark.parametrize("with_token", [False, True], ids=["local", "with token"])
def test_schemathesis_finds_nothing(home: Furnished, tmp_path: Path, *, with_token: bool) -> None:
    options, header = (), ()
    if with_token:
        token = home.say("serve", "token", "add", "schemathesis")["token"]
        options, header = ("--require-token",), ("--header", f"Authorization: Bearer {token}")
    with service(home.environ, *options) as (address, _):
        said = schemathesis_says(address, tmp_path, *header)
        until(lambda: no_run_goes_on(home))
    for phase in PHASES:
        assert f"✅  {phase} (in " in said
    runs = home.say("runs")["runs"]
    for run in runs:
        assert run["outcome"] in {"complete", "partial"} or was_overtaken(home, run)
    assert "api" in {run["trigger"] for run in runs}


def test_the_canonical_columns_are_described() -> None:
    assert [name for name in Numbers.model_fields if name != "extra"] == list(COLUMNS)


def test_another_application_keeps_the_names_of_its_own_forms() -> None:
    class Post(BaseModel):
        title: str

    application = FastAPI()

    @application.post("/posts")
    def publish(post: Post) -> Post:
        return post

    application.include_router(router)
    names = application.openapi()["components"]["schemas"]
    assert {"Post", "AnalyticsSyncPost"} <= set(names)


def test_where_another_method_is_tried_all_that_serve_are_named(ask) -> None:
    answer = ask("PUT", "/api/v1/scheduler/business/1/schedule")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST, DELETE")


def test_bytes_that_are_no_text_are_refused_like_other_wrong_values(ask) -> None:
    headers = {"Content-Type": "application/json"}
    for body in (b"\xff\xfe", b"[" * 100_000):
        answer = ask.post("/api/v1/posts", content=body, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid")
