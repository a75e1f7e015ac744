"""A type that gets wider without a row being touched: varchar(n) to a longer one or to text, numeric with more digits before the point.

pgroll and every shadow-column tool copy the column. Ours changes the catalog, and proves that PostgreSQL rewrote nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from bgmigrate.catalog import Column
from bgmigrate.changes.base import Change, Planned, Stage
from bgmigrate.changes.difference import Differences
from bgmigrate.changes.server_default import set_default
from bgmigrate.changes.twins import NoTwin, Twin, changed_by_rename, constraint_names, index_names, twin_of
from bgmigrate.findings import Finding
from bgmigrate.naming import ident, object_name, trigger_name
from bgmigrate.ops import (
    BackfillRows,
    NarrowColumn,
    RequireFit,
    RequireNotNull,
    Step,
    StopSynchronizing,
    SynchronizeColumns,
    WidenColumn,
)
from bgmigrate.sql import compose

_CHARACTER = re.compile(r"(?:character varying(?:\((\d+)\))?|text)\Z")
_NUMERIC = re.compile(r"numeric(?:\((\d+),(\d+)\))?\Z")


@dataclass(frozen=True, kw_only=True)
class WidenType(Change):
    """ALTER TYPE in expand: the catalog alone. Rollback narrows again, unless green wrote what does not fit."""

    kind: ClassVar[str] = "widen_type"
    rank: ClassVar[int] = 60

    have: Column
    want: Column
    fits: str
    twins: tuple[Twin, ...] | None  # for the way back; None where something hangs on the column that cannot be built twice

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("type"):
            fits = _fits(d.name, d.have.type, d.want.type)
            # a renamed column's old one would not take what green writes into a wider one
            if fits and d.table and (d.table, d.name) in differences.in_catalog and d.name in differences.heads.tables[d.table].columns:
                differences.take(d)
                out.append(cls(table=d.table, column=d.name, have=d.have, want=d.want, fits=fits, twins=_twins(differences, d.table, d.name)))
        return out

    def expand(self) -> list[Planned]:
        assert self.table and self.column
        return [
            Planned(
                stage=Stage.CATALOG, step=WidenColumn(self.table, self.column, self.want.type), undo=self._narrow(self.table, self.column),
                because=(f"{self.column}: {self.have.type} to {self.want.type} changes the catalog only. ACCESS EXCLUSIVE for an instant.",),
            )
        ]

    def _narrow(self, table: str, column: str) -> tuple[Step, ...]:
        """Rebuild the column beside itself, narrow: ALTER TYPE would write every row under ACCESS EXCLUSIVE and hide them from old snapshots."""
        fit = RequireFit(table, column, self.have.type, self.fits)
        if self.twins is None:
            return (fit, NarrowColumn(table, column, self.have.type))
        new, name = shadow(table, column), trigger_name(table, shadow(table, column))
        bare = replace(self.have, default=None, not_null=False)
        return (
            fit,
            SynchronizeColumns(
                table, name, add={new: bare.definition}, forward={new: ident(column)}, backward={column: ident(new)},
                comments={new: self.have.comment} if self.have.comment else {},
            ),
            BackfillRows(table, follow={new: ident(column)}),
            *(t.build() for t in self.twins),
            *([RequireNotNull(table, [new])] if self.have.not_null else []),
            StopSynchronizing(
                table, name, drop=[column], rename={new: column}, alter=set_default(column, self.have.default),
                constraints=constraint_names(self.twins), indexes=index_names(self.twins),
            ),
            *(t.adopt() for t in self.twins if t.is_unique),
        )

    def warnings(self) -> list[Finding]:
        return [
            Finding(
                code="BGM214", severity="warning", table=self.table, column=self.column,
                what=f"statements prepared on the server that read {self.table}.{self.column} fail once per session with 0A000",
                why="PostgreSQL refuses to change the result type of a prepared statement; no tool can spare them that.",
                next="Use prepare_threshold=None with psycopg 3 (or let the pool drop a connection that meets 0A000).",
            )
        ]


def shadow(table: str, column: str) -> str:
    """The name under which a column is rebuilt beside itself."""
    return object_name("shadow", table, column)


def _twins(differences: Differences, table: str, column: str) -> tuple[Twin, ...] | None:
    rename = compose("ALTER TABLE {t:t} RENAME COLUMN {o:i} TO {n:i}", t=table, o=column, n=shadow(table, column))
    after = differences.on_heads.after(rename)
    names = [*after.tables[table].constraints, *after.tables[table].indexes]
    try:
        return tuple(twin_of(after.tables[table], thing, names) for thing in changed_by_rename(differences.heads, after, table))
    except NoTwin:
        return None


def _fits(column: str, have: str, want: str) -> str | None:
    """The condition that a value fits the old type, where the new one takes everything that the old one did; None where it does not."""
    a, b = _CHARACTER.match(have), _CHARACTER.match(want)
    if a and b:
        if a[1] is None:
            return None if b[1] else "true"
        return compose("length({c:i}) <= {n:q}", c=column, n=a[1]) if b[1] is None or int(b[1]) >= int(a[1]) else None
    n, m = _NUMERIC.match(have), _NUMERIC.match(want)
    if n and m and n[1] and (m[1] is None or (m[2] == n[2] and int(m[1]) >= int(n[1]))):
        return f"abs({ident(column)}) < 1e{int(n[1]) - int(n[2])}::numeric AND scale({ident(column)}) <= {n[2]}"
    return None
