"""What the program says of itself: to standard error, to the log file, and never a secret.

`redact`, `redacted` and `concealed` cost nothing to import; the rest is in `setup` (what is shown where),
`file` (one file for many processes) and `reading` (the `logs` command).
"""

from analytics_sync.logs.redaction import concealed, redact, redacted

__all__ = ["concealed", "redact", "redacted"]
