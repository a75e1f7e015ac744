"""A column of both versions in which green allows NULL.

One statement everywhere; what other tools leave out is the way back. Ours refuses it while green's NULLs are there, with their number and keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Differences
from bgmigrate.findings import Finding
from bgmigrate.ops import DropNotNull


@dataclass(frozen=True, kw_only=True)
class DropNotNullOf(Change):
    """DROP NOT NULL in expand: the catalog alone. Rollback sets it again, unless green wrote NULL."""

    kind: ClassVar[str] = "drop_not_null"
    rank: ClassVar[int] = 55
    page: ClassVar[Page] = Page(
        blue="Writes values as before, and may read NULL in rows that green wrote.",
        green="Writes NULL from expand on.",
        wrong=(
            "Blue's code may not expect None where its model says NOT NULL: verify tries it and warns.",
            "Rollback refuses while there are NULLs, with their number and five keys.",
        ),
    )

    in_key: bool  # is it part of the primary key, which has to go first?
    promised: bool  # does blue's model say NOT NULL?

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("not null"):
            heads = differences.heads.tables.get(d.table or "")
            if d.want or heads is None or d.name not in heads.columns:
                continue
            differences.take(d)
            blue = differences.blue.tables.get(heads.key) if differences.blue else None
            model = blue.columns.get(d.name) if blue else None
            out.append(
                cls(table=heads.key, column=d.name, in_key=d.name in heads.primary_key, promised=model is None or not model.nullable)
            )
        return out

    def _drop(self, stage: Stage) -> list[Planned]:
        assert self.table and self.column
        why = f"{self.column}: may be NULL. ACCESS EXCLUSIVE for an instant, no row is touched."
        return [Planned(stage=stage, step=DropNotNull(self.table, [self.column]), because=(why,))]

    def expand(self) -> list[Planned]:
        return [] if self.in_key else self._drop(Stage.LOOSEN)

    def contract(self) -> list[Planned]:
        return self._drop(Stage.LAST) if self.in_key else []

    def warnings(self) -> list[Finding]:
        if self.in_key or not self.promised:
            return []
        return [
            Finding(
                code="BGM208", severity="warning", table=self.table, column=self.column,
                what=f"blue may read NULL in {self.table}.{self.column}, where its model says NOT NULL, in rows that green wrote",
                why="NOT NULL is dropped in expand, so that green's writes do not fail.",
                next="Nothing, if blue's code can take None; else let green write it one release later. Rollback refuses while there are NULLs.",
            )
        ]
