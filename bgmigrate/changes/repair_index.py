"""An index that is INVALID in the service's database, where a concurrent build was killed or timed out and its rerun "succeeded".

Other tools do not look. Ours rebuilds it: it serves no query, and every write maintains it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Index
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.create_index import concurrently
from bgmigrate.changes.demands import Demand, asked, of_index
from bgmigrate.changes.difference import Differences
from bgmigrate.ops import BuildIndex


@dataclass(frozen=True, kw_only=True)
class RepairIndex(Change):
    """DROP and CREATE INDEX CONCURRENTLY in expand. Rollback keeps it: it is what the migrations have promised."""

    kind: ClassVar[str] = "repair_index"
    rank: ClassVar[int] = 60
    page: ClassVar[Page] = Page(
        blue="Reads and writes go on; its queries have the index from expand on.",
        green="Its queries have the index from expand on.",
        wrong=("Duplicates under a unique one: plan warns, expand refuses; with their number and five keys.",),
    )

    have: Index
    demand: Demand | None

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for table in differences.live.tables.values() if differences.live else ():
            heads, green = differences.heads.tables.get(table.key), differences.green.tables.get(table.key)
            for index in table.indexes.values():
                there = [t.indexes.get(index.name) if t else None for t in (heads, green)]
                if heads and not index.valid and all(t and t.valid and t.definition == index.definition for t in there):
                    out.append(cls(table=table.key, have=index, demand=of_index(differences, heads, index)))
        return out

    def expand(self) -> list[Planned]:
        assert self.table
        step = BuildIndex(self.table, self.have.name, concurrently(self.have.definition))
        why = f"{self.have.name}: is INVALID in the service's database, and built again. SHARE UPDATE EXCLUSIVE, reads and writes go on."
        return [*asked(self.demand), Planned(stage=Stage.INDEXES, step=step, because=(why,), undo=())]
