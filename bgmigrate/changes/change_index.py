"""An index of the same name with another definition: predicate, method, operator class, INCLUDE, expression, uniqueness.

Alembic's comparison is blind to most of these. Ours builds the new one beside the old, so that neither version is ever without an index.
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
from bgmigrate.changes.satisfied import asked_to_go, in_expand
from bgmigrate.naming import object_name
from bgmigrate.ops import BuildIndex, ReplaceIndex


@dataclass(frozen=True, kw_only=True)
class ChangeIndex(Change):
    """Build under a name of ours in expand (a unique one in contract); drop the old one and take its name in contract (on request in expand)."""

    kind: ClassVar[str] = "change_index"
    rank: ClassVar[int] = 60
    page: ClassVar[Page] = Page(
        blue="Keeps the index that it knows until contract; its writes maintain both.",
        green="Has the index that it wants beside the old one, under a name of ours, from the end of expand on; a unique one from contract "
              "on, unless blue is known to obey it. Contract gives it its name.",
        wrong=(
            "Both indexes take space and time at every write until contract.",
            "Until contract a unique old one refuses green's duplicates, unless the table's hint `drop_in_expand` names it.",
            "Duplicates under a new unique one: plan warns, expand refuses (unless `on_violation` is \"later\"), contract refuses.",
        ),
    )

    have: Index
    want: Index
    demand: Demand | None
    back: Demand | None
    early: bool
    goes: bool

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("index"):
            if d.have is not None and d.want is not None and d.table:
                differences.take(d)
                early = not d.want.unique or in_expand(differences, d.table, d.want)
                out.append(
                    cls(
                        table=d.table, have=d.have, want=d.want, demand=of_index(differences, differences.green.tables[d.table], d.want),
                        back=of_index(differences, differences.heads.tables[d.table], d.have), early=early,
                        goes=early and asked_to_go(differences, d.table, d.name),
                    )
                )
        return out

    @property
    def _ours(self) -> str:
        assert self.table
        return object_name("index", self.table, self.want.name)

    def _build(self, stage: Stage) -> list[Planned]:
        assert self.table
        step = BuildIndex(self.table, self._ours, concurrently(self.want.named(self._ours)), becomes=self.want.name)
        why = f"{self.want.name}: built anew beside the old one. SHARE UPDATE EXCLUSIVE, reads and writes go on."
        return [Planned(stage=stage, step=step, because=(why,))]

    def _take(self, stage: Stage) -> list[Planned]:
        assert self.table
        was = object_name("was", self.table, self.have.name)
        undo = (
            *([self.back.step] if self.back else []), BuildIndex(self.table, was, concurrently(self.have.named(was)), becomes=self.have.name),
            ReplaceIndex(self.table, self.have.name, was),
        )
        why = f"{self.want.name}: the old one goes, the new one takes its name. SHARE UPDATE EXCLUSIVE, reads and writes go on."
        return [Planned(stage=stage, step=ReplaceIndex(self.table, self.have.name, self._ours), because=(why,), undo=undo)]

    def expand(self) -> list[Planned]:
        return [
            *asked(self.demand, early=True), *(self._build(Stage.INDEXES) if self.early else []), *(self._take(Stage.CATALOG) if self.goes else []),
        ]

    def contract(self) -> list[Planned]:
        if self.goes:
            return []
        return [*([] if self.early else [*asked(self.demand), *self._build(Stage.AFTER)]), *self._take(Stage.DROP)]
