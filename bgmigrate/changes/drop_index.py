"""An index that green does not need any more. It stays for as long as blue's queries may, then goes concurrently.

A unique one that green's writes would break goes in expand on request, and comes back in a rollback if there are no duplicates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Index
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.create_index import concurrently
from bgmigrate.changes.demands import Demand, of_index
from bgmigrate.changes.difference import Differences
from bgmigrate.changes.satisfied import asked_to_go
from bgmigrate.ops import BuildIndex, RemoveIndex


@dataclass(frozen=True, kw_only=True)
class DropIndex(Change):
    """DROP INDEX CONCURRENTLY in contract; in expand on request."""

    kind: ClassVar[str] = "drop_index"
    rank: ClassVar[int] = 60
    page: ClassVar[Page] = Page(
        blue="Keeps the index, and its queries their plans, until contract.",
        green="Keeps it until contract as well; a unique one refuses its duplicates, unless the table's hint `drop_in_expand` names the index.",
        wrong=(
            ("The drop waits for every transaction that uses the table; when that lasts longer than `index_lock_timeout`, contract "
             "gives up (exit 5) with the holders named."),
            "Dropped in expand, a unique index makes blue's ON CONFLICT on it fail, and its queries slow.",
            "A query that needs the index after all is slow only after contract, when a new index takes a build.",
        ),
    )

    have: Index
    demand: Demand | None
    at_once: bool

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("index"):
            if d.want is None and d.table:
                differences.take(d)
                demand = of_index(differences, differences.heads.tables[d.table], d.have)
                out.append(cls(table=d.table, have=d.have, demand=demand, at_once=asked_to_go(differences, d.table, d.name)))
        return out

    def _drop(self, stage: Stage) -> list[Planned]:
        assert self.table
        build = BuildIndex(self.table, self.have.name, concurrently(self.have.definition))
        undo = (*([self.demand.step] if self.demand else []), build)
        why = f"{self.have.name}: green does not need it. SHARE UPDATE EXCLUSIVE, reads and writes go on."
        return [Planned(stage=stage, step=RemoveIndex(self.table, self.have.name), because=(why,), undo=undo)]

    def expand(self) -> list[Planned]:
        return self._drop(Stage.LOOSEN) if self.at_once else []

    def contract(self) -> list[Planned]:
        return [] if self.at_once else self._drop(Stage.REQUIRE)
