"""A unique or an exclusion constraint that green does not have any more.

Other tools drop it and are done; blue's ON CONFLICT on it fails then. Ours keeps it until blue is gone, unless a hint says that green's writes
need it gone before, and counts what they have written before it would bring it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Constraint, Table
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.demands import Demand, of_constraint
from bgmigrate.changes.difference import Differences
from bgmigrate.changes.keys import brought_back, refuse_leaning
from bgmigrate.changes.satisfied import asked_to_go
from bgmigrate.ops import RemoveConstraint


@dataclass(frozen=True, kw_only=True)
class DropUnique(Change):
    """DROP CONSTRAINT in contract; in expand on request, and then rollback brings it back."""

    kind: ClassVar[str] = "drop_unique"
    rank: ClassVar[int] = 60
    page: ClassVar[Page] = Page(
        blue="Writes as before; its ON CONFLICT on the constraint works until contract.",
        green="May write duplicates when blue is gone; from expand on where the table's hint `drop_in_expand` names the constraint.",
        wrong=(
            "Dropped in expand, it makes blue's ON CONFLICT on it fail.",
            "Dropped in expand, it comes back in a rollback only while there are no duplicates: else it refuses, with their number and five keys.",
            "A foreign key that green keeps and that was made with this constraint: refused, for PostgreSQL would not drop it.",
        ),
    )

    place: Table
    have: Constraint
    demand: Demand | None
    at_once: bool

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("constraint"):
            if d.want is None and d.have.kind == "u" and d.table:
                differences.take(d)
                refuse_leaning(differences, d.table, d.have)
                table = differences.heads.tables[d.table]
                demand, early = of_constraint(differences, table, d.have), asked_to_go(differences, d.table, d.name)
                out.append(cls(table=d.table, place=table, have=d.have, demand=demand, at_once=early))
        return out

    def _drop(self, stage: Stage) -> list[Planned]:
        assert self.table
        why = f"{self.have.name}: green does not want it. ACCESS EXCLUSIVE for an instant; its index goes with it."
        undo = brought_back(self.place, self.have, self.demand, self.have.name)
        return [Planned(stage=stage, step=RemoveConstraint(self.table, self.have.name), because=(why,), undo=undo)]

    def expand(self) -> list[Planned]:
        return self._drop(Stage.LOOSEN) if self.at_once else []

    def contract(self) -> list[Planned]:
        return [] if self.at_once else self._drop(Stage.DROP)
