"""What a batch is: one statement, bounded by a range of a table's rows and touching only what is not done; for a rewrite, an UPDATE."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bgmigrate.naming import ident, split
from bgmigrate.sql import compose
from bgmigrate.sql.references import references

# Types without an equality operator, or with one that is not sameness (two boxes of one area are "equal", and so are 'a' and 'A' as citext).
_COMPARED_AS_TEXT = ("json", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle", "citext", "interval")


def differs(left: str, right: str, type_: str) -> str:
    """`left IS DISTINCT FROM right` for values of this type."""
    if bare(type_).removesuffix("[]").rpartition(".")[2] in _COMPARED_AS_TEXT:
        left, right = f"({left})::text", f"({right})::text"
    return f"{left} IS DISTINCT FROM {right}"


def as_stored(expression: str, type_: str) -> str:
    """The expression as a column of this type holds it: text takes an integer, numeric(6,2) rounds."""
    return f"({expression})::{type_}" if type_ else f"({expression})"


def bare(type_: str) -> str:
    """The type without its length, precision or scale."""
    if '"' in type_:
        return type_
    return {"character": "bpchar", "character[]": "bpchar[]", "bit": '"bit"', "bit[]": '"bit"[]'}.get(bare := re.sub(r"\([^)]*\)", "", type_), bare)


class Batch(Protocol):
    """What the loop needs to know."""

    @property
    def table(self) -> str:
        """The table whose rows are visited, in the order of its key."""

    @property
    def columns(self) -> Sequence[str]:
        """Those of its columns that are written; none when the statement writes another table."""

    def statement(self, within: str) -> str:
        """What is run for the rows within a condition; run again, it finds nothing to do there."""


@dataclass(frozen=True, kw_only=True)
class Rewrite:
    """What becomes of a table's rows. `missing`: written where the column is NULL; `follow`: written where it differs.

    Both map a column to an SQL expression over the table's columns; `types` gives those columns' types ("" where unknown).
    `inputs`: for a column of `missing`, the columns without whose values its expression gives NULL. To look at them costs less than to compute
    the value twice; a row that has them and gives NULL all the same is written once, for nothing.
    """

    table: str
    missing: Mapping[str, str]
    follow: Mapping[str, str]
    types: Mapping[str, str]
    inputs: Mapping[str, Collection[str]] = field(default_factory=dict)

    @property
    def columns(self) -> Sequence[str]:
        """The columns that are written."""
        return (*self.missing, *self.follow)

    def _todo(self) -> dict[str, str]:
        todo = {c: f"{ident(c)} IS NULL{self._and_has_value(c, e)}" for c, e in self._over_followed(self.missing).items()}
        return todo | {c: differs(ident(c), as_stored(e, self.types[c]), self.types[c]) for c, e in self._over_followed(self.follow).items()}

    def _and_has_value(self, column: str, expression: str) -> str:
        if (inputs := self.inputs.get(column)) is None:
            return f" AND ({expression}) IS NOT NULL"
        there = " OR ".join(f"{ident(c)} IS NOT NULL" for c in sorted(inputs))
        return f" AND ({there})" if len(inputs) > 1 else f" AND {there}" if inputs else ""

    def _over_followed(self, expressions: Mapping[str, str]) -> dict[str, str]:
        """The same over what the followed columns become: an expression may read one that this very UPDATE fills."""
        columns = [f"({self.follow[c]}) AS {ident(c)}" if c in self.follow else ident(c) for c in self.types]
        return {
            c: compose("(SELECT ({e:q}) FROM (SELECT {c:q}) AS {t:i})", e=e, c=columns, t=split(self.table)[1])
            if references(e, self.follow.keys() - {c}) else e
            for c, e in expressions.items()
        }

    @property
    def todo(self) -> str:
        """The condition that a row is not done."""
        return " OR ".join(f"({t})" for t in self._todo().values())

    def statement(self, within: str) -> str:
        """The UPDATE for rows within a condition; a column that is done keeps its value."""
        todo, expressions = self._todo(), self._over_followed({**self.missing, **self.follow})
        if len(expressions) == 1:
            assignments = [f"{ident(c)} = ({e})" for c, e in expressions.items()]
        else:
            values = {c: as_stored(e, bare(self.types[c])) for c, e in expressions.items()}  # too long a value is refused, not cut
            assignments = [f"{ident(c)} = CASE WHEN {todo[c]} THEN {v} ELSE {ident(c)} END" for c, v in values.items()]
        return compose("UPDATE {t:t} SET {a:q} WHERE {w:q} AND ({d:q})", t=self.table, a=assignments, w=within, d=self.todo)
