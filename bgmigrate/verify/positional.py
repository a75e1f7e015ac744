"""INSERTs that name no columns: what they write is decided by the order of the columns, which a release changes. Pure; needs `bgmigrate[lint]`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from bgmigrate.naming import ident

_MAY_BE = re.compile(r"\bINSERT\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Insert:
    """`table`: as SQL; `name`: as a person writes it. `values`: how many a row has."""

    table: str
    name: str
    values: int


def filled(text: str) -> Insert | None:
    """The INSERT that a statement is, where it names no columns; None for all else, and where nothing is installed that can tell.

    None for `SELECT *`, too: what it gives changes together with what it is written to.
    """
    if not _MAY_BE.search(text):
        return None
    try:
        from pglast import ast, parse_sql
        from pglast.parser import ParseError
    except ImportError:
        return None
    try:
        statement: Any = parse_sql(text)[0].stmt
    except (ParseError, IndexError):
        return None  # newer SQL than this parser's, perhaps: the server has taken it
    if not isinstance(statement, ast.InsertStmt) or statement.cols or statement.selectStmt is None:
        return None
    source: Any = statement.selectStmt
    relation: Any = statement.relation
    row = source.valuesLists[0] if source.valuesLists else source.targetList or ()
    if not row or any(isinstance(part, ast.A_Star) for given in row for part in getattr(getattr(given, "val", None), "fields", None) or ()):
        return None
    names = [n for n in (relation.schemaname, relation.relname) if n]
    return Insert(table=".".join(map(ident, names)), name=".".join(names), values=len(row))
