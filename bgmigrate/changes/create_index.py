"""A new index.

Alembic takes SHARE for the whole build unless told otherwise; a failed concurrent build stays behind INVALID and its rerun "succeeds". Ours
builds concurrently after the backfill (its updates stay HOT), checks the index to be valid, and rebuilds what was left behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Index
from bgmigrate.changes.base import Change, Planned, Stage
from bgmigrate.changes.difference import Differences
from bgmigrate.ops import BuildIndex


def concurrently(definition: str) -> str:
    """The same CREATE INDEX, while reads and writes go on."""
    return definition.replace("INDEX ", "INDEX CONCURRENTLY ", 1)


@dataclass(frozen=True, kw_only=True)
class CreateIndex(Change):
    """CREATE INDEX CONCURRENTLY in expand; a unique one in contract, for blue's rows need not obey it."""

    kind: ClassVar[str] = "create_index"
    rank: ClassVar[int] = 60

    want: Index

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("index"):
            if d.have is None and not _partitioned(differences, d.table):
                differences.take(d)
                out.append(cls(table=d.table, column=None, want=d.want))
        return out

    def build(self, stage: Stage) -> list[Planned]:
        """The step that builds it while reads and writes go on."""
        assert self.table
        step = BuildIndex(self.table, self.want.name, concurrently(self.want.definition))
        return [Planned(stage=stage, step=step, because=(f"{self.want.name}: SHARE UPDATE EXCLUSIVE, reads and writes go on.",))]

    def expand(self) -> list[Planned]:
        return [] if self.want.unique else self.build(Stage.INDEXES)

    def contract(self) -> list[Planned]:
        return self.build(Stage.REQUIRE) if self.want.unique else []


def _partitioned(differences: Differences, table: str | None) -> bool:
    found = differences.green.tables.get(table or "")
    return found is not None and found.kind == "p"
