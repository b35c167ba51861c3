"""What the program says of itself: to standard error, to the log file, and never a secret.

`redact` and `redacted` cost nothing to import; the rest is in `setup` (what is shown where),
`file` (one file for many processes) and `reading` (the `logs` command).
"""

from analytics_sync.logs.redaction import redact, redacted

__all__ = ["redact", "redacted"]
