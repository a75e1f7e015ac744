"""A type that gets wider without a row being touched: varchar(n) to a longer one or to text, numeric with more digits before the point.

pgroll and every shadow-column tool copy the column. Ours changes the catalog, and proves that PostgreSQL rewrote nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Column
from bgmigrate.changes.base import Change, Planned, Stage
from bgmigrate.changes.difference import Differences
from bgmigrate.findings import Finding
from bgmigrate.naming import ident
from bgmigrate.ops import WidenColumn
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

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("type"):
            fits = _fits(d.name, d.have.type, d.want.type)
            if fits and (d.table, d.name) in differences.in_catalog:
                differences.take(d)
                out.append(cls(table=d.table, column=d.name, have=d.have, want=d.want, fits=fits))
        return out

    def expand(self) -> list[Planned]:
        assert self.table and self.column
        return [
            Planned(
                stage=Stage.CATALOG, step=WidenColumn(self.table, self.column, self.want.type, self.have.type, self.fits),
                because=(f"{self.column}: {self.have.type} to {self.want.type} changes the catalog only. ACCESS EXCLUSIVE for an instant.",),
            )
        ]

    def warnings(self) -> list[Finding]:
        return [
            Finding(
                code="BGM214", severity="warning", table=self.table, column=self.column,
                what=f"statements prepared on the server that read {self.table}.{self.column} fail once per session with 0A000",
                why="PostgreSQL refuses to change the result type of a prepared statement; no tool can spare them that.",
                next="Use prepare_threshold=None with psycopg 3 (or let the pool drop a connection that meets 0A000).",
            )
        ]


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
