"""The history as CSV, JSON Lines and Parquet: the same rows, nothing made up, nothing lost."""

import csv
import io
import json
import sys
from datetime import UTC, datetime, timedelta

import pyarrow.parquet
import pytest
from sqlalchemy import update

from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.errors import ConfigurationInvalid, WrongUsage
from analytics_sync.files import export as module
from analytics_sync.files import parquet
from analytics_sync.files.export import export
from analytics_sync.files.formats import Format
from analytics_sync.store import exports
from analytics_sync.store.exports import EXPORT_COLUMNS, Wanted, rows
from analytics_sync.store.tables import post
from support.file_desk import NOW

START = datetime(2026, 11, 21, 8, 0, 0, 250_000, tzinfo=UTC)


def reading(post, hour, business=1, **said):
    account = {"business_id": business, "platform": "x", "platform_account_id": f"{business}0"}
    return {
        **account,
        "platform_post_id": post,
        "published_at": "2026-11-20T10:00:00Z",
        "captured_at": (START + timedelta(hours=hour)).isoformat(),
        **said,
    }


@pytest.fixture
def filled(desk):
    """Two businesses; three posts with seven readings."""
    desk.business("Other")
    desk.account(business=2, platform_account_id="20")
    readings = [
        reading(
            "1990000000000000001", 0, impressions=0, extra={"impression_count": 0, "rate": 0.5}
        ),
        reading("1990000000000000001", 1, impressions=5, likes=2, extra={"impression_count": 5}),
        reading("1990000000000000001", 2, likes=3, extra={"Übersicht": 3}),
        *(reading("2", hour, business=2, watch_time_ms=2**62 + hour) for hour in range(3)),
        reading("3", 1, clicks=1),
    ]
    told = desk.installation("".join(json.dumps(line) + "\n" for line in readings))
    assert told["imported"] == 7
    return desk


def written(desk, format, tmp_path, **wanted):
    file = tmp_path / f"out.{format}"
    count = export(desk.database, Wanted(**wanted), Format(format), str(file))
    return count, file


def expected(desk, **wanted):
    return [dict(row) for row in rows(desk.database, Wanted(**wanted))]


def test_csv_has_the_columns_in_order_and_nothing_for_what_was_not_said(filled, tmp_path):
    count, file = written(filled, "csv", tmp_path)
    lines = file.read_text(encoding="utf-8").splitlines()
    assert count == 7
    assert lines[0] == ",".join(EXPORT_COLUMNS)
    assert lines[1].startswith(
        "1,x,10,1990000000000000001,2026-11-20T10:00:00Z,2026-11-21T08:00:00.250Z,0,,,,,,,,,"
    )
    assert len(lines) == 8
    found = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))
    assert json.loads(found[2]["extra"]) == {"Übersicht": 3}
    assert "Übersicht" in found[2]["extra"]


def test_json_lines_have_null_and_objects(filled, tmp_path):
    count, file = written(filled, "jsonl", tmp_path)
    found = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert count == len(found) == 7
    assert list(found[0]) == list(EXPORT_COLUMNS)
    assert (found[0]["impressions"], found[0]["likes"]) == (0, None)
    assert found[0]["extra"] == {"impression_count": 0, "rate": 0.5}
    assert found[0]["platform_post_id"] == "1990000000000000001"
    assert found[0]["captured_at"] == "2026-11-21T08:00:00.250Z"


def test_parquet_has_typed_columns_and_the_same_values(filled, tmp_path):
    count, file = written(filled, "parquet", tmp_path)
    table = pyarrow.parquet.read_table(file)
    assert count == table.num_rows == 7
    types = {field.name: str(field.type) for field in table.schema}
    assert list(types) == list(EXPORT_COLUMNS)
    assert types["captured_at"] == types["published_at"] == "timestamp[ms, tz=UTC]"
    assert {types[name] for name in (*COLUMNS, "business_id")} == {"int64"}
    assert types["platform_post_id"] == types["extra"] == "string"
    found = [{**row, "extra": json.loads(row["extra"])} for row in table.to_pylist()]
    assert found == expected(filled)


def test_parquet_is_written_in_groups(filled, tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "GROUP", 2)
    _, file = written(filled, "parquet", tmp_path)
    read = pyarrow.parquet.ParquetFile(file)
    assert (read.metadata.num_row_groups, read.metadata.num_rows) == (4, 7)


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_an_empty_history_is_a_file_too(desk, tmp_path, format):
    count, file = written(desk, format, tmp_path)
    assert count == 0
    assert file.exists()
    if format == "parquet":
        assert pyarrow.parquet.read_table(file).column_names == list(EXPORT_COLUMNS)
    if format == "csv":
        assert file.read_text(encoding="utf-8") == ",".join(EXPORT_COLUMNS) + "\n"


def test_latest_is_one_row_a_post_with_what_was_said_last(filled, tmp_path):
    count, file = written(filled, "jsonl", tmp_path, newest_only=True)
    found = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert count == 3
    first = next(row for row in found if row["platform_post_id"] == "1990000000000000001")
    assert (first["impressions"], first["likes"]) == (5, 3)
    assert first["extra"] == {"impression_count": 5, "rate": 0.5, "Übersicht": 3}


def test_latest_leaves_out_what_another_id_stands_for_now(filled):
    with filled.database.write() as connection:
        connection.execute(
            update(post).where(post.c.platform_post_id == "3").values(state="superseded")
        )
    found = expected(filled, newest_only=True)
    assert {row["platform_post_id"] for row in found} == {"1990000000000000001", "2"}
    assert len(expected(filled)) == 7


def test_business_and_times_choose_rows(filled):
    assert len(expected(filled, business_id=2)) == 3
    assert len(expected(filled, business_id=9)) == 0
    middle = START + timedelta(hours=1)
    assert len(expected(filled, since=middle)) == 5
    assert len(expected(filled, until=middle)) == 2
    assert len(expected(filled, since=middle, until=middle + timedelta(hours=1))) == 3
    assert len(expected(filled, newest_only=True, since=middle + timedelta(hours=1))) == 2


@pytest.mark.parametrize("posts", [1, 2, 500])
@pytest.mark.parametrize("page", [1, 2, 3, 7])
@pytest.mark.parametrize("business", [None, 1])
def test_pages_of_any_size_give_the_same_rows(filled, monkeypatch, page, posts, business):
    whole = expected(filled, business_id=business)
    monkeypatch.setattr(exports, "POSTS", posts)
    assert [dict(row) for row in rows(filled.database, Wanted(business), page)] == whole
    assert len(whole) == (7 if business is None else 4)


def test_a_long_export_keeps_no_transaction_open(filled):
    found = rows(filled.database, Wanted(), page=2)
    next(found)
    with filled.database.write():
        assert len(list(found)) == 6


def test_rows_of_a_removed_account_are_exported_too(filled):
    from analytics_sync.store import accounts

    with filled.database.write() as connection:
        accounts.remove(connection, 2, NOW)
    assert len(expected(filled)) == 7


def test_each_kind_of_database_exports_alike(each_desk):
    told = each_desk.installation(
        "".join(json.dumps(reading("2", hour, likes=hour)) + "\n" for hour in range(5))
    )
    assert told["imported"] == 5
    assert [row["likes"] for row in rows(each_desk.database, Wanted(1), page=2)] == [0, 1, 2, 3, 4]


def test_parquet_goes_through_a_pipe_but_not_to_a_terminal(filled, monkeypatch):
    through = io.BytesIO()

    class Output:
        buffer = through

        def isatty(self):
            return False

    monkeypatch.setattr(sys, "stdout", Output())
    assert export(filled.database, Wanted(), Format.PARQUET, "-") == 7
    assert pyarrow.parquet.read_table(io.BytesIO(through.getvalue())).num_rows == 7
    monkeypatch.setattr(Output, "isatty", lambda _: True)
    with pytest.raises(WrongUsage, match="terminal"):
        export(filled.database, Wanted(), Format.PARQUET, "-")


def test_parquet_without_its_package_says_how_to_get_it(desk, tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "find_spec", lambda name: None)
    with pytest.raises(ConfigurationInvalid) as raised:
        written(desk, "parquet", tmp_path)
    assert raised.value.code == "extra_missing"
    assert "pip install 'analytics-sync[parquet]'" in raised.value.hint
    assert not (tmp_path / "out.parquet").exists()


def test_a_failure_on_the_way_leaves_no_file(filled, tmp_path, monkeypatch):
    def broken(*_):
        yield next(iter(rows(filled.database, Wanted())))
        raise RuntimeError("stop")

    monkeypatch.setattr(module, "rows", broken)
    for format in Format:
        with pytest.raises(RuntimeError, match="stop"):
            written(filled, format, tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(("out", "."))] == []


def test_a_csv_export_read_by_the_csv_module_gives_the_same_values(filled, tmp_path):
    _, file = written(filled, "csv", tmp_path)
    with file.open(newline="", encoding="utf-8") as opened:
        found = list(csv.DictReader(opened))
    for row, stored in zip(found, expected(filled), strict=True):
        assert {name: int(row[name]) if row[name] else None for name in COLUMNS} == {
            name: stored[name] for name in COLUMNS
        }
        assert json.loads(row["extra"]) == stored["extra"]
        assert datetime.fromisoformat(row["captured_at"]) == stored["captured_at"]
