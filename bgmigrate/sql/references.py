"""Which columns an SQL expression reads, found without a server."""

from __future__ import annotations

import re
from collections.abc import Collection

_TOKEN = re.compile(
    r"""(?P<skip>'(?:[^']|'')*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$|--[^\n]*|/\*.*?\*/)"""
    r"""|"(?P<quoted>(?:[^"]|"")+)"|(?P<plain>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)""",
    re.S,
)


def references(expression: str, columns: Collection[str]) -> set[str]:
    """The columns that an SQL expression may read: every identifier in it that is one's name. At worst too many, never too few."""
    found = set()
    for match in _TOKEN.finditer(expression):
        name = match["quoted"].replace('""', '"') if match["quoted"] else (match["plain"] or "").lower()
        if name in columns:
            found.add(name)
    return found
