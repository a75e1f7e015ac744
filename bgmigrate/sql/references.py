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
    return identifiers(expression) & set(columns)


def identifiers(expression: str) -> set[str]:
    """Every word of an SQL expression that may be a name: of a column, a function, a type."""
    names = (m["quoted"].replace('""', '"') if m["quoted"] else (m["plain"] or "").lower() for m in _TOKEN.finditer(expression))
    return {name for name in names if name}
