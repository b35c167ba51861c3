"""The schema that this release reads and writes."""

from typing import Final

# The newest revision in `migrations/versions`. A test keeps the two equal.
SCHEMA_VERSION: Final = "0003"
