"""Access tokens: the forms in which they come in, how a run gets at them, and how they are renewed.

access.py    what an account is asked with: opened once, renewed in time, set aside when refused
renewal.py   the refresh protocol
journal.py   a renewed token on disk before anything else
"""

from analytics_sync.domain.credentials import Token
from analytics_sync.tokens.access import Access, Tokens
from analytics_sync.tokens.command import from_command
from analytics_sync.tokens.facts import dated, facts_of, login_at
from analytics_sync.tokens.forms import LARGEST_SOURCE, parse_token, token_from
from analytics_sync.tokens.journal import Journal
from analytics_sync.tokens.sealing import hide, opened, sealed

__all__ = [
    "LARGEST_SOURCE",
    "Access",
    "Journal",
    "Token",
    "Tokens",
    "dated",
    "facts_of",
    "from_command",
    "hide",
    "login_at",
    "opened",
    "parse_token",
    "sealed",
    "token_from",
]
