"""The UPDATE of one batch: bounded by its range, touching only rows that are not done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bgmigrate.naming import ident
from bgmigrate.sql import compose

# Types without an equality operator, or with one that is not sameness (two boxes of one area are "equal").
_COMPARED_AS_TEXT = ("json", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle")


def differs(left: str, right: str, type_: str) -> str:
    """`left IS DISTINCT FROM right` for values of this type."""
    if type_.removesuffix("[]") in _COMPARED_AS_TEXT:
        left, right = f"({left})::text", f"({right})::text"
    return f"{left} IS DISTINCT FROM {right}"


@dataclass(frozen=True, kw_only=True)
class Rewrite:
    """What becomes of a table's rows. `missing`: written where the column is NULL; `follow`: written where it differs.

    Both map a column to an SQL expression over the table's columns; `types` gives those columns' types.
    """

    table: str
    missing: Mapping[str, str]
    follow: Mapping[str, str]
    types: Mapping[str, str]

    def _todo(self) -> dict[str, str]:
        todo = {c: f"{ident(c)} IS NULL AND ({e}) IS NOT NULL" for c, e in self.missing.items()}
        return todo | {c: differs(ident(c), f"({e})", self.types[c]) for c, e in self.follow.items()}

    @property
    def todo(self) -> str:
        """The condition that a row is not done."""
        return " OR ".join(f"({t})" for t in self._todo().values())

    def update(self, within: str) -> str:
        """The UPDATE for rows within a condition; a column that is done keeps its value."""
        todo, expressions = self._todo(), {**self.missing, **self.follow}
        if len(expressions) == 1:
            assignments = [f"{ident(c)} = ({e})" for c, e in expressions.items()]
        else:
            assignments = [f"{ident(c)} = CASE WHEN {todo[c]} THEN ({e}) ELSE {ident(c)} END" for c, e in expressions.items()]
        return compose("UPDATE {t:t} SET {a:q} WHERE {w:q} AND ({d:q})", t=self.table, a=assignments, w=within, d=self.todo)
