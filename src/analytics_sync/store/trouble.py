"""Turns what SQLite reports into words, and says what to do. Loads nothing."""

from analytics_sync.errors import Busy, StoreUnusable

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
        "Check that its folder exists, and that folder and file may be read and written.",
    ),
    (
        "is full",
        "can't grow: the disk is full",
        "Make room and run again; nothing that was stored is lost.",
    ),
    (
        "disk i/o",
        "can't be read or written: the disk reports an error",
        "Check that there is room on the disk, and that it is sound.",
    ),
    (
        "no such table",
        "lacks a table that it had: something else has changed it",
        "Restore a backup.",
    ),
    (
        "no such column",
        "lacks a column that it had: something else has changed it",
        "Restore a backup.",
    ),
)


def sqlite_unusable(path: str, error: BaseException) -> StoreUnusable | Busy:
    """What an error of SQLite means: who waits, or what is to be mended."""
    text = str(error)
    if "locked" in text.lower():
        return Busy(
            f"The database {path} is held by another program.",
            hint="Try again when it is done; an open transaction of a database tool holds it too.",
        )
    if "FOREIGN KEY" in text:
        return changed_meanwhile()
    for part, wrong, todo in SQLITE_TROUBLE:
        if part in text.lower():
            return StoreUnusable(f"The database {path} {wrong}.", hint=todo)
    return StoreUnusable(
        f"The database {path} can't be used: {text}.",
        hint="`analytics-sync logs` shows what went before.",
    )


def changed_meanwhile() -> Busy:
    """Something that was looked at is gone, or there already, when it comes to writing."""
    return Busy(
        "Another process changed or removed what this was about at the same moment.",
        hint="Nothing of this step was stored: look at what is there now, then try again.",
    )
