"""An exclusion constraint of the same name over other columns, with other operators, another predicate or deferral.

Alembic does not see one at all. Ours builds the new one beside the old one on a small table, and lets it take the name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Constraint
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.demands import Demand, of_constraint
from bgmigrate.changes.difference import Differences
from bgmigrate.changes.exclusion import added, brought_back, demanded
from bgmigrate.changes.satisfied import asked_to_go
from bgmigrate.naming import object_name
from bgmigrate.ops import RemoveConstraint, ReplaceConstraint


@dataclass(frozen=True, kw_only=True)
class ChangeExclusion(Change):
    """Exchanged in contract. `goes`: the old one is dropped in expand, on request."""

    kind: ClassVar[str] = "change_exclusion"
    rank: ClassVar[int] = 58
    page: ClassVar[Page] = Page(
        blue="Writes under its own constraint until contract.",
        green="Writes under blue's constraint until contract: what that one refuses is refused to green as well.",
        wrong=(
            "Green writes what the old one refuses: the table's hint `drop_in_expand` lets expand drop it.",
            "The table is larger than `expand.small_table`: plan, expand and contract refuse, for nobody could read or write it meanwhile.",
            "Rows that exclude each other under the new one: plan warns, expand refuses (unless `on_violation` is \"later\"), contract refuses.",
        ),
    )

    have: Constraint
    want: Constraint
    demand: Demand | None
    back: Demand | None
    goes: bool

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("constraint"):
            if d.have is None or d.want is None or d.table is None or {d.have.kind, d.want.kind} != {"x"}:
                continue
            differences.take(d)
            out.append(
                cls(
                    table=d.table, have=d.have, want=d.want, demand=of_constraint(differences, differences.green.tables[d.table], d.want),
                    back=of_constraint(differences, differences.heads.tables[d.table], d.have), goes=asked_to_go(differences, d.table, d.name),
                )
            )
        return out

    def expand(self) -> list[Planned]:
        assert self.table
        steps = demanded(self.table, self.want, self.demand, early=True)
        if self.goes:
            why = f"{self.have.name}: green's writes need it gone. ACCESS EXCLUSIVE for an instant; its index goes with it."
            undo = brought_back(self.table, self.have, self.back)
            steps.append(Planned(stage=Stage.LOOSEN, step=RemoveConstraint(self.table, self.have.name), because=(why,), undo=undo))
        return steps

    def contract(self) -> list[Planned]:
        assert self.table
        steps = demanded(self.table, self.want, self.demand)
        if self.goes:
            return [*steps, added(self.table, self.want, self.want.name, Stage.AFTER)]
        ours = object_name("new", self.table, self.want.name)
        take = f"{self.want.name}: the old one goes, the new one takes its name. ACCESS EXCLUSIVE for an instant, no scan."
        replace = ReplaceConstraint(self.table, self.want.name, ours)
        return [*steps, added(self.table, self.want, ours, Stage.AFTER, old=self.have), Planned(stage=Stage.AFTER, step=replace, because=(take,))]
