"""Values that one row more is tried with: each label of an enum, and what the model allows and the database's column has no room for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Dict, List, Set, Tuple

if TYPE_CHECKING:
    from bgmigrate.versions.agent import table_key
    from bgmigrate.versions.inside.rows import Target
    from bgmigrate.versions.inside.samples import labelled, never_written

BITS = {"smallint": 15, "integer": 31}  # that the number of greatest value has


def bits(type_: Any) -> int:
    """Those of the greatest integer that the type allows; 0 where it is none."""
    from sqlalchemy import types

    if not isinstance(type_, types.Integer):
        return 0
    return 63 if isinstance(type_, types.BigInteger) else 15 if isinstance(type_, types.SmallInteger) else 31


def widths(facts: Dict[str, Any], target: Target) -> List[Tuple[Any, Any]]:
    """(column, value) for texts and integers that the model allows and the database's column has no room for."""
    from sqlalchemy import Enum, String

    out: List[Tuple[Any, Any]] = []
    for column in target.columns:
        actual = facts.get(table_key(column.table), {}).get("columns", {}).get(column.name, "")
        room = re.match(r"character(?: varying)?\((\d+)\)$", actual)
        plain = isinstance(column.type, String) and not isinstance(column.type, Enum) and not column.foreign_keys
        if room and plain and (column.type.length or 10**9) > int(room.group(1)):
            out.append((column, "x" * (int(room.group(1)) + 1)))
        if actual in BITS and bits(column.type) > BITS[actual] and not target.is_generated(column):
            out.append((column, 2 ** BITS[actual]))
    return out


def labels(target: Target) -> List[Tuple[Any, Any]]:
    """Every (column, value) of the class's enum columns."""
    from sqlalchemy import Enum

    out: List[Tuple[Any, Any]] = []
    seen: Set[Any] = set()
    for column in target.columns:
        type_ = column.type
        if isinstance(type_, Enum) and not target.is_the_mappers(column) and column not in seen:
            seen.add(column)
            out += [(column, value) for label, value in labelled(type_) if label not in never_written(column)]
    return out
