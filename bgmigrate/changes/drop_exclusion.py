"""An exclusion constraint that green does not have any more.

Other tools drop it and are done. Ours keeps it until blue is gone, unless a hint says that green's writes need it gone before, and looks before it
would bring it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Constraint
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.demands import Demand, of_constraint
from bgmigrate.changes.difference import Differences
from bgmigrate.changes.exclusion import brought_back, sized
from bgmigrate.changes.satisfied import asked_to_go
from bgmigrate.ops import RemoveConstraint


@dataclass(frozen=True, kw_only=True)
class DropExclusion(Change):
    """DROP CONSTRAINT in contract; in expand on request, and then rollback brings it back."""

    kind: ClassVar[str] = "drop_exclusion"
    rank: ClassVar[int] = 60
    page: ClassVar[Page] = Page(
        blue="Writes as before; its ON CONFLICT on the constraint works until contract.",
        green="Is under the constraint until contract, or free of it from expand on where the table's hint `drop_in_expand` names it.",
        wrong=(
            "Dropped in expand, it makes blue's ON CONFLICT on it fail.",
            "Dropped in expand, it comes back in a rollback only while no rows exclude each other: else rollback refuses.",
            "On a table larger than `expand.small_table` plan and expand refuse to drop it, for nothing could bring it back.",
        ),
    )

    have: Constraint
    demand: Demand | None
    at_once: bool

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("constraint"):
            if d.want is None and d.have.kind == "x" and d.table:
                differences.take(d)
                demand = of_constraint(differences, differences.heads.tables[d.table], d.have)
                out.append(cls(table=d.table, have=d.have, demand=demand, at_once=asked_to_go(differences, d.table, d.name)))
        return out

    def _drop(self, stage: Stage) -> list[Planned]:
        assert self.table
        why = f"{self.have.name}: green does not want it. ACCESS EXCLUSIVE for an instant; its index goes with it."
        undo = brought_back(self.table, self.have, self.demand)
        return [Planned(stage=stage, step=RemoveConstraint(self.table, self.have.name), because=(why,), undo=undo)]

    def expand(self) -> list[Planned]:
        assert self.table
        return [sized(self.table, self.have), *self._drop(Stage.LOOSEN)] if self.at_once else []  # else nothing could bring it back

    def contract(self) -> list[Planned]:
        return [] if self.at_once else self._drop(Stage.DROP)
