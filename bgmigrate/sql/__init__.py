"""SQL with names and values put in safely: `:i` an identifier, `:l` a literal, `:q` SQL text that is already SQL.

`compose("ALTER TABLE {t:q} DROP COLUMN {c:i}", t=..., c=...)`; `load("claim_range", ...)` does the same with `sql/claim_range.sql`.
"""

from __future__ import annotations

import functools
import re
from importlib import resources
from typing import Any

from bgmigrate.naming import ident, qualified

_FIELD = re.compile(r"\{(\w+):([ilqt])\}")


def compose(template: str, /, **values: Any) -> str:
    """Fill `{name:i}` (identifier), `{name:t}` (table key, `schema.table`), `{name:l}` (literal) and `{name:q}` (SQL, or a list of it)."""

    def fill(match: re.Match[str]) -> str:
        value, kind = values[match[1]], match[2]
        if kind == "i":
            return ", ".join(map(ident, value)) if isinstance(value, (list, tuple)) else ident(value)
        if kind == "t":
            return qualified(value)
        if kind == "l":
            return literal(value)
        return ", ".join(value) if isinstance(value, (list, tuple)) else str(value)

    return _FIELD.sub(fill, template)


def literal(value: object) -> str:
    """A Python value as an SQL literal that reads the same whatever `standard_conforming_strings` says."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    text = str(value).replace("'", "''")
    return f" E'{text.replace(chr(92), chr(92) * 2)}'".strip() if "\\" in text else f"'{text}'"


@functools.cache
def template(name: str) -> str:
    """The text of `sql/<name>.sql`, its leading comments (which name the lock) included."""
    return resources.files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")


def load(name: str, /, **values: Any) -> str:
    """`sql/<name>.sql`, filled."""
    return compose(template(name), **values)
