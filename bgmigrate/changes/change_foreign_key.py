"""A foreign key of the same name with other actions, another deferral, or another target; Alembic sees the last of these only.

Ours changes a deferral in the catalog alone, and builds the rest beside the old key, so that the rows are under one of the two at all times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

from bgmigrate.catalog import Constraint
from bgmigrate.changes.add_foreign_key import obeyed
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.beside import added, exchanged
from bgmigrate.changes.demands import Demand, asked, of_constraint
from bgmigrate.changes.difference import Difference, Differences
from bgmigrate.changes.drop_foreign_key import orphaned, removed
from bgmigrate.findings import Finding
from bgmigrate.ops import AlterInCatalog
from bgmigrate.sql import compose
from bgmigrate.sql.foreign_keys import ForeignKey

_DEFERRALS = ("NOT DEFERRABLE", "DEFERRABLE", "DEFERRABLE INITIALLY DEFERRED")  # the later ones refuse later
Way = Literal["deferral", "actions", "target", "at once"]


@dataclass(frozen=True, kw_only=True)
class ChangeForeignKey(Change):
    """`deferral`: altered. `actions`: exchanged in contract. `target`: dropped in expand, added in contract. `at once`: exchanged in expand."""

    kind: ClassVar[str] = "change_foreign_key"
    rank: ClassVar[int] = 58
    page: ClassVar[Page] = Page(
        blue="Its writes and deletes are refused, or followed, by its own key until contract; not at all where green's key points elsewhere.",
        green="A key that is checked later than before is so from expand on. Other actions (ON DELETE, ON UPDATE) are blue's until contract.",
        wrong=(
            "Green relies on its own ON DELETE before contract (passive_deletes): its deletes are refused, or rows stay. plan warns.",
            "Where green's key points elsewhere, the old one is dropped in expand: deletes may leave orphans. plan warns.",
            "Rollback refuses while rows break the old key, with their number and five keys.",
        ),
    )

    have: Constraint
    want: Constraint
    way: Way
    demand: Demand | None
    back: Demand | None

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("constraint"):
            if d.have is None or d.want is None or {d.have.kind, d.want.kind} != {"f"} or d.have.definition == d.want.definition:
                continue
            differences.take(d)
            heads, green = differences.heads.tables[d.table or ""], differences.green.tables[d.table or ""]
            out.append(
                cls(
                    table=d.table, have=d.have, want=d.want, way=_way(differences, d), demand=of_constraint(differences, green, d.want),
                    back=of_constraint(differences, heads, d.have),
                )
            )
        return out

    @property
    def _later(self) -> bool:
        """Is it checked later than before? Then green relies on it, and blue's statements go through."""
        return _rank(self.want) > _rank(self.have)

    def _alter(self, stage: Stage) -> Planned:
        assert self.table
        actions = [
            compose("ALTER CONSTRAINT {n:i} {d:q}", n=self.want.name, d=_DEFERRALS[_rank(c)] + (" INITIALLY IMMEDIATE" if _rank(c) == 1 else ""))
            for c in (self.want, self.have)
        ]
        why = f"{self.want.name}: {_DEFERRALS[_rank(self.want)]}. The catalog alone: a lock on both tables for an instant."
        return Planned(stage=stage, step=AlterInCatalog(self.table, actions[:1], actions[1:]), because=(why,))

    def expand(self) -> list[Planned]:
        assert self.table
        if self.way == "deferral":
            return [self._alter(Stage.CATALOG)] if self._later else []
        steps = asked(self.demand, early=True)
        if self.way == "target":
            steps.append(removed(self.table, self.have, self.back))
        elif self.way == "at once":
            steps += exchanged(self.table, self.have, self.want, Stage.CONSTRAINTS, self.back)
        return steps

    def contract(self) -> list[Planned]:
        assert self.table
        if self.way == "deferral":
            return [] if self._later else [self._alter(Stage.AFTER)]
        if self.way == "actions":
            return [*asked(self.demand), *exchanged(self.table, self.have, self.want, Stage.REFER, self.back)]
        return [*asked(self.demand), added(self.table, self.want, Stage.REFER)] if self.way == "target" else []

    def warnings(self) -> list[Finding]:
        if self.way == "target":
            return orphaned(self.table, self.have)
        if self.way != "actions":
            return []
        old, new = ForeignKey.parse(self.have.definition), ForeignKey.parse(self.want.definition)
        assert old and new
        return [
            Finding(
                code="BGM210", severity="warning", table=self.table,
                what=f"until contract {self.have.name} acts as blue's (ON DELETE {old.on_delete}, ON UPDATE {old.on_update}) for green too,"
                f" not ON DELETE {new.on_delete}, ON UPDATE {new.on_update}",
                why="A row has one foreign key, whichever version deletes what it points to.",
                next=f"Let green not rely on it before contract (no passive_deletes), or say that blue can live with it, in the table's info: "
                f'{{"bgmigrate": {{"blue_satisfies": ["{self.want.name}"]}}}}.',
            )
        ]


def _way(differences: Differences, d: Difference) -> Way:
    assert d.table
    old, new = ForeignKey.parse(d.have.definition), ForeignKey.parse(d.want.definition)
    same = bool(old and new and old.target == new.target)
    if old and new and same and (old.on_delete, old.on_update) == (new.on_delete, new.on_update):
        return "deferral"
    if obeyed(differences, d.table, d.want):
        return "at once"
    return "actions" if same else "target"


def _rank(constraint: Constraint) -> int:
    key = ForeignKey.parse(constraint.definition)
    return _DEFERRALS.index(key.deferral) if key and key.deferral in _DEFERRALS else 0
