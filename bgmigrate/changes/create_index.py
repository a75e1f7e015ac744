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
from bgmigrate.changes.demands import Demand, asked, of_index
from bgmigrate.changes.difference import Differences
from bgmigrate.changes.satisfied import in_expand
from bgmigrate.naming import object_name
from bgmigrate.ops import BuildIndex, RenameIndexes


def concurrently(definition: str) -> str:
    """The same CREATE INDEX, while reads and writes go on."""
    return definition.replace("INDEX ", "INDEX CONCURRENTLY ", 1)


@dataclass(frozen=True, kw_only=True)
class CreateIndex(Change):
    """CREATE INDEX CONCURRENTLY in expand; a unique one in contract, unless blue is known to obey it."""

    kind: ClassVar[str] = "create_index"
    rank: ClassVar[int] = 60
    page: ClassVar[Page] = Page(
        blue="Reads and writes go on while the index is built. Each of its later writes maintains one index more, and an UPDATE of an "
             "indexed column is not HOT.",
        green="Has the index from the end of expand on; a unique one from contract on, unless blue is known to obey it.",
        wrong=(
            ("The build waits for transactions that are older than itself, in any table of the database; when that lasts longer than "
             "`index_lock_timeout`, expand gives up (exit 5) with the holders named, and leaves no invalid index behind."),
            "Duplicates under a unique one: plan warns, expand refuses (unless `on_violation` is \"later\"), contract refuses.",
            "An index that was killed in the middle is INVALID: the next run drops it and builds it again.",
        ),
    )

    want: Index
    demand: Demand | None
    at_once: bool
    taken: Index | None  # what has its name until contract

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("index"):
            if d.have is None and d.table:
                differences.take(d)
                table = differences.green.tables[d.table]
                early, taken = not d.want.unique or in_expand(differences, d.table, d.want), differences.heads.tables[d.table].indexes.get(d.name)
                out.append(cls(table=d.table, want=d.want, demand=of_index(differences, table, d.want), at_once=early, taken=taken))
        return out

    @property
    def _built(self) -> str:
        assert self.table
        return object_name("index", self.table, self.want.name) if self.taken else self.want.name

    def _build(self, stage: Stage) -> list[Planned]:
        assert self.table
        becomes = self.want.name if self.taken and self.taken.nameless != self.want.nameless else ""
        step = BuildIndex(self.table, self._built, concurrently(self.want.named(self._built)), becomes=becomes)
        return [Planned(stage=stage, step=step, because=(f"{self.want.name}: SHARE UPDATE EXCLUSIVE, reads and writes go on.",))]

    def expand(self) -> list[Planned]:
        return [*asked(self.demand, early=True), *(self._build(Stage.INDEXES) if self.at_once else [])]

    def contract(self) -> list[Planned]:
        assert self.table
        steps = [] if self.at_once else [*asked(self.demand), *self._build(Stage.AFTER)]
        if self.taken:
            why = f"{self.want.name}: takes its name, which is free now. SHARE UPDATE EXCLUSIVE for an instant."
            steps.append(Planned(stage=Stage.LAST, step=RenameIndexes(self.table, {self._built: self.want.name}), because=(why,)))
        return steps
