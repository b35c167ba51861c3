"""The line that a key file has while its key is rotated."""

from typing import Final

# Keys are one a line, and what follows a `#` is none.
ROTATING: Final = "# being rotated; `analytics-sync key rotate` goes on with it"
