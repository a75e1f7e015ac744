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
from bgmigrate.changes.difference import Differences
from bgmigrate.naming import object_name
from bgmigrate.ops import BuildIndex, ReplaceIndex


@dataclass(frozen=True, kw_only=True)
class ChangeIndex(Change):
    """Build under a name of ours in expand (a unique one in contract); drop the old one and take its name in contract."""

    kind: ClassVar[str] = "change_index"
    rank: ClassVar[int] = 60
    page: ClassVar[Page] = Page(
        blue="Keeps the index that it knows until contract; its writes maintain both.",
        green="Has the index that it wants beside the old one, under a name of ours, from the end of expand on; a unique one from contract "
              "on. Contract gives it its name.",
        wrong=(
            "Both indexes take space and time at every write until contract.",
            ("A statement that names the index by ON CONFLICT's predicate or columns needs the unique index that fits it: a changed "
             "unique one is there after contract only."),
            ("Between the drop and the renaming, which are two transactions, the new index is valid under its other name; a run that is "
             "killed there goes on with the renaming."),
        ),
    )

    have: Index
    want: Index

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("index"):
            if d.have is not None and d.want is not None:
                differences.take(d)
                out.append(cls(table=d.table, have=d.have, want=d.want))
        return out

    @property
    def _ours(self) -> str:
        assert self.table
        return object_name("index", self.table, self.want.name)

    def _build(self, stage: Stage) -> list[Planned]:
        assert self.table
        step = BuildIndex(self.table, self._ours, concurrently(self.want.named(self._ours)))
        why = f"{self.want.name}: built anew beside the old one. SHARE UPDATE EXCLUSIVE, reads and writes go on."
        return [Planned(stage=stage, step=step, because=(why,))]

    def expand(self) -> list[Planned]:
        return [] if self.want.unique else self._build(Stage.INDEXES)

    def contract(self) -> list[Planned]:
        assert self.table
        replace = Planned(
            stage=Stage.DROP, step=ReplaceIndex(self.table, self.have.name, self._ours),
            because=(f"{self.want.name}: the old one goes, the new one takes its name. SHARE UPDATE EXCLUSIVE, reads and writes go on.",),
        )
        return [*(self._build(Stage.REQUIRE) if self.want.unique else []), replace]
