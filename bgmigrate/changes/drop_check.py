"""A check that green does not have any more.

One statement everywhere; what other tools leave out is the way back. Ours refuses it while rows break the old rule, with their number and keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Constraint
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.beside import given_back
from bgmigrate.changes.demands import Demand, of_constraint
from bgmigrate.changes.difference import Differences
from bgmigrate.ops import RemoveConstraint


@dataclass(frozen=True, kw_only=True)
class DropCheck(Change):
    """DROP CONSTRAINT in expand, for green writes what it forbids. Rollback adds it again, unless rows break it by then."""

    kind: ClassVar[str] = "drop_check"
    rank: ClassVar[int] = 60
    page: ClassVar[Page] = Page(
        blue="Writes as before; no statement of its fails because a check is gone. It may read values that the check forbade.",
        green="Writes what the check forbade from expand on.",
        wrong=(
            "Blue's code may rely on what the check promised.",
            "Rollback refuses while rows break the old check, with their number and five keys.",
        ),
    )

    have: Constraint
    demand: Demand | None

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("constraint"):
            if d.want is None and d.have.kind == "c":
                differences.take(d)
                out.append(cls(table=d.table, have=d.have, demand=of_constraint(differences, differences.heads.tables[d.table or ""], d.have)))
        return out

    def expand(self) -> list[Planned]:
        assert self.table
        why = f"{self.have.name}: green's values need not obey it. ACCESS EXCLUSIVE for an instant, no row is touched."
        step = RemoveConstraint(self.table, self.have.name)
        return [Planned(stage=Stage.LOOSEN, step=step, because=(why,), undo=given_back(self.table, self.have, self.demand))]
