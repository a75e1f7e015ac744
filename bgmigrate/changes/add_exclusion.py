"""An exclusion constraint that green adds to a table of both versions.

PostgreSQL has no concurrent form and no NOT VALID for it; linters forbid it altogether. Ours builds it on small tables when blue is gone, counts
the rows that exclude each other first, and says the choices where the table is too large.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Constraint
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.demands import Demand, of_constraint
from bgmigrate.changes.difference import Differences
from bgmigrate.changes.exclusion import added, demanded


@dataclass(frozen=True, kw_only=True)
class AddExclusion(Change):
    """ADD EXCLUDE in contract, on a table that is small enough."""

    kind: ClassVar[str] = "add_exclusion"
    rank: ClassVar[int] = 60
    page: ClassVar[Page] = Page(
        blue="Writes as before, also rows that exclude each other.",
        green="Finds no constraint in the database until contract, and has to keep to it by itself.",
        wrong=(
            "The table is larger than `expand.small_table`: plan, expand and contract refuse, for nobody could read or write it meanwhile.",
            "Rows that exclude each other: plan warns, expand refuses (unless `on_violation` is \"later\"), contract refuses.",
        ),
    )

    want: Constraint
    demand: Demand | None

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("constraint"):
            if d.have is None and d.want.kind == "x" and d.table:
                differences.take(d)
                out.append(cls(table=d.table, want=d.want, demand=of_constraint(differences, differences.green.tables[d.table], d.want)))
        return out

    def expand(self) -> list[Planned]:
        assert self.table
        return demanded(self.table, self.want, self.demand, early=True)

    def contract(self) -> list[Planned]:
        assert self.table
        return [*demanded(self.table, self.want, self.demand), added(self.table, self.want, self.want.name, Stage.AFTER)]
