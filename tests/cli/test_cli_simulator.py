"""`simulator`: what it prints is enough to log in at what it serves."""

import json
import signal
import subprocess
import sys
from urllib.parse import urlencode

import httpx


def test_what_it_prints_leads_to_a_log_in():
    program = subprocess.Popen(
        [sys.executable, "-m", "analytics_sync", "simulator", "--json", "--businesses", "1"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    try:
        told, text = None, ""
        while told is None:
            line = program.stdout.readline()
            assert line, text
            text += line
            try:
                told = json.loads(text)
            except ValueError:
                continue
        settings = {
            name.removeprefix("ANALYTICS_SYNC_PLATFORMS__LINKEDIN__"): value
            for name, value in told["settings"].items()
        }
        assert told["people"]["linkedin"] == ["Admin Business 1", "Sim Person"]
        asked = {
            "client_id": settings["CLIENT_ID"],
            "redirect_uri": "http://localhost:1/callback",
            "response_type": "code",
            "scope": "openid",
        }
        page = httpx.get(f"{settings['AUTHORIZE_URL']}?{urlencode(asked)}", timeout=120)
        assert 'id="allow"' in page.text
    finally:
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=120)
