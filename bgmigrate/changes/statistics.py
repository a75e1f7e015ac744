"""Extended statistics (CREATE STATISTICS) that the models make by DDL of their own.

Alembic does not look at them. They are the planner's alone: ours makes them in expand, so that ANALYZE has filled them when green goes live.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Thing
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Differences
from bgmigrate.ops import Attach, Detach


@dataclass(frozen=True, kw_only=True)
class Statistics(Change):
    """CREATE STATISTICS in expand; made anew, or dropped, in contract."""

    kind: ClassVar[str] = "statistics"
    rank: ClassVar[int] = 60
    page: ClassVar[Page] = Page(
        blue="Nothing changes but plans, which may become better.",
        green="The same. Statistics that both versions have are blue's until contract.",
        wrong=("New statistics are empty until the table is analysed: by autovacuum, or by ANALYZE.",),
    )

    name: str
    have: Thing | None
    want: Thing | None

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("statistics"):
            differences.take(d)
            out.append(cls(table=d.table, name=d.name, have=d.have, want=d.want))
        return out

    @property
    def subject(self) -> str:
        return self.name

    def _build(self, stage: Stage) -> list[Planned]:
        assert self.table and self.want
        step = Attach("statistics", self.table, self.name, self.want.definition)
        return [Planned(stage=stage, step=step, because=(f"Statistics {self.name}: SHARE UPDATE EXCLUSIVE for an instant, no row is read.",))]

    def expand(self) -> list[Planned]:
        return self._build(Stage.CATALOG) if self.want and not self.have else []

    def contract(self) -> list[Planned]:
        assert self.table
        if self.want is None:
            why = f"Statistics {self.name}: only blue had them. SHARE UPDATE EXCLUSIVE for an instant."
            return [Planned(stage=Stage.REQUIRE, step=Detach("statistics", self.table, self.name), because=(why,))]
        return self._build(Stage.AFTER) if self.have else []
