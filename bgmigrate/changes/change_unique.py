"""A unique constraint of the same name over other columns, with other NULLS, INCLUDE or deferral; Alembic sees the columns only.

Ours builds the new one beside the old one, so that the rows are under one of the two at all times, and lets it take the name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Constraint, Table
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.demands import Demand, asked, of_constraint
from bgmigrate.changes.difference import Differences
from bgmigrate.changes.keys import brought_back, built, refuse_leaning
from bgmigrate.changes.satisfied import asked_to_go, in_expand
from bgmigrate.naming import object_name
from bgmigrate.ops import RemoveConstraint, ReplaceConstraint


@dataclass(frozen=True, kw_only=True)
class ChangeUnique(Change):
    """Exchanged in contract. `early`: blue obeys the new one, so that it is built in expand. `goes`: the old one is dropped in expand, on request."""

    kind: ClassVar[str] = "change_unique"
    rank: ClassVar[int] = 58
    page: ClassVar[Page] = Page(
        blue="Writes under its own constraint until contract; its ON CONFLICT on it works until then.",
        green="Writes under blue's constraint until contract: what that one refuses is refused to green as well.",
        wrong=(
            "Green writes what the old one refuses: the table's hint `drop_in_expand` lets expand drop it, and blue's ON CONFLICT on it fails then.",
            "Duplicates under the new one: plan warns, expand refuses (unless `on_violation` is \"later\"), contract refuses.",
        ),
    )

    heads: Table
    green: Table
    have: Constraint
    want: Constraint
    demand: Demand | None
    back: Demand | None
    early: bool
    goes: bool

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("constraint"):
            if d.have is None or d.want is None or d.table is None or {d.have.kind, d.want.kind} != {"u"}:
                continue
            differences.take(d)
            refuse_leaning(differences, d.table, d.have)
            heads, green = differences.heads.tables[d.table], differences.green.tables[d.table]
            out.append(
                cls(
                    table=d.table, heads=heads, green=green, have=d.have, want=d.want, demand=of_constraint(differences, green, d.want),
                    back=of_constraint(differences, heads, d.have), early=in_expand(differences, d.table, d.want),
                    goes=asked_to_go(differences, d.table, d.name),
                )
            )
        return out

    @property
    def _ours(self) -> str:
        assert self.table
        return object_name("new", self.table, self.want.name)

    def _take(self, stage: Stage) -> Planned:
        assert self.table
        was = object_name("was", self.table, self.have.name)
        undo = (*brought_back(self.heads, self.have, self.back, was), ReplaceConstraint(self.table, self.have.name, was))
        why = f"{self.want.name}: the old one goes, the new one takes its name. ACCESS EXCLUSIVE for an instant, no scan."
        return Planned(stage=stage, step=ReplaceConstraint(self.table, self.want.name, self._ours), because=(why,), undo=undo)

    def expand(self) -> list[Planned]:
        assert self.table
        steps = asked(self.demand, early=True)
        if self.early:
            steps += built(self.green, self.want, self._ours, Stage.INDEXES, Stage.CONSTRAINTS, old=self.heads.indexes[self.have.name])
            steps += [self._take(Stage.CONSTRAINTS)] if self.goes else []
        elif self.goes:
            why = f"{self.have.name}: green's writes need it gone. ACCESS EXCLUSIVE for an instant; its index goes with it."
            undo = brought_back(self.heads, self.have, self.back, self.have.name)
            steps.append(Planned(stage=Stage.LOOSEN, step=RemoveConstraint(self.table, self.have.name), because=(why,), undo=undo))
        return steps

    def contract(self) -> list[Planned]:
        if self.early:
            return [] if self.goes else [self._take(Stage.AFTER)]
        if self.goes:
            return [*asked(self.demand), *built(self.green, self.want, self.want.name, Stage.AFTER)]
        new = built(self.green, self.want, self._ours, Stage.AFTER, old=self.heads.indexes[self.have.name])
        return [*asked(self.demand), *new, self._take(Stage.AFTER)]
