"""A foreign key that green does not have any more.

One statement everywhere; what other tools leave out is the way back. Ours refuses it while there are orphans, with their number and keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Constraint
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.beside import given_back
from bgmigrate.changes.demands import Demand, of_constraint
from bgmigrate.changes.difference import Differences
from bgmigrate.findings import Finding
from bgmigrate.ops import RemoveConstraint
from bgmigrate.sql.foreign_keys import FOLLOWS, ForeignKey


@dataclass(frozen=True, kw_only=True)
class DropForeignKey(Change):
    """DROP CONSTRAINT in expand, for green writes and deletes what it refuses. Rollback adds it again, unless there are orphans by then."""

    kind: ClassVar[str] = "drop_foreign_key"
    rank: ClassVar[int] = 60
    page: ClassVar[Page] = Page(
        blue="Writes as before; no statement of its fails because a foreign key is gone. It may find rows that point to nothing.",
        green="Writes rows that point to nothing, and deletes what rows point to, from expand on.",
        wrong=(
            "The key's ON DELETE does nothing any more: where blue relies on CASCADE or SET NULL, its deletes leave orphans. plan warns.",
            "Nor does its ON UPDATE: where blue relies on that, its changes of the referenced key leave orphans. plan warns.",
            "Rollback refuses while there are orphans, with their number and five keys.",
        ),
    )

    have: Constraint
    demand: Demand | None

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("constraint"):
            if d.want is None and d.have.kind == "f":
                differences.take(d)
                out.append(cls(table=d.table, have=d.have, demand=of_constraint(differences, differences.heads.tables[d.table or ""], d.have)))
        return out

    def expand(self) -> list[Planned]:
        assert self.table
        return [removed(self.table, self.have, self.demand)]

    def warnings(self) -> list[Finding]:
        return orphaned(self.table, self.have)


def removed(table: str, have: Constraint, back: Demand | None) -> Planned:
    """The step of expand that drops a foreign key, and what rollback asks the rows before it brings it back."""
    why = f"{have.name}: green need not obey it. ACCESS EXCLUSIVE on both tables for an instant, no row is touched."
    return Planned(stage=Stage.LOOSEN, step=RemoveConstraint(table, have.name), because=(why,), undo=given_back(table, have, back))


def orphaned(table: str | None, have: Constraint) -> list[Finding]:
    """The warning that deletes, and changes of the referenced key, leave orphans from expand on."""
    key = ForeignKey.parse(have.definition)
    actions = (("deletes there", key.on_delete), ("changes of their key", key.on_update)) if key else ()
    lost = [f"blue's {what} do not {action} them any more" for what, action in actions if action.partition(" (")[0] in FOLLOWS]
    return [
        Finding(
            code="BGM121", severity="warning", table=table,
            what="; ".join([f"rows of {table} may point to rows of {have.references} that are gone", *lost]),
            why=f"The foreign key {have.name} is dropped in expand, so that green's writes and deletes do not fail.",
            next=f"Nothing, if blue may live with it until contract; rollback needs such rows of {table} to be mended first.",
        )
    ]
