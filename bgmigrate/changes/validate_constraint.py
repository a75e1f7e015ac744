"""A constraint that stands NOT VALID where green's is valid: in the migrations' schema, or in the service's database alone.

Autogenerate does not see it, and nobody finishes what an earlier release has left. Ours validates it while reads and writes go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Constraint
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.demands import Demand, asked, of_constraint
from bgmigrate.changes.difference import Differences
from bgmigrate.ops import AddUnvalidated, ValidateConstraint


@dataclass(frozen=True, kw_only=True)
class ValidateLeftover(Change):
    """VALIDATE CONSTRAINT in expand, for it binds both versions' writes already; in contract where the rows are to be mended later."""

    kind: ClassVar[str] = "validate_constraint"
    rank: ClassVar[int] = 46
    page: ClassVar[Page] = Page(
        blue="Nothing changes for it: the constraint binds its writes already.",
        green="May rely on the constraint for rows of any age from expand on.",
        wrong=("Old rows that break it: plan warns, expand refuses (unless `on_violation` is \"later\"); with their number and five keys.",),
    )

    have: Constraint
    drifted: bool  # is it the service's database alone that has it so?
    demand: Demand | None

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("validation"):
            differences.take(d)
            out.append(cls._of(differences, d.table or "", differences.heads.tables[d.table or ""].constraints.get(d.name, d.have), drifted=False))
        return [*out, *(cls._of(differences, table, have, drifted=True) for table, have in _drifted(differences))]

    @classmethod
    def _of(cls, differences: Differences, table: str, have: Constraint, *, drifted: bool) -> Self:
        demand = of_constraint(differences, differences.heads.tables[table], have)
        return cls(table=table, have=have, drifted=drifted, demand=demand)

    @property
    def _later(self) -> bool:
        return self.demand is not None and not self.demand.early

    def _validate(self, stage: Stage) -> list[Planned]:
        assert self.table
        undo = () if self.drifted else (AddUnvalidated(self.table, self.have.name, self.have.definition),)
        why = f"{self.have.name}: was left NOT VALID. SHARE UPDATE EXCLUSIVE, reads and writes go on."
        return [Planned(stage=stage, step=ValidateConstraint(self.table, self.have.name), because=(why,), undo=undo)]

    def expand(self) -> list[Planned]:
        return [] if self._later else [*asked(self.demand), *self._validate(Stage.CONSTRAINTS)]

    def contract(self) -> list[Planned]:
        return [*asked(self.demand), *self._validate(Stage.AFTER)] if self._later else []


def _drifted(differences: Differences) -> Iterator[tuple[str, Constraint]]:
    """What is NOT VALID in the service's database, and neither in the migrations' schema nor in green."""
    for table in differences.live.tables.values() if differences.live else ():
        heads, green = differences.heads.tables.get(table.key), differences.green.tables.get(table.key)
        for c in table.constraints.values():
            there = [t.constraints.get(c.name) if t else None for t in (heads, green)]
            if not c.validated and all(t and t.validated and t.definition == c.definition for t in there):
                yield table.key, c
