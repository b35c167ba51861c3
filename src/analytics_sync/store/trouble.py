"""Turns what SQLite reports into words, and says what to do. Loads nothing."""

from analytics_sync.errors import StoreUnusable

# Parts of SQLite's messages, with what is wrong and what to do.
SQLITE_TROUBLE = (
    (
        "file is not a database",
        "is not an SQLite database",
        "Move it away, or name another file in database_url.",
    ),
    (
        "malformed",
        "is damaged",
        "Restore a backup; `sqlite3 FILE .recover` may save what is in it.",
    ),
    (
        "readonly",
        "can't be written",
        "Check the owner and the rights of the file and of its folder.",
    ),
    (
        "unable to open",
        "can't be opened",
        "Check that its folder exists and may be read and written.",
    ),
    (
        "is full",
        "can't grow: the disk is full",
        "Make room and run again; nothing that was stored is lost.",
    ),
    (
        "locked",
        "is held by another process",
        "Try again in a moment; `runs` shows what is running.",
    ),
    ("disk i/o", "can't be read or written: the disk reports an error", "Check the disk."),
    (
        "no such table",
        "has none of this program's tables",
        "Run `analytics-sync db upgrade`.",
    ),
    (
        "no such column",
        "has another schema than this release",
        "Run `analytics-sync db upgrade`.",
    ),
)


def sqlite_unusable(path: str, error: BaseException) -> StoreUnusable:
    text = str(error)
    for part, wrong, todo in SQLITE_TROUBLE:
        if part in text.lower():
            return StoreUnusable(f"The database {path} {wrong}.", hint=todo)
    return StoreUnusable(f"The database {path} can't be used: {text}.")
