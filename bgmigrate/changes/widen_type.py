"""A type that gets wider without a row being touched: varchar(n) to a longer one or to text, numeric with more digits before the point.

pgroll and every shadow-column tool copy the column. Ours changes the catalog, and proves that PostgreSQL rewrote nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Column
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Difference, Differences, Move
from bgmigrate.changes.successor import Successor, build, finish
from bgmigrate.changes.twins import NoTwin, Twin, way_back
from bgmigrate.findings import Finding
from bgmigrate.naming import ident, object_name
from bgmigrate.ops import NarrowColumn, RequireFit, RequireSmall, Step, WidenColumn
from bgmigrate.sql import compose
from bgmigrate.sql.references import references

_CHARACTER = re.compile(r"(?:character varying(?:\((\d+)\))?|text)\Z")
_NUMERIC = re.compile(r"numeric(?:\((\d+),(\d+)\))?\Z")
_FAMILIES = (("cidr", "inet"), ("timestamp without time zone",), ("timestamp with time zone",), ("time without time zone",), ("time with time zone",),
             ("interval",), ("bit varying",), ("character varying[]", "text[]"))


@dataclass(frozen=True, kw_only=True)
class WidenType(Change):
    """ALTER TYPE in expand: the catalog alone. Rollback narrows again, unless green wrote what does not fit."""

    kind: ClassVar[str] = "widen_type"
    rank: ClassVar[int] = 5
    page: ClassVar[Page] = Page(
        blue="The same column, wider: blue reads what green writes there, which may be longer than blue's model says.",
        green="The same column, with room for all that green's model allows.",
        wrong=(
            "Statements that were prepared on the server before and read the column fail once per session with 0A000.",
            "Rollback refuses, with count and samples, while there are values that the old type cannot take.",
            "A view, policy or trigger that reads the column forbids the change: refused by name.",
        ),
    )

    have: Column
    want: Column
    default: str | None  # the same one as it reads with the new type, where that is otherwise
    fits: str
    checks: dict[str, str]  # those that name the column, which PostgreSQL would ask of every row again
    indexes: tuple[str, ...]  # those that PostgreSQL builds anew, for their expression or predicate reads the column
    twins: tuple[Twin, ...] | None  # for the way back; None where something hangs on the column that cannot be built twice

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("type"):
            if fits := widens(differences, d):
                assert d.table
                differences.take(d)
                same = d.have.default != d.want.default and differences.find("default", d.table, d.name) is None
                out.append(cls(
                    table=d.table, column=d.name, have=d.have, want=d.want, default=d.want.default if same else None, fits=fits,
                    checks=_checks(differences, d.table, d.name), indexes=_built_anew(differences, d.table, d.name),
                    twins=_twins(differences, d.table, d.name),
                ))
        return out

    def expand(self) -> list[Planned]:
        assert self.table and self.column
        checked = "Its checks are NOT VALID for a while, bind all writes, and are validated under SHARE UPDATE EXCLUSIVE."
        widen = WidenColumn(self.table, self.column, self.want.type, self.default, self.checks, [*self.indexes])
        return [
            *self._small(self.table, self.column),
            Planned(
                stage=Stage.CATALOG, step=widen, undo=self._narrow(self.table, self.column),
                because=(f"{self.column}: {self.have.type} to {self.want.type} changes the catalog only. ACCESS EXCLUSIVE for an instant.",
                         *((checked,) if self.checks else ())),
            )
        ]

    def _small(self, table: str, column: str) -> Iterator[Planned]:
        if self.indexes:
            named = ", ".join(self.indexes)
            yield Planned(
                stage=Stage.DEMAND,
                step=RequireSmall(
                    table, "BGM116", f"widen {column}, for {named} would be built anew under ACCESS EXCLUSIVE",
                    f"DROP INDEX CONCURRENTLY {named} before and create it CONCURRENTLY again afterwards, if its queries can do without it.",
                ),
                because=(f"{named}: over an expression or with a predicate: built anew while nobody can read; for small tables only.",),
            )

    def _narrow(self, table: str, column: str) -> tuple[Step, ...]:
        """Rebuild the column beside itself, narrow: ALTER TYPE would write every row under ACCESS EXCLUSIVE and hide them from old snapshots."""
        fit = RequireFit(table, column, self.have.type, self.fits)
        if self.twins is None:
            return (fit, NarrowColumn(table, column, self.have.type, self.have.default))
        new = shadow(table, column)
        keyed = any(t.constraint and t.constraint.kind == "f" and new in t.columns for t in self.twins)
        narrow = Successor(table=table, old=self.want, want=self.have, there=new, forward=ident(column), backward=ident(new) if keyed else None)
        back = sorted([*narrow.begin(), *build(self.twins), *finish([narrow], self.twins)], key=lambda p: p.stage)
        steps = [p.step for p in back]
        return (fit, *(s for i, s in enumerate(steps) if s not in steps[:i]))

    def warnings(self) -> list[Finding]:
        return [
            Finding(
                code="BGM214", severity="warning", table=self.table, column=self.column,
                what=f"statements prepared on the server that read {self.table}.{self.column} fail once per session with 0A000",
                why="PostgreSQL refuses to change the result type of a prepared statement; no tool can spare them that.",
                next="Use prepare_threshold=None with psycopg 3 (or let the pool drop a connection that meets 0A000).",
            )
        ]


def widens(differences: Differences, d: Difference) -> str | None:
    """The condition that a value fits the old type, where PostgreSQL makes this change of type in its catalog alone. None where it does not."""
    # a renamed column's old one would not take what green writes into a wider one
    beside = d.table is None or (d.table, d.name) not in differences.in_catalog or d.name not in differences.heads.tables[d.table].columns
    return None if beside else fits(d.name, d.have.type, d.want.type)


def shadow(table: str, column: str) -> str:
    """The name under which a column is rebuilt beside itself."""
    return object_name("shadow", table, column)


def _checks(differences: Differences, table: str, column: str) -> dict[str, str]:
    known = differences.heads.tables[table].constraints
    return {n: k.definition for n, k in known.items() if k.kind == "c" and k.validated and column in k.columns}


def _built_anew(differences: Differences, table: str, column: str) -> tuple[str, ...]:
    indexes = [i for i in differences.heads.tables[table].indexes.values() if i.expression or i.predicate]
    return tuple(i.name for i in indexes if references(" ".join((*i.elements, i.predicate or "")), {column}))


def _twins(differences: Differences, table: str, column: str) -> tuple[Twin, ...] | None:
    try:
        return tuple(way_back(differences, Move(table=table, old=column, there=shadow(table, column), final=column)))
    except NoTwin:
        return None


def fits(column: str, have: str, want: str) -> str | None:
    """The condition that a value fits the old type, where the new one takes everything that the old one did; None where it does not."""
    a, b = _CHARACTER.match(have), _CHARACTER.match(want)
    if a and b:
        if a[1] is None:
            return None if b[1] else "true"
        return compose("length({c:i}) <= {n:q}", c=column, n=a[1]) if b[1] is None or int(b[1]) >= int(a[1]) else None
    n, m = _NUMERIC.match(have), _NUMERIC.match(want)
    if n and m and n[1] and (m[1] is None or (m[2] == n[2] and int(m[1]) >= int(n[1]))):
        return f"abs({ident(column)}) < 1e{int(n[1]) - int(n[2])}::numeric AND scale({ident(column)}) <= {n[2]}"
    bare = [re.sub(r"\(\d+(?:,\d+)?\)", "", t) for t in (have, want)]
    if any(bare[0] in f and bare[1] in f and f.index(bare[0]) <= f.index(bare[1]) for f in _FAMILIES):
        return compose("{c:i}::{h:q}::{w:q} IS NOT DISTINCT FROM {c:i}", c=column, h=have, w=want)
    return None
