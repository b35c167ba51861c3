"""Access tokens: the forms in which they come in, and how a run gets at them."""

from analytics_sync.domain.credentials import Token
from analytics_sync.tokens.access import Tokens
from analytics_sync.tokens.command import from_command
from analytics_sync.tokens.forms import LARGEST_SOURCE, parse_token, token_from
from analytics_sync.tokens.sealing import opened, sealed

__all__ = [
    "LARGEST_SOURCE",
    "Token",
    "Tokens",
    "from_command",
    "opened",
    "parse_token",
    "sealed",
    "token_from",
]
