"""The order of DDL."""

from __future__ import annotations

import itertools
from typing import List


def in_fixed_order(statements: List[str]) -> List[str]:
    """The statements with neighbours of one kind sorted: SQLAlchemy keeps indexes, constraints' comments and circular foreign keys in sets."""
    def kind(text: str) -> str:
        words = text.split()
        if words[:1] == ["ALTER"] and "FOREIGN KEY" not in text:
            return ""  # the application's own DDL, whose order may matter
        return " ".join(w for w in words[:3] if w in ("CREATE", "UNIQUE", "INDEX", "ALTER", "COMMENT", "CONSTRAINT")).replace("UNIQUE ", "")

    groups = itertools.groupby(statements, kind)
    return [s for name, group in groups for s in (sorted(group) if name in ("CREATE INDEX", "ALTER", "COMMENT CONSTRAINT") else group)]
