"""httpx as this package uses it: without its command line, and silent about addresses."""

import logging
import sys
from importlib.util import find_spec

_COMMAND_LINE = "httpx._main"

# Importing httpx also imports its command line (click, rich, pygments) where those are installed:
# 30 to 45 ms for nothing. A None in sys.modules makes that one import fail, which httpx expects.
# It is taken away again at once, so that nobody else can be hurt by it.
_hidden = _COMMAND_LINE not in sys.modules
if _hidden:
    sys.modules[_COMMAND_LINE] = None  # type: ignore[assignment]
try:
    import httpx
finally:
    if _hidden:
        sys.modules.pop(_COMMAND_LINE, None)

# httpcore asks for sniffio at each use of a lock. Where it is not installed, every such import
# searches the whole path, a tenth of a sync's time; a None in sys.modules says so at once.
if find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]

# They log whole addresses at INFO and the headers of answers at DEBUG.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

__all__ = ["httpx"]
