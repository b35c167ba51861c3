"""What an export can be written as. Loads nothing."""

from enum import StrEnum


class Format(StrEnum):
    """What an export is written as."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"
