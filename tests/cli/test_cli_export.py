"""`export`: to a file, to standard output, and what it refuses."""

import csv
import io
import json

import pytest

from analytics_sync.store.exports import EXPORT_COLUMNS
from support.command import Command

PLACE = {"business_id": 1, "platform": "x", "platform_account_id": "10"}


@pytest.fixture
def filled(command: Command) -> Command:
    """Two posts with three readings."""
    command.call("business", "add", "Acme")
    added = ("account", "add", "1", "x", "--platform-account-id", "10", "--token-stdin")
    command.call(*added, "--no-check", stdin=b"planted-token-1")
    rows = [
        {
            **PLACE,
            "platform_post_id": post,
            "published_at": "2026-11-01T00:00:00Z",
            "captured_at": f"2026-11-{day}T00:00:00Z",
            "likes": int(day),
        }
        for post, day in (("5", "10"), ("5", "12"), ("6", "11"))
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    assert command.call("import", "-", stdin=text.encode()).document["imported"] == 3
    return command


def test_csv_on_standard_output(filled: Command):
    result = filled.say("export", "csv")
    assert result.status == 0
    found = list(csv.DictReader(io.StringIO(result.output)))
    assert list(found[0]) == list(EXPORT_COLUMNS)
    assert [(row["likes"], row["shares"]) for row in found] == [("10", ""), ("12", ""), ("11", "")]
    assert filled.say("export", "csv", "-").output == result.output


def test_json_lines_on_standard_output(filled: Command):
    found = [json.loads(line) for line in filled.say("export", "jsonl").output.splitlines()]
    assert [row["captured_at"] for row in found] == [
        "2026-11-10T00:00:00Z",
        "2026-11-12T00:00:00Z",
        "2026-11-11T00:00:00Z",
    ]
    assert found[0]["extra"] == {}


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_a_file_answers_how_many_rows(filled: Command, tmp_path, format: str):
    file = tmp_path / f"history.{format}"
    result = filled.call("export", format, str(file))
    assert (result.status, result.document) == (0, {"exported": 3, "file": str(file)})
    assert "Exported 3 rows" in filled.say("export", format, str(file)).output
    assert [path.name for path in tmp_path.iterdir() if "history" in path.name] == [file.name]


def test_rows_are_chosen(filled: Command, tmp_path):
    def rows(*options: str) -> int:
        return int(
            filled.call("export", "jsonl", str(tmp_path / "x"), *options).document["exported"]
        )

    assert rows("--latest") == 2
    assert rows("--since", "2026-11-11") == 2
    assert rows("--until", "2026-11-11") == 1
    assert rows("--since", "2026-11-11T00:00:00Z", "--until", "2026-11-12") == 1
    assert rows("--business", "Acme") == 3


def test_what_is_refused(filled: Command, tmp_path):
    file = str(tmp_path / "x")
    filled.refuse(2, "usage", "export", "csv")
    filled.refuse(2, "usage", "export", "csv", "-")
    filled.refuse(2, "usage", "export", "xlsx", file)
    filled.refuse(2, "unknown_business", "export", "csv", file, "--business", "9")
    filled.refuse(2, "usage", "export", "csv", file, "--since", "soon")
    filled.refuse(
        2, "usage", "export", "csv", file, "--since", "2026-11-12", "--until", "2026-11-12"
    )
    filled.refuse(2, "file_unwritable", "export", "csv", str(tmp_path / "no" / "x"))
    filled.refuse(2, "file_unwritable", "export", "csv", str(tmp_path))
    assert not (tmp_path / "x").exists()


def test_a_name_that_is_no_text_is_written_and_told(filled: Command, tmp_path):
    name = str(tmp_path / "caf\udce9.csv")
    assert filled.call("export", "csv", name).document["exported"] == 3
    assert len(list(tmp_path.glob("caf*"))) == 1
