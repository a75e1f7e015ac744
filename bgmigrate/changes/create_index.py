"""A new index.

Alembic takes SHARE for the whole build unless told otherwise; a failed concurrent build stays behind INVALID and its rerun "succeeds". Ours
builds concurrently after the backfill (its updates stay HOT), checks the index to be valid, and rebuilds what was left behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Index
from bgmigrate.changes.base import Change, Page, Planned, Stage
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
    page: ClassVar[Page] = Page(
        blue="Reads and writes go on while the index is built. Each of its later writes maintains one index more, and an UPDATE of an "
             "indexed column is not HOT.",
        green="Has the index from the end of expand on; a unique one from contract on, because blue's rows need not be unique before.",
        wrong=(
            ("The build waits for transactions that are older than itself, in any table of the database; when that lasts longer than "
             "`index_lock_timeout`, expand gives up (exit 5) with the holders named, and leaves no invalid index behind."),
            "Rows that are not unique make contract refuse (BGM501) with the duplicate named; nothing of the index stays.",
            "An index that was killed in the middle is INVALID: the next run drops it and builds it again.",
        ),
    )

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
