"""A table's primary key: other columns, one where there was none, or none any more.

PostgreSQL builds the key's index and looks for NULLs under ACCESS EXCLUSIVE; linters say so. Ours builds the index concurrently, proves NOT NULL
by a CHECK, and exchanges the keys in the catalog when blue, which addresses rows by the old one, is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Constraint, Table
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.create_index import concurrently
from bgmigrate.changes.demands import Demand, asked, of_constraint
from bgmigrate.changes.difference import Differences
from bgmigrate.changes.keys import refuse_leaning
from bgmigrate.naming import object_name
from bgmigrate.ops import BuildIndex, RemoveConstraint, ReplacePrimaryKey


@dataclass(frozen=True, kw_only=True)
class ChangePrimaryKey(Change):
    """Index and NOT NULL, then one short exchange; all of it in contract."""

    kind: ClassVar[str] = "change_primary_key"
    rank: ClassVar[int] = 57
    page: ClassVar[Page] = Page(
        blue="Addresses rows by the old key, which is the table's until contract.",
        green="Addresses rows by the new key; the database neither enforces it nor has its index before contract.",
        wrong=(
            "Rows that are the same to the new key, or have no value in it: plan warns, expand refuses (unless `on_violation` is \"later\").",
            "Until contract green's queries by the new key have no index, unless green's model has one on these columns as well.",
            "A foreign key that green keeps and that points to the old key: refused, for PostgreSQL would not drop that.",
        ),
    )

    green: Table
    have: Constraint | None
    want: Constraint | None
    old: str | None  # the index of the key that is there
    demand: Demand | None

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for table in dict.fromkeys(d.table for d in differences.all("constraint") if d.table and "p" in _kinds(d.have, d.want)):
            mine = [d for d in differences.all("constraint", table=table) if _kinds(d.have, d.want) == {"p"}]
            if not mine:
                continue
            differences.take(*mine)
            have, want = (next((c for c in side if c), None) for side in ([d.have for d in mine], [d.want for d in mine]))
            if have:
                refuse_leaning(differences, table, have)
            heads, green = differences.heads.tables[table], differences.green.tables[table]
            old = next((c.name for c in heads.constraints.values() if c.kind == "p"), None)
            demand = of_constraint(differences, green, want) if want else None
            out.append(cls(table=table, green=green, have=have, want=want, old=heads.indexes[old].nameless if old else None, demand=demand))
        return out

    def expand(self) -> list[Planned]:
        return asked(self.demand, early=True)

    def contract(self) -> list[Planned]:
        assert self.table
        if self.want is None:
            assert self.have
            why = f"{self.have.name}: green has no primary key. ACCESS EXCLUSIVE for an instant; its index goes with it."
            return [Planned(stage=Stage.DROP, step=RemoveConstraint(self.table, self.have.name), because=(why,))]
        ours, index = object_name("key", self.table, self.want.name), self.green.indexes[self.want.name]
        steps = asked(self.demand)
        if self.green.kind != "p":
            becomes = self.want.name if index.nameless != self.old else ""
            build = BuildIndex(self.table, ours, concurrently(index.named(ours)), becomes=becomes)
            why = f"{self.want.name}: its index, built while reads and writes go on. SHARE UPDATE EXCLUSIVE."
            steps.append(Planned(stage=Stage.AFTER, step=build, because=(why,)))
        gone = f" {self.have.name} goes in the same transaction." if self.have and self.have.name != self.want.name else ""
        why = f"{self.want.name}: the key takes that index.{gone} ACCESS EXCLUSIVE for an instant, no scan."
        replace = ReplacePrimaryKey(self.table, self.want.name, ours, self.want.definition)
        return [*steps, Planned(stage=Stage.AFTER, step=replace, because=(why,))]


def _kinds(*constraints: Constraint | None) -> set[str]:
    return {c.kind for c in constraints if c}
