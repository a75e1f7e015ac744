"""A constraint or an index that is the same under another name.

Alembic drops it and makes it anew, with a build and a time without it. Ours changes the name in the catalog, when blue, which may say
ON CONFLICT ON CONSTRAINT, is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Constraint, Index
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Difference, Differences, What
from bgmigrate.findings import Finding
from bgmigrate.ops import RenameConstraints, RenameIndexes


@dataclass(frozen=True, kw_only=True)
class RenameConstraint(Change):
    """RENAME CONSTRAINT, or ALTER INDEX ... RENAME, in contract."""

    kind: ClassVar[str] = "rename_constraint"
    rank: ClassVar[int] = 45
    page: ClassVar[Page] = Page(
        blue="Nothing changes for it; it may name the constraint until it is gone.",
        green="Has the same rule, and meets the old name in errors until contract.",
        wrong=("Green names the constraint (ON CONFLICT ON CONSTRAINT) before contract: the statement fails. plan warns.",),
    )

    have: Constraint | Index
    want: Constraint | Index

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for what in ("constraint", "index"):
            for new in differences.all(what):
                old = _same(differences, what, new)
                if old is not None:
                    differences.take(old, new)
                    out.append(cls(table=new.table, have=old.have, want=new.want))
        return out

    def contract(self) -> list[Planned]:
        assert self.table
        names = {self.have.name: self.want.name}
        why = f"{self.have.name} -> {self.want.name}: the name alone."
        if isinstance(self.want, Index):
            why += " SHARE UPDATE EXCLUSIVE for an instant, reads and writes go on."
            return [Planned(stage=Stage.AFTER, step=RenameIndexes(self.table, names), because=(why,))]
        why += " ACCESS EXCLUSIVE for an instant, no row is touched."
        return [Planned(stage=Stage.AFTER, step=RenameConstraints(self.table, names), because=(why,))]

    def warnings(self) -> list[Finding]:
        if isinstance(self.want, Index) or self.want.kind not in "pux":
            return []
        return [
            Finding(
                code="BGM210", severity="warning", table=self.table,
                what=f"until contract the constraint {self.want.name} is called {self.have.name}",
                why="A constraint has one name, and blue may say ON CONFLICT ON CONSTRAINT.",
                next="Let green name the columns instead: on_conflict_do_nothing(index_elements=…).",
            )
        ]


def _same(differences: Differences, what: What, new: Difference) -> Difference | None:
    """The same thing of the table under a name that green does not have."""
    if new.have is not None:
        return None
    return next((d for d in differences.all(what, table=new.table) if d.want is None and _reads(d.have) == _reads(new.want)), None)


def _reads(thing: Constraint | Index) -> tuple[object, ...]:
    return (thing.nameless,) if isinstance(thing, Index) else (thing.kind, thing.definition)
