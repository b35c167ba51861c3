"""The floor of a sync: reads the numbers of posts on X with httpx and keeps them with sqlite3.

`bare.py batches DATABASE ORIGIN TOKEN` asks by the hundred, four requests at a time;
`bare.py singly DATABASE ORIGIN TOKEN` sends one request and makes one commit for each post.
The posts stand in the table `post` of the database.
"""

import asyncio
import json
import sqlite3
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any

import httpx

FIELDS = "public_metrics,non_public_metrics,edit_history_tweet_ids"
METRICS = ("impression_count", "like_count", "reply_count", "retweet_count", "bookmark_count")
SCHEMA = """
    CREATE TABLE IF NOT EXISTS reading (post_id TEXT, captured_at INTEGER, impressions INTEGER,
        likes INTEGER, comments INTEGER, shares INTEGER, saves INTEGER, extra TEXT,
        PRIMARY KEY (post_id, captured_at)) WITHOUT ROWID
"""


def main() -> None:
    way, path, origin, token = sys.argv[1:]
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute(SCHEMA)
        ids = [row[0] for row in database.execute("SELECT id FROM post")]
        if way == "batches":
            batches = [ids[start : start + 100] for start in range(0, len(ids), 100)]
            asyncio.run(read_batches(database, batches, origin, token))
        else:
            read_singly(database, ids, origin, token)


async def read_batches(
    database: sqlite3.Connection, batches: list[list[str]], origin: str, token: str
) -> None:
    gate = asyncio.Semaphore(4)
    now = time.time_ns() // 1_000_000

    async def read(client: httpx.AsyncClient, batch: list[str]) -> None:
        async with gate:
            answer = await client.get(url(origin, batch), headers=headers(token))
        store(database, rows(answer, now))

    async with httpx.AsyncClient(timeout=30) as client:
        await asyncio.gather(*(read(client, batch) for batch in batches))


def read_singly(database: sqlite3.Connection, ids: list[str], origin: str, token: str) -> None:
    now = time.time_ns() // 1_000_000
    with httpx.Client(timeout=30) as client:
        for id in ids:
            answer = client.get(url(origin, [id]), headers=headers(token))
            store(database, rows(answer, now))
            database.commit()


def url(origin: str, ids: list[str]) -> str:
    return f"{origin}/2/tweets?ids={','.join(ids)}&tweet.fields={FIELDS}"


def headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def rows(answer: httpx.Response, now: int) -> Iterator[tuple[Any, ...]]:
    answer.raise_for_status()
    for post in answer.json()["data"]:
        told = {**post["public_metrics"], **post["non_public_metrics"]}
        yield post["id"], now, *(told[name] for name in METRICS), json.dumps(told)


def store(database: sqlite3.Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    database.executemany("INSERT OR REPLACE INTO reading VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)


if __name__ == "__main__":
    main()
