"""A check that green adds to a table of both versions.

Every linter knows NOT VALID, and puts it in too early: it binds blue's writes at once. Ours asks the rows first, and adds the check when blue
is gone, or in expand where blue is known to obey it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Constraint
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.beside import added
from bgmigrate.changes.demands import Demand, asked, of_constraint
from bgmigrate.changes.difference import Differences
from bgmigrate.changes.satisfied import in_expand


@dataclass(frozen=True, kw_only=True)
class AddCheck(Change):
    """ADD CHECK ... NOT VALID, then VALIDATE, in contract; in expand where blue obeys it."""

    kind: ClassVar[str] = "add_check"
    rank: ClassVar[int] = 60
    page: ClassVar[Page] = Page(
        blue="Writes as before, also what the check does not allow; unless it is known to obey it, and then the check holds from expand on.",
        green="Finds no check in the database until contract, and has to keep to it by itself.",
        wrong=(
            "Rows that break it: plan warns, expand refuses (unless `on_violation` is \"later\"), contract refuses; with their number and five keys.",
            "Blue may write such rows until it is gone. Where it surely does not, the table's hint `blue_satisfies` lets expand add the check.",
        ),
    )

    want: Constraint
    demand: Demand | None
    at_once: bool

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("constraint"):
            if d.have is None and d.want.kind == "c":
                differences.take(d)
                table = differences.green.tables[d.table or ""]
                demand = of_constraint(differences, table, d.want)
                out.append(cls(table=table.key, want=d.want, demand=demand, at_once=in_expand(differences, table.key, d.want)))
        return out

    def expand(self) -> list[Planned]:
        assert self.table
        return [*asked(self.demand, early=True), *([added(self.table, self.want, Stage.CONSTRAINTS)] if self.at_once else [])]

    def contract(self) -> list[Planned]:
        assert self.table
        return [] if self.at_once else [*asked(self.demand), added(self.table, self.want, Stage.AFTER)]
