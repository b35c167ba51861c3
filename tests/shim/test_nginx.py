"""The page's recipes for nginx, with a real one in front of a real service."""

import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from support.listening import Quiet, listening
from support.ports import free_port
from support.served import Furnished, furnished
from support.started import service
from support.waiting import until

PAGE = Path(__file__).resolve().parents[2] / "docs/http.md"
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
NAME = "sync.example.com"
JOBS = "/api/v1/scheduler/jobs"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("nginx"),
    pytest.mark.skipif(
        NGINX is None or shutil.which("openssl") is None,
        reason="nginx or openssl is not installed (Debian: apt-get install nginx-light openssl)",
    ),
]


def recipes() -> list[str]:
    """The blocks of the page: the whole server, the log-in, the paths beside an application."""
    found = re.findall(r"^ *```nginx\n(.*?)^ *```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert len(found) == 3
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    with furnished(tmp_path_factory.mktemp("nginx"), "x") as made:
        yield made


@contextmanager
def nginx(folder: Path, text: str) -> Iterator[httpx.Client]:
    """nginx with this configuration, at a port and with a certificate of the test's."""
    certificate, key, port = folder / "certificate.pem", folder / "key.pem", free_port()
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj".split()
    names = ["-addext", f"subjectAltName=DNS:{NAME}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*make, f"/CN={NAME}", *names], check=True, capture_output=True)
    for old, new in (
        ("listen 443 ", f"listen 127.0.0.1:{port} "),
        ("/etc/ssl/certs/sync.example.com.pem", str(certificate)),
        ("/etc/ssl/private/sync.example.com.key", str(key)),
    ):
        assert old in text
        text = text.replace(old, new)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    # As the test's user, so that it may open the socket; the page says how www-data may.
    file = folder / "nginx.conf"
    user = "user root;\n" if os.geteuid() == 0 else ""
    file.write_text(
        f"{user}daemon off;\npid {folder}/pid;\nerror_log {folder}/errors;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{places}{text}\n}}\n"
    )
    process = subprocess.Popen([str(NGINX), "-p", str(folder), "-c", str(file)])
    try:
        trusted = ssl.create_default_context(cafile=str(certificate))
        with httpx.Client(
            base_url=f"https://127.0.0.1:{port}", verify=trusted, timeout=60, headers={"Host": NAME}
        ) as client:
            until(lambda: process.poll() is None and _listens(client))
            yield client
    finally:
        process.terminate()
        process.wait(30)


def _listens(client: httpx.Client) -> bool:
    try:
        ask(client, "GET", "/healthz")
    except httpx.TransportError:
        return False
    return True


def ask(client: httpx.Client, method: str, path: str, **headers: str) -> httpx.Response:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.request(method, path, headers=told, extensions={"sni_hostname": NAME})


def test_a_token_opens_the_socket_behind_tls(home: Furnished, tmp_path: Path) -> None:
    token = home.say("serve", "token", "add", "web")["token"]
    place = tmp_path / "http.sock"
    options = ("--uds", str(place), "--allow-host", NAME, "--require-token")
    text = recipes()[0].replace("/run/analytics-sync/http.sock", str(place))
    with service(home.environ, *options), nginx(tmp_path, text) as client:
        refused = ask(client, "GET", JOBS)
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "token_missing")
        bearer = f"Bearer {token}"
        assert ask(client, "GET", JOBS, Authorization=bearer).json()["success"]
        started = ask(client, "POST", "/api/v1/scheduler/trigger-sync", Authorization=bearer)
        assert (started.status_code, started.headers["location"][:13]) == (202, "/api/v1/runs/")
        place_of = started.headers["location"]
        until(lambda: ask(client, "GET", place_of, Authorization=bearer).json()["run"]["outcome"])
        strange = {"Origin": "https://evil.example", "Authorization": bearer}
        assert ask(client, "GET", JOBS, **strange).status_code == 403


class _LogIn(Quiet):
    """An application that knows its people by a cookie."""

    def do_GET(self) -> None:  # noqa: N802 - the name that the library calls
        self.send_response(204 if self.headers.get("Cookie") == "session=alice" else 401)
        self.end_headers()


def test_the_log_in_of_an_application_opens_it(home: Furnished, tmp_path: Path) -> None:
    place = tmp_path / "http.sock"
    whole, log_in, _ = recipes()
    text = re.sub(
        r"^    location / \{.*?^    \}\n", lambda _: log_in, whole, flags=re.DOTALL | re.MULTILINE
    )
    text = text.replace("/run/analytics-sync/http.sock", str(place))
    with (
        listening(_LogIn) as port,
        service(home.environ, "--uds", str(place), "--allow-host", NAME),
        nginx(tmp_path, text.replace("127.0.0.1:8000", f"127.0.0.1:{port}")) as client,
    ):
        assert ask(client, "GET", JOBS).status_code == 401
        alice = {"Cookie": "session=alice", "Authorization": "Bearer the application's own"}
        assert ask(client, "GET", JOBS, **alice).json()["success"]
        own = {**alice, "Origin": f"https://{NAME}", "Sec_Fetch_Site": "same-origin"}
        assert ask(client, "GET", "/docs", **own).status_code == 200
        strange = {**alice, "Origin": "https://evil.example", "Sec_Fetch_Site": "cross-site"}
        assert ask(client, "POST", "/api/v1/scheduler/trigger-sync", **strange).status_code == 403


def test_paths_are_shared_out_beside_an_application(home: Furnished, tmp_path: Path) -> None:
    whole, _, paths = recipes()
    with (
        listening(_LogIn) as port,
        service(home.environ, "--allow-host", NAME) as (address, _),
    ):
        mine = f"location / {{ proxy_pass http://127.0.0.1:{port}; }}\n"
        text = re.sub(
            r"^    location / \{.*?^    \}\n",
            lambda _: mine + paths,
            whole,
            flags=re.DOTALL | re.MULTILINE,
        ).replace("127.0.0.1:8004", address.removeprefix("http://"))
        with nginx(tmp_path, text) as client:
            assert ask(client, "GET", JOBS).json()["success"]
            assert ask(client, "GET", "/api/v1/runs/1").json()["run"]["id"] == 1
            assert ask(client, "GET", "/api/v1/mine", Cookie="session=alice").status_code == 204
